"""Words of like meaning: the table, and what a hybrid search makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agentmem_core import AgentMem
from agentmem_core.recall.related import FILE, related
from agentmem_core.recall.text import telling_words


@pytest.fixture
def memory() -> Iterator[AgentMem]:
    with AgentMem(":memory:", embedder="hashing") as opened:
        yield opened


def test_every_line_of_the_table_has_other_words_as_memories_hold_them_nearest_first() -> None:
    stems = [line.split(" ", 1)[0] for line in FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert len(stems) == len(set(stems)) > 5_000
    assert stems == sorted(stems)
    for stem in stems:
        near = related(stem)
        shares = [share for _, share in near]
        assert shares == sorted(shares, reverse=True)
        assert 1 <= len(near) <= 6
        assert all(0.4 <= share < 1 for share in shares)
        assert stem not in dict(near)
        assert len(dict(near)) == len(near)


@pytest.mark.parametrize(
    ("word", "other"), [("kids", "child"), ("bought", "buy"), ("car", "vehicle"), ("trips", "travel")]
)
def test_a_word_has_those_that_mean_the_same(word: str, other: str) -> None:
    [stem], [near] = telling_words(word), telling_words(other)
    assert near in dict(related(stem))


@pytest.mark.parametrize("word", ["xyzzy", "里斯", "", "kids children", "#"])
def test_what_is_no_word_of_the_table_has_none(word: str) -> None:
    assert related(word) == ()


def test_a_hybrid_search_finds_a_memory_by_a_word_of_like_meaning(memory: AgentMem) -> None:
    memory.add_many(["The children were at the beach.", "The printer is out of toner.", "Bread and salt."])
    best = memory.search("kids")[0]
    assert best.memory.content == "The children were at the beach."
    assert 0 < best.signals.lexical < 0.6


def test_a_lexical_search_finds_the_words_themselves_alone(memory: AgentMem) -> None:
    memory.add_many(["The children were at the beach.", "The kids were at home."])
    assert [hit.memory.content for hit in memory.search("kids", mode="lexical")] == ["The kids were at home."]


def test_the_word_itself_counts_for_more_and_both_together_for_no_more_than_it(memory: AgentMem) -> None:
    memory.add_many(["kids play", "children play", "kids children", "nothing here"])
    found = {hit.memory.content: hit.signals.lexical for hit in memory.search("kids")}
    assert found["kids play"] == pytest.approx(found["kids children"])
    assert found["kids play"] > found["children play"] > 0


def test_a_word_that_is_asked_for_itself_stands_for_no_other(memory: AgentMem) -> None:
    memory.add_many(["the child slept", "the kids slept", "nothing here"])
    found = {hit.memory.content: hit.signals.lexical for hit in memory.search("kids child")}
    alone = {hit.memory.content: hit.signals.lexical for hit in memory.search("kids child", mode="lexical")}
    assert found["the child slept"] == pytest.approx(alone["the child slept"])


def test_the_name_of_a_speaker_is_no_word_of_like_meaning(memory: AgentMem) -> None:
    memory.add([{"role": "user", "name": "Kid", "content": "We took the tram."}])
    memory.add("The child slept, the kids did not.")
    found = {hit.memory.content: hit.signals.lexical for hit in memory.search("child", limit=2)}
    assert found["The child slept, the kids did not."] > 0
    assert found.get("We took the tram.", 0) == 0


def test_a_word_lends_what_it_stands_for_to_the_turns_beside_it(memory: AgentMem) -> None:
    memory.add([
        {"role": "user", "name": "Ana", "content": "Are the children well?"},
        {"role": "user", "name": "Wei", "content": "Ill since Monday."},
        {"role": "user", "name": "Ana", "content": "Poor Wei."},
    ])  # fmt: skip
    found = {hit.memory.content: hit.signals.lexical for hit in memory.search("kids")}
    assert found["Ill since Monday."] == pytest.approx(found["Are the children well?"])
    assert 0 < found["Poor Wei."] < found["Ill since Monday."]
