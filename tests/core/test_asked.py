"""What a query asks for, apart from the times it names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentmem_core import AgentMem
from agentmem_core.recall.asked import asked

NOW = datetime(2024, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("How many dogs does Ana have?", ("dog", "ana")),
        ("how  much rice is left", ("rice", "left")),
        ("And HOW MANY?", ("mani",)),
        ("many dogs, and how they bark", ("mani", "dog", "bark")),
        ("多少只狗", ("只", "狗")),
    ],
)
def test_how_many_asks_and_is_no_word_to_look_for(query: str, words: tuple[str, ...]) -> None:
    found = asked(query, NOW)
    assert set(words) <= set(found.words) == set(found.tell)
    assert ("mani" in found.words) == ("mani" in words)
    assert "much" not in found.words


def test_how_many_beside_a_time_tells_no_more_than_the_time() -> None:
    found = asked("How many in May 2024?", NOW)
    assert found.times
    assert found.tell == ()
    assert asked("How many dogs in May 2024?", NOW).tell == ("dog",)


def test_a_turn_that_says_many_is_no_answer_to_how_many() -> None:
    with AgentMem(":memory:", embedder="hashing") as memory:
        memory.add_many(["So many, many thanks to all of you", "Our two dogs are called Bo and Kim"])
        best, *_ = memory.search("How many dogs are there?")
        assert best.memory.content == "Our two dogs are called Bo and Kim"
        assert [hit.memory.content for hit in memory.search("How many dogs are there?", mode="lexical")] == [
            best.memory.content
        ]
