"""The names of speakers in a query: who is named, and what a hybrid search compares once they are taken out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agentmem_core import AgentMem, Hit
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.recall.names import NameVectors, named, naming_words, without
from agentmem_core.recall.ranking import DENSE, NAMED
from agentmem_core.recall.text import telling_words

SHORT, LONG = (
    "Oh, lovely!",
    "Coffee before anybody else in the house is awake, and some more at ten, black and far too hot.",
)
FACT = "Carla grew up in Porto"


class Counting(HashingEmbedder):
    """Notes what it is asked for."""

    def __init__(self, model: str | None = None) -> None:
        super().__init__(model)
        self.queries: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        self.queries += texts if kind == "query" else []
        return super().embed(texts, kind=kind)


class Slow(Counting):
    """One that may be far away."""

    instant = False


def turn(name: str, content: str) -> dict[str, Any]:
    return {"role": "user", "name": name, "content": content}


@pytest.fixture
def memory() -> Iterator[AgentMem]:
    with AgentMem(":memory:") as opened:
        opened.add([turn("Carla", SHORT), turn("Ben", "See you at the station then."), turn("Carla", LONG)])
        opened.add(FACT)
        yield opened


def dense(hits: Sequence[Hit]) -> dict[str, float]:
    return {hit.memory.content: hit.signals.dense for hit in hits}


@pytest.mark.parametrize(
    ("speakers", "query", "parts"),
    [
        (("Carla", "Ben"), "What does Carla drink?", ["Carla"]),
        (("Carla", "Ben"), "what do CARLA and ben drink", ["Carla", "Ben"]),
        (("Carla Ruiz",), "Carla's tea", ["Carla"]),
        (("Carla Ruiz", "Ben Ruiz"), "The tea of Mrs Ruiz", ["Ruiz"]),
        (("Carla",), "Who drinks tea?", []),
        (("小明", "小红"), "小明喜欢喝什么", ["小明"]),
        (("王小明", "小红"), "小明喜欢喝什么", ["王小明"]),
        (("小明", "小红"), "明天去哪里", []),
        (("明",), "明天去哪里", ["明"]),
        ((), "What does Carla drink?", []),
    ],
)
def test_a_query_names_speakers_by_a_part_of_their_name(
    speakers: tuple[str, ...], query: str, parts: list[str]
) -> None:
    assert sorted(named(speakers, set(telling_words(query)))) == sorted(parts)


@pytest.mark.parametrize("name", ["Carla", "Jean-Luc", "王小明", "明", "E", "Will", "Ł"])
def test_every_name_has_words_that_name_it(name: str) -> None:
    assert naming_words(name)


numbers = st.lists(st.integers(-9, 9), min_size=5, max_size=5)


def unit(values: Sequence[float]) -> NDArray[np.float32]:
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector) or 1)


@given(vector=numbers, directions=st.lists(numbers, min_size=1, max_size=4))
def test_what_is_left_stands_at_right_angles_to_the_names_or_is_the_whole(
    vector: list[int], directions: list[list[int]]
) -> None:
    whole, taken = unit(vector), [unit(direction) for direction in directions]
    left = without(whole, taken)
    assert left.dtype == np.float32
    if left is not whole and whole.any():
        assert np.linalg.norm(left) == pytest.approx(1, abs=1e-3)
        assert all(abs(left @ direction) < 1 for direction in taken)
        assert abs(left @ taken[0]) < 1e-3


def test_a_vector_of_nothing_but_names_stays() -> None:
    one, two = np.eye(2, dtype=np.float32)
    assert without(one, [one]) is one
    both = unit([1.0, 1.0])
    assert without(both, [one, two]) is both


def test_a_short_turn_is_no_longer_near_because_it_is_the_speakers(memory: AgentMem) -> None:
    query = "What does Carla drink?"
    whole, nameless = dense(memory.search(query, mode="dense")), dense(memory.search(query))
    assert whole[SHORT] > whole[LONG]
    assert nameless[LONG] > nameless[SHORT]


def test_a_fact_with_the_name_gains_what_a_turn_of_that_speaker_gains(memory: AgentMem) -> None:
    memory.add("Ben grew up in Porto")
    found = {hit.memory.content: hit.score for hit in memory.search("Where did Carla grow up?")}
    assert max(found, key=found.__getitem__) == FACT
    assert found[FACT] > found["Ben grew up in Porto"] + NAMED / (1 + DENSE)


def test_a_turn_that_only_addresses_whom_a_query_names_gains_nothing(memory: AgentMem) -> None:
    memory.add([{"role": "assistant", "content": "Carla, have a mug"}])
    memory.add("Carla has a mug")
    found = {
        hit.memory.content: hit.score for hit in memory.search("Which mug would Carla take to the office in winter?")
    }
    assert found["Carla has a mug"] > found["Carla, have a mug"] + 0.5 * NAMED / (1 + DENSE)


def test_a_filter_changes_no_cosine(memory: AgentMem) -> None:
    query = "What does Carla drink?"
    memory.add_many([{**turn("Carla", f"Number {number}"), "metadata": {"other": True}} for number in range(40)])
    memory.add({**turn("Carla", "A mug of coffee"), "metadata": {"kept": True}})
    (found,) = memory.search(query, filters={"kept": True})
    assert dense(memory.search(query, limit=50))["A mug of coffee"] == pytest.approx(found.signals.dense)


def test_a_query_that_names_nobody_is_compared_as_it_is(memory: AgentMem) -> None:
    query = "coffee at ten"
    assert dense(memory.search(query)) == pytest.approx(dense(memory.search(query, mode="dense")))


def test_a_vector_of_the_callers_is_compared_as_it_is(memory: AgentMem) -> None:
    [vector] = memory.embed(["What does Carla drink?"], kind="query")
    given_one = dense(memory.search("What does Carla drink?", vector=vector))
    assert given_one == pytest.approx(dense(memory.search(vector=vector)))


def test_a_name_counts_the_same_in_a_short_and_in_a_long_turn(memory: AgentMem) -> None:
    found = {hit.memory.content: hit.signals.lexical for hit in memory.search("Carla", mode="lexical")}
    assert found[SHORT] == found[LONG] == 1.0
    assert found[FACT] == 1.0


def test_who_is_named_is_told_by_the_turns_that_say_something(memory: AgentMem) -> None:
    hits = memory.search("Does Carla like it hot?")
    order = [hit.memory.content for hit in hits]
    assert order[0] == LONG
    assert order.index(SHORT) < order.index("See you at the station then.")


def test_a_name_is_embedded_once() -> None:
    embedder = Counting()
    with AgentMem(":memory:", embedder=embedder) as memory:
        memory.add([turn("Carla", SHORT), turn("Ben", LONG)])
        for query in ("Carla's coffee", "tea for Carla", "tea for carla and Ben"):
            memory.search(query)
    assert sorted(embedder.queries) == sorted(
        ["Carla's coffee", "tea for Carla", "tea for carla and Ben", "Carla", "Ben"]
    )


def test_an_embedder_that_may_be_far_away_is_asked_for_no_names() -> None:
    embedder = Slow()
    with AgentMem(":memory:", embedder=embedder) as memory:
        memory.add([turn("Carla", SHORT), turn("Ben", LONG)])
        whole, found = dense(memory.search("tea for Carla", mode="dense")), dense(memory.search("tea for Carla"))
    assert found == pytest.approx({content: whole[content] for content in found})
    assert embedder.queries == ["tea for Carla"] * 2


def test_another_embedder_gives_other_vectors() -> None:
    vectors, small, large = NameVectors(), HashingEmbedder("8"), HashingEmbedder("16")
    for embedder in (small, large, small):
        made = vectors.of(["Carla", "Ben"], embedder, lambda new, by=embedder: by.embed(new, kind="query"))  # type: ignore[misc]  # a default binds the loop's variable
        assert [len(vector) for vector in made] == [embedder.fingerprint.dimension] * 2


def test_only_whom_a_chinese_query_names_gains_by_it() -> None:
    with AgentMem(":memory:", embedder="hashing") as memory:
        memory.add([turn(name, "我每天早上喝咖啡") for name in ("小红", "小明", "小刚")])
        best, *others = memory.search("小明喝咖啡吗")
        assert best.memory.name == "小明"
        assert all(best.score > hit.score + 0.1 for hit in others)
