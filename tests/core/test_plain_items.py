"""A plain text is checked on a shorter way than other items, and becomes the same item or the same error."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core import AgentMem, AgentMemError, InvalidInputError
from agentmem_core.client.items import items_of
from agentmem_core.operations import NewMemory, build
from agentmem_core.testing import strategies


class Text(str):
    """A text of somebody's own."""

    __slots__ = ()


class Number(IntEnum):
    """A number of somebody's own."""

    ONE = 1


CONTENTS: list[Any] = [
    "I like tea", "我喜欢茶", "", " ", "\u3000", "a\x00b", "\ud800", "x" * 1_000_001, "茶" * 400_000, "👋🏽", "\n", Text("tea"), "<b>",
]  # fmt: skip
METADATA: list[Any] = [
    None, {}, {"a": 1}, {"a": "茶"}, {"茶": "a"}, {"a": None, "b": True, "c": 1.5, "d": -3}, {"a": float("nan")}, {"a": float("inf")},
    {1: "a"}, {None: 1}, {Text("a"): 1}, {"a": Text("b")}, {"a": Number.ONE}, {"a": 2**53}, {"a": -(2**53)}, {"a": 2**70}, {"a": 10**5000},
    {"a": "\ud800"}, {"\ud800": 1}, {"a": "\x00"}, {"a": "x" * 300}, {"a": "x" * 1_000_001}, {"a": [1, ("b", {"c": 2})]}, {"a": {1: 2}},
    {"a": b"b"}, {"a": {1}}, {"a": object}, {"": ""}, {f"k{n}": n for n in range(200)}, OrderedDict(a=1), MappingProxyType({"a": 1}),
    [], "text", 5, [("a", 1)], {"a" * 300: 1}, {"a": 1e400}, {"a": -0.0},
]  # fmt: skip


def _made(make: Any) -> Any:
    """The value with its types, or the error in words."""
    try:
        item = make()
    except AgentMemError as error:
        return type(error), str(error)
    return item, {name: type(value) for name, value in item.metadata.items()}, list(item.metadata)


@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_a_text_becomes_what_the_long_way_makes_of_it(content: Any) -> None:
    assert _made(lambda: items_of(content)[0]) == _made(lambda: build(NewMemory, content=content))


@pytest.mark.parametrize("metadata", METADATA, ids=range(len(METADATA)))
def test_metadata_become_what_the_long_way_makes_of_them(metadata: Any) -> None:
    given = {} if metadata is None else {"metadata": metadata}
    long = _made(lambda: build(NewMemory, content="tea", importance=None, **given))
    assert _made(lambda: items_of("tea", metadata=metadata, importance=None)[0]) == long


@given(content=st.text(max_size=40), metadata=strategies.metadata())
def test_any_text_and_metadata_become_what_the_long_way_makes_of_them(content: str, metadata: dict[str, Any]) -> None:
    long = _made(lambda: build(NewMemory, content=content, metadata=metadata))
    assert _made(lambda: items_of(content, metadata=metadata)[0]) == long


def test_metadata_given_do_not_change_what_is_remembered() -> None:
    given: dict[str, Any] = {"a": 1}
    [item] = items_of("tea", metadata=given)
    given["a"] = 2
    assert item.metadata == {"a": 1}


@pytest.mark.parametrize(
    "options",
    [
        {"collection": ""}, {"collection": 5}, {"collection": None}, {"collection": Text("notes")}, {"on_conflict": "maybe"},
        {"on_conflict": None}, {"on_conflict": 1}, {"infer": 0}, {"infer": 1}, {"infer": "yes"}, {"infer": None}, {"infer": []},
    ],
    ids=str,
)  # fmt: skip
def test_options_that_others_have_made_familiar_are_checked_all_the_same(options: dict[str, Any]) -> None:
    with AgentMem(":memory:", learner="rules") as memory:
        memory.add("one", infer=False)
        memory.add("two", infer=True)
        if isinstance(options.get("collection"), Text):
            assert memory.add("three", **options).memories[0].content == "three"
            assert memory.search("three", collection="notes")[0].memory.content == "three"
            return
        with pytest.raises(AgentMemError) as told:
            memory.add("three", **options)
        assert next(iter(options)) in str(told.value)
        assert {found.content for found in memory.list().items} == {"one", "two"}


PARTS = [{"type": "text", "text": "I like tea"}, "and jazz", {"type": "input_text", "text": "我喜欢茶"}]


def test_a_message_of_text_parts_is_their_text() -> None:
    [item] = items_of({"role": "user", "content": PARTS})
    assert (item.role, item.content) == ("user", "I like tea\nand jazz\n我喜欢茶")


@pytest.mark.parametrize(
    ("content", "more", "told"),
    [
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], {}, "image_url"),
        ([{"role": "user", "content": []}], {}, "empty"),
        ([{"role": "user", "content": [{"type": "text"}]}], {}, "'text'"),
        ([{"role": "user", "content": "a"}, {"role": "user", "content": ""}], {}, "message 2 of 2: content"),
        ([{"role": "user", "content": "a"}, 5], {}, "message 2 of 2: content"),
        ({"role": "tool", "content": "a", "tool_call_id": "x", "timestamp": 1}, {}, "tool_call_id, timestamp"),
        ({"role": "user", "content": "a", "metadata": {"b": 1}}, {"metadata": 1.5}, "metadata"),
        ({"role": "user", "content": "a", "metadata": {"b": 1}}, {"metadata": np.ones(3)}, "metadata"),
        ("a", {"metadata": np.ones(3)}, "metadata"),
        (np.array(5), {}, "content"),
        (b"a", {}, "content"),
        (5, {}, "content"),
        ([], {}, "empty"),
    ],
    ids=range(13),
)
def test_what_cannot_be_remembered_is_told_by_name(content: Any, more: dict[str, Any], told: str) -> None:
    with AgentMem(":memory:") as memory:
        with pytest.raises(InvalidInputError) as error:
            memory.add(content, **more)
        assert told in str(error.value)
        assert memory.list().items == ()


def test_metadata_of_the_call_stand_behind_those_of_a_message() -> None:
    given = [{"role": "user", "content": "a", "metadata": {"b": 1}}, {"role": "user", "content": "c", "metadata": None}]
    assert [item.metadata for item in items_of(given, metadata={"b": 2, "d": 3})] == [{"b": 1, "d": 3}, {}]


@pytest.mark.parametrize(
    ("items", "more"), [(b"a", {}), (np.array(5), {}), (5, {}), (["a"], {"progress": "x"}), ("a", {})], ids=range(5)
)
def test_many_that_are_none_are_refused_before_anything_is_written(items: Any, more: dict[str, Any]) -> None:
    with AgentMem(":memory:") as memory:
        with pytest.raises(InvalidInputError):
            memory.add_many(items, **more)
        assert memory.list().items == ()
