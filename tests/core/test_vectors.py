"""The verbs on vectors: what the embedder makes, and what stands in the store."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from agentmem_core import AgentMem, InvalidInputError


@pytest.fixture
def memory():
    with AgentMem(":memory:", user_id="ana") as opened:
        yield opened


def test_embed_answers_what_memories_are_embedded_with(memory):
    added = memory.add("I play the cello")
    (made,) = memory.embed(["I play the cello"])
    stored = memory.vectors(added.ids)[added.ids[0]]
    assert np.allclose(made, stored)
    assert memory.search(vector=made, limit=1)[0].signals.dense == pytest.approx(1.0, abs=1e-5)
    assert asyncio.run(memory.aembed(["I play the cello"], kind="query")) == memory.embed(
        ["I play the cello"], kind="query"
    )


def test_nothing_to_embed_is_no_vectors(memory):
    assert memory.embed([]) == []
    assert memory.vectors([]) == {}


def test_given_vectors_come_back_as_they_were(memory):
    memory.add("red", id="red", vector=[3.0, 0.5], collection="colours")
    assert memory.vectors(["red", "unknown"], collection="colours") == {"red": [3.0, 0.5]}
    assert asyncio.run(memory.avectors(["red"], collection="colours")) == {"red": [3.0, 0.5]}
    assert memory.vectors(["red"]) == {}


def test_vectors_of_others_and_of_the_deleted_do_not_exist(memory):
    memory.add("red", id="red", session_id="s")
    assert memory.vectors(["red"], user_id="bo") == {}
    assert memory.vectors(["red"], session_id="other") == {}
    memory.delete("red")
    assert memory.vectors(["red"]) == {}


@pytest.mark.parametrize("wrong", ["text", 3, [3], [None]])
def test_what_is_no_list_of_texts_is_refused(memory, wrong):
    with pytest.raises(InvalidInputError):
        memory.embed(wrong)
    with pytest.raises(InvalidInputError):
        memory.vectors(wrong)


def test_an_unknown_kind_is_refused(memory):
    with pytest.raises(InvalidInputError, match="kind"):
        memory.embed(["text"], kind="letter")
