"""Whatever cannot be used is refused with our error, says what to do, and leaves the store as it was."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from agentmem_core import (
    AgentMem,
    AgentMemError,
    EmbedderError,
    Filter,
    InvalidFilterError,
    InvalidInputError,
    Message,
    NotConfiguredError,
    NotFoundError,
    StoreUnavailableError,
    VectorMismatchError,
)
from agentmem_core.moving import open_source

NAIVE = datetime(2024, 5, 1, 12, 0)  # noqa: DTZ001 - what the test is about
BEYOND = datetime(9999, 12, 31, 23, 0, tzinfo=timezone(timedelta(hours=-5)))
NAN = math.nan
SURROGATE = "half of a pair: \ud800"
DIMENSION = 64


def nested(depth: int) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = [value]
    return value


def circular() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def bad(given: Any, fragment: str, name: str, error: type[AgentMemError] = InvalidInputError) -> Any:
    return pytest.param(given, error, fragment or ".", id=name)


@pytest.fixture
def memory(tmp_path) -> Iterator[AgentMem]:
    with AgentMem(tmp_path / "store", embedder="hashing", index="none", durability="normal") as opened:
        opened.add("the first memory", id="one", metadata={"city": "Lisbon"})
        opened.add("the second memory", id="two")
        opened.update("one", content="the first memory, changed")
        opened.relate("one", "explains", "two")
        opened.add("with a vector", id="v", collection="given", vector=[1.0, 0.0, 0.0])
        yield opened


def state(memory: AgentMem) -> Any:
    """All that a caller can see."""
    stats = memory.stats(everyone=True).model_copy(update={"bytes_on_disk": 0})
    exported = io.StringIO()
    memory.export(exported, everyone=True)
    return stats, memory.list().items, exported.getvalue().split("\n")[1:]


async def refused(memory: AgentMem, verb: str, error: type[AgentMemError], fragment: str, *args: Any, **options: Any):
    """In both colours: the error, its words, and nothing written."""
    before = state(memory)
    with pytest.raises(error, match=fragment) as sync:
        getattr(memory, verb)(*args, **options)
    with pytest.raises(error, match=fragment) as awaited:
        await getattr(memory, f"a{verb}")(*args, **options)
    assert str(sync.value) == str(awaited.value)
    assert len(str(sync.value)) < 1_000, "a message does not repeat what was given"
    assert state(memory) == before


CONTENTS = [
    bad("", "content: must not be empty or blank", "empty"),
    bad(" \t\n\u3000", "content: must not be empty or blank", "blank"),
    bad("a" * 1_000_001, "1,000,001 bytes.*split it", "over 1 MB of ASCII"),
    bad("字" * 333_334, "1,000,002 bytes.*split it", "over 1 MB of Chinese"),
    bad("a\x00b", "content: must not hold NUL.*remove", "NUL"),
    bad(SURROGATE, "content: holds lone surrogates.*decode", "lone surrogate"),
]
NO_TEXTS = [
    bad(b"bytes", "content: must be text.*not bytes", "bytes"),
    bad(5, "content: must be text.*not int", "int"),
    bad(None, "content: must be text.*not NoneType", "None"),
    bad([], "the list is empty", "empty list"),
    bad(["fine", 7], "content: must be text.*not int", "a list with a number"),
    bad(["fine", ""], "content: must not be empty", "a list with an empty text"),
    bad({}, "content: is missing", "empty dict"),
    bad({"role": "user"}, "content: is missing", "turn without content"),
    bad({"role": "user", "content": None}, "content: must be text", "turn whose content is None"),
    bad({"role": "user", "content": [{"type": "text"}]}, "content: a part of it is no text", "turn of parts"),
    bad({"role": "", "content": "hello"}, "role: must not be empty", "turn with an empty role"),
    bad({"content": "hello", "colour": "red"}, "colour: is not an argument", "unknown field"),
    bad({1: "hello"}, "", "dict with a key that is no text"),
]
METADATA = [
    bad({"tags": {"a", "b"}}, "metadata: must hold JSON values only", "set"),
    bad({"thing": object()}, "metadata: must hold JSON values only", "object"),
    bad({"when": datetime(2024, 1, 1, tzinfo=timezone.utc)}, "metadata: must hold JSON values", "datetime"),  # noqa: UP017
    bad({"data": b"bytes"}, "metadata: must hold JSON values only", "bytes"),
    bad({1: "x"}, "metadata: keys must be text, not int", "int key"),
    bad({"deep": {None: 1}}, "metadata: keys must be text, not NoneType", "None as an inner key"),
    bad({"n": NAN}, "metadata: must hold JSON values only", "NaN"),
    bad({"n": [math.inf]}, "metadata: must hold JSON values only", "infinity in a list"),
    bad(circular(), "metadata: .*nested", "circular"),
    bad({"deep": nested(200)}, "metadata: is nested more than 100 deep", "200 deep"),
    bad({"deep": nested(100_000)}, "metadata: is nested more than 100 deep", "100,000 deep"),
    bad({"v": SURROGATE}, "metadata: holds lone surrogates", "lone surrogate in a value"),
    bad({"deep": [{SURROGATE: 1}]}, "metadata: holds lone surrogates", "lone surrogate in a key"),
    bad("text", "metadata: must be a dict", "text"),
    bad(["a"], "metadata: must be a dict", "list"),
    bad({"big": "x" * 1_000_001}, "metadata: is .* characters", "over 1 MB"),
]
IMPORTANCES = [
    bad(-0.1, "importance: .*-0.1", "below 0"),
    bad(1.1, "importance: .*1.1", "above 1"),
    bad(NAN, "importance: ", "NaN"),
    bad(math.inf, "importance: ", "infinity"),
    bad("high", "importance: .*number", "a word"),
]
INSTANTS = [
    bad(NAIVE, "naive.*time zone", "naive datetime"),
    bad("2024-05-01T12:00:00", "naive.*time zone", "naive text"),
    bad("yesterday", "datetime", "a word"),
    bad(date(2024, 5, 1), "datetime|naive", "date"),
    bad(BEYOND, "", "past the year 9999 in UTC"),
]
VECTORS = [
    bad([], "at least one number", "empty"),
    bad("0.1, 0.2", "flat sequence of numbers.*not str", "text"),
    bad(b"", "vector", "empty bytes"),
    bad(b"abc", "vector", "bytes that are no float32"),
    bad(np.full(DIMENSION, NAN, np.float32).tobytes(), "vector: ", "bytes of NaN"),
    bad(5, "flat sequence of numbers", "number"),
    bad([0.1, NAN], "finite", "NaN"),
    bad([math.inf] * DIMENSION, "finite", "infinity"),
    bad([1e39] * DIMENSION, "finite|flat sequence", "beyond float32"),
    bad([10**400] * DIMENSION, "finite|flat sequence", "beyond float64"),
    bad([[0.1] * DIMENSION], "flat sequence", "nested"),
    bad(np.ones((2, 2)), "flat sequence", "two-dimensional array"),
    bad([True] * DIMENSION, "flat sequence", "booleans"),
    bad(["a"] * DIMENSION, "flat sequence", "words"),
    bad({"a": 1}, "flat sequence", "dict"),
    bad([0.5] * 3, "3 dimensions.*has 64.*another collection=", "wrong dimension", VectorMismatchError),
]
NAMES = [
    bad("", "must not be empty or blank", "empty"),
    bad("  ", "must not be empty or blank", "blank"),
    bad("u" * 300, "300 characters long, the limit is 256", "300 characters"),
    bad(7, "must be text.*not int", "int"),
    bad(b"ana", "must be text.*not bytes", "bytes"),
    bad(SURROGATE, "lone surrogates", "lone surrogate"),
    bad("a\x00", "NUL", "NUL"),
]
TYPES = [
    bad("memory", "unknown memory type 'memory'; use one of core, working", "unknown"),
    bad("SEMANTIC", "unknown memory type", "upper case"),
    bad(5, "unknown memory type 5", "int"),
    bad("", "unknown memory type ''", "empty"),
]
FILTERS = [
    bad({"year": {"$near": 3}}, "unknown filter operator .*near.*use one of eq, ne", "unknown $", InvalidFilterError),
    bad(
        {"field": "year", "operator": "like", "value": 1},
        "unknown filter operator 'like'",
        "unknown",
        InvalidFilterError,
    ),
    bad({"year": {"$gt": 1, "$near": 3}}, "unknown filter operator", "one known, one not", InvalidFilterError),
    bad({"city": {"in": "Lisbon"}}, "takes a list, not str", "in without a list", InvalidFilterError),
    bad({"city": {"text_match": 5}}, "takes a text, not int", "text_match of a number", InvalidFilterError),
    bad({"memory.colour": "red"}, "no field 'memory.colour'.*own fields are", "unknown own field", InvalidFilterError),
    bad({5: "x"}, "field must be a non-empty text", "a field that is no text", InvalidFilterError),
    bad({"": "x"}, "field must be a non-empty text", "empty field", InvalidFilterError),
    bad("city = Lisbon", "a filter is a Filter.*for example", "text", InvalidFilterError),
    bad(7, "a filter is a Filter.*for example", "int", InvalidFilterError),
    bad({"$xor": []}, "", "unknown combination", InvalidFilterError),
    bad({"filters": 5}, "must be a list, not int", "a group of no list", InvalidFilterError),
    bad({"condition": "xor", "filters": []}, "unknown filter condition 'xor'", "xor", InvalidFilterError),
    bad(nested(200), "nested more than 50 deep", "200 deep", InvalidFilterError),
]
LIMITS = [
    bad(0, "limit: .*1", "0"),
    bad(-1, "limit: .*1", "-1"),
    bad(10_001, "limit: .*10,000", "10,001"),
    bad("ten", "limit: ", "a word"),
    bad(2.5, "limit: ", "half"),
    bad(None, "limit: ", "None"),
]
CURSORS = [
    bad("garbage", "cursor: .*list", "garbage"),
    bad("", "cursor: .*list", "empty"),
    bad("ünïcode", "cursor: .*list", "no base64"),
    bad(base64.urlsafe_b64encode(b"5").decode(), "cursor: .*list", "a number"),
    bad(base64.urlsafe_b64encode(b'{"a": 1}').decode(), "cursor: .*list", "an object"),
    bad(base64.urlsafe_b64encode(b'[-1, "oldest"]').decode(), "cursor: .*list", "a negative row"),
    bad(base64.urlsafe_b64encode(b'["1", "oldest"]').decode(), "cursor: .*list", "a row that is no number"),
    bad(base64.urlsafe_b64encode(b'[1, "newest"]').decode(), "cursor: .*order", "of another order"),
    bad(base64.urlsafe_b64encode(b"[" * 100_000).decode(), "cursor: .*list", "100,000 deep"),
    bad(5, "cursor: ", "int"),
]


# --- add --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "error", "fragment"), CONTENTS + NO_TEXTS)
async def test_add_refuses_content_that_is_no_text_to_remember(memory, content, error, fragment):
    await refused(memory, "add", error, fragment, content)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "字" * 333_333])
def test_add_takes_content_of_one_megabyte_exactly(memory, text):
    assert memory.get(memory.add(text).ids[0]).content == text


@pytest.mark.parametrize(("metadata", "error", "fragment"), METADATA)
async def test_add_refuses_metadata_that_is_not_json(memory, metadata, error, fragment):
    await refused(memory, "add", error, fragment, "a new memory", metadata=metadata)


@pytest.mark.parametrize(("importance", "error", "fragment"), IMPORTANCES)
async def test_add_refuses_an_importance_outside_0_to_1(memory, importance, error, fragment):
    await refused(memory, "add", error, fragment, "a new memory", importance=importance)


@pytest.mark.parametrize("field", ["occurred_at", "expires_at"])
@pytest.mark.parametrize(("when", "error", "fragment"), INSTANTS)
async def test_add_refuses_a_time_that_is_no_aware_datetime(memory, when, error, fragment, field):
    await refused(memory, "add", error, fragment, "a new memory", **{field: when})


@pytest.mark.parametrize(("vector", "error", "fragment"), VECTORS)
async def test_add_refuses_a_vector_that_does_not_fit(memory, vector, error, fragment):
    await refused(memory, "add", error, fragment, "a new memory", vector=vector)


@pytest.mark.parametrize("argument", ["user_id", "agent_id", "session_id", "id", "collection"])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
async def test_add_refuses_a_name_that_is_none(memory, name, error, fragment, argument):
    await refused(memory, "add", error, f"{argument}: {fragment}|{argument}: .*{fragment}", "new", **{argument: name})


@pytest.mark.parametrize(("kind", "error", "fragment"), TYPES)
async def test_add_refuses_an_unknown_type(memory, kind, error, fragment):
    await refused(memory, "add", error, fragment, "a new memory", type=kind)


async def test_add_refuses_to_infer_without_a_model(memory):
    await refused(memory, "add", NotConfiguredError, "infer=True needs a model", "a new memory", infer=True)


async def test_add_refuses_one_id_for_several_turns(memory):
    turns = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]
    await refused(memory, "add", InvalidInputError, "id: .*each message its own", turns, id="same")


async def test_add_refuses_a_list_as_a_whole_when_one_of_it_is_bad(memory):
    turns = [{"role": "user", "content": "good"}, {"role": "user", "content": "bad\x00"}]
    await refused(memory, "add", InvalidInputError, "NUL", turns)


async def test_add_refuses_an_unknown_way_to_meet_a_conflict(memory):
    await refused(memory, "add", InvalidInputError, "on_conflict: ", "a new memory", on_conflict="overwrite")


async def test_a_collection_of_given_vectors_refuses_a_text_without_one(memory):
    await refused(memory, "add", VectorMismatchError, "give each item a vector", "no vector", collection="given")


async def test_an_item_may_not_name_a_bad_user(memory):
    await refused(memory, "add", InvalidInputError, "user_id: ", {"content": "x", "user_id": ""})


@pytest.mark.parametrize("fields", [{"role": "", "content": "x"}, {"role": "user", "content": "a\x00"}])
def test_a_message_that_cannot_be_used_is_refused_when_it_is_made(fields):
    with pytest.raises(InvalidInputError):
        Message(**fields)


# --- add_many ---------------------------------------------------------------------------------------------------------

FAILING = [
    *CONTENTS,
    *(case for case in NO_TEXTS if case.id not in {"empty list", "a list with a number", "a list with an empty text"}),
    *(
        bad({"content": "x", "metadata": case.values[0]}, str(case.values[2]), f"metadata {case.id}")
        for case in METADATA
    ),
    *(bad({"content": "x", "importance": case.values[0]}, str(case.values[2]), str(case.id)) for case in IMPORTANCES),
    *(bad({"content": "x", "occurred_at": case.values[0]}, str(case.values[2]), str(case.id)) for case in INSTANTS),
    *(bad({"content": "x", "type": case.values[0]}, str(case.values[2]), f"type {case.id}") for case in TYPES),
    *(bad({"content": "x", "user_id": case.values[0]}, str(case.values[2]), f"user {case.id}") for case in NAMES),
    *(bad({"content": "x", "vector": case.values[0]}, str(case.values[2]), f"vector {case.id}") for case in VECTORS),
]


@pytest.mark.parametrize(("item", "error", "fragment"), FAILING)
async def test_an_item_of_add_many_that_cannot_be_used_fails_alone(memory, item, error, fragment):
    count = memory.stats().memories
    added = memory.add_many(["before", item, "after"])
    assert [outcome.outcome.value for outcome in added.items] == ["created", "failed", "created"]
    (failure,) = added.failures
    assert failure.memory is None
    assert failure.error_code in {"invalid_input", "vector_mismatch"}
    with pytest.raises(AssertionError, match=fragment):
        raise AssertionError(failure.error)
    again = await memory.aadd_many(["before", item, "after"])
    assert [outcome.outcome.value for outcome in again.items] == ["known", "failed", "known"]
    assert memory.stats().memories == count + 2


@pytest.mark.parametrize(
    ("items", "fragment"),
    [
        ("one text", "for one memory use add"),
        ({"content": "x"}, "for one memory use add"),
        (5, "items: "),
        (None, "items: "),
    ],
)
async def test_add_many_refuses_what_is_no_list(memory, items, fragment):
    await refused(memory, "add_many", InvalidInputError, fragment, items)


@pytest.mark.parametrize("size", [0, -1, 10_001, "ten", None])
async def test_add_many_refuses_a_batch_size_out_of_range(memory, size):
    await refused(memory, "add_many", InvalidInputError, "batch_size: .*between 1 and 10,000", ["x"], batch_size=size)


def test_an_id_that_stands_for_another_content_fails_alone_in_add_many(memory):
    added = memory.add_many(["before", {"content": "other", "id": "one"}, "after"])
    assert [item.error_code for item in added.items] == [None, "conflict", None]
    assert memory.get("one").content == "the first memory, changed"


# --- search, context and list -----------------------------------------------------------------------------------------

QUERIES = [
    bad("", "query: .*leave it out", "empty"),
    bad(" \n", "query: .*leave it out", "blank"),
    bad(SURROGATE, "query: holds lone surrogates", "lone surrogate"),
    bad("a\x00b", "query: must not hold NUL", "NUL"),
    bad(5, "query: must be text.*not int", "int"),
    bad(b"bytes", "query: must be text.*not bytes", "bytes"),
    bad(["a"], "query: must be text.*not list", "list"),
]


@pytest.mark.parametrize(("query", "error", "fragment"), QUERIES)
async def test_search_refuses_a_query_that_is_no_text(memory, query, error, fragment):
    await refused(memory, "search", error, fragment, query)
    await refused(memory, "context", error, fragment, query)


@pytest.mark.parametrize("verb", ["search", "list"])
@pytest.mark.parametrize(("limit", "error", "fragment"), LIMITS)
async def test_a_limit_out_of_range_is_refused(memory, limit, error, fragment, verb):
    await refused(memory, verb, error, fragment, limit=limit)


@pytest.mark.parametrize("verb", ["search", "list", "delete"])
@pytest.mark.parametrize(("filters", "error", "fragment"), FILTERS)
async def test_a_filter_that_cannot_be_honoured_is_refused(memory, filters, error, fragment, verb):
    await refused(memory, verb, error, fragment, filters=filters)


@pytest.mark.parametrize("given", [{"operator": "like"}, {"operator": 5}, {"field": ""}, {"field": 5}])
async def test_a_filter_value_with_an_unknown_operator_is_refused(memory, given):
    with pytest.raises(InvalidFilterError):
        memory.search(filters=Filter(**{"field": "city", "value": "Lisbon", **given}))


@pytest.mark.parametrize(("vector", "error", "fragment"), VECTORS)
async def test_search_refuses_a_vector_that_does_not_fit(memory, vector, error, fragment):
    await refused(memory, "search", error, fragment, vector=vector)


async def test_search_refuses_a_vector_of_another_length_in_a_given_collection(memory):
    await refused(memory, "search", VectorMismatchError, "2 dimensions.*has 3", vector=[1.0, 0.0], collection="given")


async def test_a_dense_search_by_words_in_a_given_collection_is_refused(memory):
    await refused(memory, "search", InvalidInputError, "needs vector=", "words", mode="dense", collection="given")


@pytest.mark.parametrize("mode", ["fuzzy", "", None, 5, ["dense"]])
async def test_search_refuses_an_unknown_mode(memory, mode):
    await refused(memory, "search", InvalidInputError, "unknown mode.*hybrid, dense, lexical", "words", mode=mode)


@pytest.mark.parametrize("score", [-0.1, 1.1, NAN, "good"])
async def test_search_refuses_a_least_score_outside_0_to_1(memory, score):
    await refused(memory, "search", InvalidInputError, "min_score: ", "words", min_score=score)


@pytest.mark.parametrize(("when", "error", "fragment"), INSTANTS)
async def test_search_refuses_a_past_that_is_no_aware_datetime(memory, when, error, fragment):
    await refused(memory, "search", error, fragment, "words", as_of=when)


@pytest.mark.parametrize("verb", ["search", "list"])
@pytest.mark.parametrize("types", ["memory", ["semantic", "memory"], 5, [5], [["semantic"]]])
async def test_an_unknown_type_in_types_is_refused(memory, types, verb):
    await refused(memory, verb, InvalidInputError, "type", types=types)


@pytest.mark.parametrize("verb", ["search", "list", "stats"])
@pytest.mark.parametrize("argument", ["user_id", "agent_id", "session_id"])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
async def test_a_scope_that_names_nobody_is_refused(memory, name, error, fragment, argument, verb):
    await refused(memory, verb, error, f"{argument}: .*{fragment}|{argument}: {fragment}", **{argument: name})


@pytest.mark.parametrize("tokens", [0, -5, "many", None])
async def test_context_refuses_a_room_of_nothing(memory, tokens):
    await refused(memory, "context", InvalidInputError, "max_tokens: .*at least 1", "words", max_tokens=tokens)


async def test_what_is_called_later_is_refused_at_once(memory):
    await refused(
        memory, "context", InvalidInputError, "count_tokens: must be a function, not int", "words", count_tokens=5
    )
    await refused(memory, "reindex", InvalidInputError, "progress: must be a function, not str", progress="loud")


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", "lone \ud800", "x" * 300])
@pytest.mark.parametrize("verb", ["export", "import_"])
async def test_a_path_that_cannot_be_one_is_refused(memory, verb, path):
    await refused(memory, verb, AgentMemError, "cannot", path)


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", "lone \ud800", "x" * 300])
def test_a_file_that_cannot_be_one_is_refused(memory, path):
    with pytest.raises(InvalidInputError, match="cannot be"):
        memory.resource.put(path)
    with pytest.raises(InvalidInputError, match=r"path: .* cannot be looked at|there is nothing"):
        open_source("chat", path)


@pytest.mark.parametrize(("cursor", "error", "fragment"), CURSORS)
async def test_list_refuses_a_cursor_that_is_not_its_own(memory, cursor, error, fragment):
    await refused(memory, "list", error, fragment, cursor=cursor)


async def test_a_cursor_of_one_order_is_refused_in_the_other(memory):
    cursor = memory.list(limit=1).next_cursor
    await refused(memory, "list", InvalidInputError, "cursor: .*order='oldest'", cursor=cursor, order="newest")


async def test_list_refuses_an_unknown_order(memory):
    await refused(memory, "list", InvalidInputError, "order: ", order="best")


# --- one memory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "error", "fragment"), CONTENTS)
async def test_update_refuses_content_that_is_no_text_to_remember(memory, content, error, fragment):
    await refused(memory, "update", error, fragment, "one", content=content)


@pytest.mark.parametrize("content", [5, b"bytes", ["x"]])
async def test_update_refuses_content_that_is_no_text(memory, content):
    await refused(memory, "update", InvalidInputError, "content: must be text", "one", content=content)


@pytest.mark.parametrize(("metadata", "error", "fragment"), METADATA)
async def test_update_refuses_metadata_that_is_not_json(memory, metadata, error, fragment):
    await refused(memory, "update", error, fragment, "one", metadata=metadata)


@pytest.mark.parametrize(("importance", "error", "fragment"), IMPORTANCES)
async def test_update_refuses_an_importance_outside_0_to_1(memory, importance, error, fragment):
    await refused(memory, "update", error, fragment, "one", importance=importance)


@pytest.mark.parametrize("field", ["occurred_at", "expires_at", "valid_from", "valid_to"])
@pytest.mark.parametrize(("when", "error", "fragment"), INSTANTS)
async def test_update_refuses_a_time_that_is_no_aware_datetime(memory, when, error, fragment, field):
    await refused(memory, "update", error, fragment, "one", **{field: when})


@pytest.mark.parametrize(("vector", "error", "fragment"), VECTORS)
async def test_update_refuses_a_vector_that_does_not_fit(memory, vector, error, fragment):
    await refused(memory, "update", error, fragment, "one", vector=vector)


@pytest.mark.parametrize(("kind", "error", "fragment"), TYPES)
async def test_update_refuses_an_unknown_type(memory, kind, error, fragment):
    await refused(memory, "update", error, fragment, "one", type=kind)


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("reason", [SURROGATE, 5])
async def test_a_reason_that_is_no_text_is_refused(memory, reason, verb):
    options = {"content": "new"} if verb == "update" else {}
    await refused(memory, verb, InvalidInputError, "reason: ", "one", reason=reason, **options)


async def test_update_refuses_to_change_nothing(memory):
    await refused(memory, "update", InvalidInputError, "give at least one field", "one")


@pytest.mark.parametrize("clear", ["content", ["content"], [5]])
async def test_update_refuses_to_clear_what_must_be(memory, clear):
    await refused(memory, "update", InvalidInputError, "clear", "one", clear=clear)


@pytest.mark.parametrize("version", ["two", 1.5, [1]])
async def test_a_version_that_is_no_number_is_refused(memory, version):
    await refused(memory, "update", InvalidInputError, "version: ", "one", content="x", expected_version=version)
    await refused(memory, "restore", InvalidInputError, "version: ", "one", version)


@pytest.mark.parametrize("version", [0, 3, -1, 2**70])
async def test_restore_refuses_a_version_that_is_not_there(memory, version):
    await refused(memory, "restore", NotFoundError, "has no version .*it has 1 to 2", "one", version)


@pytest.mark.parametrize("verb", ["get", "delete", "history", "links"])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
async def test_an_id_that_cannot_be_one_is_refused(memory, name, error, fragment, verb):
    await refused(memory, verb, error, fragment if isinstance(name, str) else "id", name)


@pytest.mark.parametrize("verb", ["get", "delete", "history", "links"])
async def test_an_unknown_id_is_not_found(memory, verb):
    await refused(memory, verb, NotFoundError, "no memory 'nobody' in this scope", "nobody")


async def test_update_and_restore_refuse_an_unknown_id(memory):
    await refused(memory, "update", NotFoundError, "no memory 'nobody'", "nobody", content="x")
    await refused(memory, "restore", NotFoundError, "no memory 'nobody'", "nobody", 1)


@pytest.mark.parametrize("ids", ["one", 5, None, [5], [""]])
async def test_get_many_refuses_what_is_no_list_of_ids(memory, ids):
    await refused(memory, "get_many", InvalidInputError, "id", ids)


async def test_delete_refuses_a_call_that_does_not_say_what(memory):
    await refused(memory, "delete", InvalidInputError, "either ids or filters.*forget")
    await refused(memory, "delete", InvalidInputError, "either ids or filters", "one", filters={"city": "Lisbon"})
    await refused(memory, "delete", InvalidInputError, "id", ["one", 5])
    await refused(memory, "delete", InvalidInputError, "missing", "one", missing="maybe")


async def test_delete_of_several_deletes_none_when_one_is_unknown(memory):
    await refused(memory, "delete", NotFoundError, "no memory 'nobody'", ["one", "nobody"])


@pytest.mark.parametrize("weight", [-0.1, NAN, math.inf, "heavy"])
async def test_relate_refuses_a_weight_that_is_none(memory, weight):
    await refused(memory, "relate", InvalidInputError, "weight: ", "one", "explains", "two", weight=weight)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
async def test_relate_refuses_ends_and_relations_without_a_name(memory, name, error, fragment, place):
    ends: list[Any] = ["two", "explains", "one"]
    ends[place] = name
    await refused(memory, "relate", error, fragment, *ends)


@pytest.mark.parametrize(("metadata", "error", "fragment"), METADATA)
async def test_relate_refuses_metadata_that_is_not_json(memory, metadata, error, fragment):
    await refused(memory, "relate", error, fragment, "one", "explains", "two", metadata=metadata)


async def test_relate_refuses_an_end_that_does_not_exist(memory):
    await refused(memory, "relate", NotFoundError, "no memory 'nobody'", "one", "explains", "nobody")
    await refused(memory, "relate", NotFoundError, "no memory 'nobody'", "nobody", "explains", "one")
    await refused(memory, "relate", NotFoundError, "no memory 'one'", "one", "explains", "two", user_id="somebody else")


# --- forget -----------------------------------------------------------------------------------------------------------


async def test_forget_refuses_a_call_that_does_not_say_what(memory):
    await refused(memory, "forget", InvalidInputError, "say what to erase")


@pytest.mark.parametrize("argument", ["ids", "user_id", "agent_id", "session_id"])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
async def test_forget_refuses_a_name_that_is_none(memory, name, error, fragment, argument):
    await refused(memory, "forget", error, fragment if isinstance(name, str) else argument, **{argument: name})


@pytest.mark.parametrize("ids", [[], ["nobody"], ()])
def test_forget_of_no_known_id_erases_nothing_even_beside_a_user(memory, ids):
    before = state(memory)
    assert memory.forget(ids, user_id="default").memories == 0
    assert state(memory) == before


# --- export and import ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [5, None, b"bytes", "", "a\x00b", "."])
async def test_export_refuses_a_target_that_is_no_file(memory, target, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    await refused(memory, "export", AgentMemError, ".", target)
    assert sorted(tmp_path.iterdir()) == before, "nothing is left beside it"


async def test_export_refuses_a_folder_as_the_target(memory, tmp_path):
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    await refused(memory, "export", AgentMemError, "folder", tmp_path / "folder")
    assert sorted(tmp_path.iterdir()) == before, "nothing is left beside it"


async def test_export_refuses_a_folder_that_is_not_there(memory, tmp_path):
    await refused(memory, "export", StoreUnavailableError, "cannot be written", tmp_path / "nowhere" / "export.jsonl")


async def test_export_refuses_a_binary_stream(memory):
    await refused(memory, "export", InvalidInputError, "text", io.BytesIO())


HEADER = {"format": "agentmem-export", "version": 1}
RECORD = {
    "kind": "memory", "collection": "memories", "user_id": "default", "id": "new", "content": "imported",
    "type": "semantic", "occurred_at": "2024-05-01T12:00:00Z", "created_at": "2024-05-01T12:00:00Z",
    "updated_at": "2024-05-01T12:00:00Z",
}  # fmt: skip
LINK = {"source": "one", "relation": "r", "target": "two", "valid_from": "2024-05-01T12:00:00Z"}
VERSION = {
    "version": 1, "content": "old", "metadata": {}, "importance": 0.5, "operation": "add",
    "changed_at": "2024-05-01T12:00:00Z",
}  # fmt: skip


def lines(*records: Any) -> list[str]:
    return [json.dumps(record) for record in (HEADER, *records)]


def record(**fields: Any) -> dict[str, Any]:
    return {**RECORD, **fields}


def vector(values: Any) -> str:
    return base64.b64encode(np.asarray(values, np.float32).tobytes()).decode()


@pytest.mark.parametrize(
    ("source", "error", "fragment"),
    [
        bad("nowhere.jsonl", "source: .*cannot be read", "no file"),
        bad("/", "source: .*cannot be read", "a folder"),
        bad("a\x00b", "source: ", "a path with NUL"),
        bad(5, "source: ", "int"),
        bad(None, "source: ", "None"),
        bad([5], "source: ", "lines that are no text"),
        bad(["not json"], "line 1 is not JSON", "no JSON"),
        bad(['"text"'], "line 1 is not a JSON object", "no object"),
        bad(["{}"], "no export of AgentMem", "no header"),
        bad([json.dumps({**HEADER, "version": 2})], "version 2.*upgrade", "newer"),
        bad([json.dumps({**HEADER, "version": None})], "version None", "no version"),
        bad([*lines(RECORD), '{"kind": "mem'], "line 3 is not JSON.*cut short", "cut short"),
        bad([*lines(RECORD), "[" * 100_000], "line 3", "100,000 deep"),
        bad(lines({"kind": "poem"}), "a memory, a link or a file, not 'poem'", "unknown kind"),
        bad(lines(record(content="")), "content: must not be empty", "empty content"),
        bad(lines(record(content=SURROGATE)), "content: holds lone surrogates", "lone surrogate"),
        bad(lines(record(content=5)), "content: must be text", "content that is no text"),
        bad(lines(record(type="poem")), "type: ", "unknown type"),
        bad(lines(record(importance=2)), "importance: ", "importance"),
        bad(lines(record(occurred_at="2024-05-01T12:00:00")), "naive", "naive time"),
        bad(lines(record(user_id="")), "user_id: ", "empty user"),
        bad(lines(record(id="i" * 300)), "id: ", "long id"),
        bad(lines(record(metadata=[1])), "metadata: ", "metadata"),
        bad(lines(record(version=0)), "version: ", "version 0"),
        bad(lines(record(version=2**70)), "version: ", "version beyond 64 bits"),
        bad(lines(record(access_count=2**70)), "access_count: ", "count beyond 64 bits"),
        bad(lines(record(reason=SURROGATE)), "reason: ", "lone surrogate in the reason"),
        bad(lines(record(operation=SURROGATE)), "operation: ", "lone surrogate in the operation"),
        bad(lines(record(vector="!")), "vector: ", "no base64"),
        bad(lines(record(vector="AAA=")), "vector", "half a number"),
        bad(lines(record(vector=vector([NAN] * 64))), "vector: ", "NaN"),
        bad(lines(record(vector=vector([1.0]))), "1 dimensions.*has 64", "dimension", VectorMismatchError),
        bad(lines(record(collection="new", vector="")), "vector: ", "empty vector"),
        bad(lines(record(history=[{**VERSION, "content": SURROGATE}])), "", "lone surrogate in the history"),
        bad(lines(record(history=[{**VERSION, "changed_at": "2024-05-01T12:00:00"}])), "", "naive time in the history"),
        bad(lines(record(history=[{**VERSION, "version": 2**70}])), "", "a version of the history beyond 64 bits"),
        bad(lines(record(history=[{**VERSION, "metadata": {"n": NAN}}])), "", "NaN in the history"),
        bad(lines(RECORD, {"kind": "link", "user_id": "default", "link": {}}), "", "link without ends"),
        bad(
            lines(RECORD, {"kind": "link", "user_id": "default", "link": {**LINK, "source": SURROGATE}}),
            "", "lone surrogate in a link",
        ),
        bad(
            lines(RECORD, {"kind": "link", "user_id": "default", "link": {**LINK, "valid_from": "2024-05-01T12:00:00"}}),
            "", "naive time in a link",
        ),
        bad(
            lines(RECORD, {"kind": "link", "user_id": "default", "link": {**LINK, "weight": NAN}}),
            "", "NaN as the weight of a link",
        ),
    ],
)  # fmt: skip
async def test_import_refuses_what_no_export_wrote(memory, source, error, fragment):
    await refused(memory, "import_", error, fragment, source)


def test_import_refuses_a_file_that_is_no_text(memory, tmp_path):
    before = state(memory)
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00noise\n")
    with pytest.raises(InvalidInputError, match="not UTF-8"):
        memory.import_(tmp_path / "noise")
    assert state(memory) == before


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["tenant", "user_id", "agent_id", "session_id"])
@pytest.mark.parametrize(("name", "error", "fragment"), NAMES)
def test_opening_refuses_a_scope_that_names_nobody(tmp_path, name, error, fragment, argument):
    with pytest.raises(error, match=fragment):
        AgentMem(tmp_path / "store", **{argument: name})
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("options", "error", "fragment"),
    [
        bad({"api_url": "http://localhost:8080"}, "the server decides about path", "api_url", NotConfiguredError),
        bad({"llm": "gpt"}, "unknown provider 'gpt'; write \"provider:model\"", "llm", NotConfiguredError),
        bad({"llm": 5}, "llm: must be a name", "llm that is no model", NotConfiguredError),
        bad({"embedder": "word2vec"}, "unknown embedder 'word2vec'; installed are", "embedder", NotConfiguredError),
        bad({"embedder": 5}, "embedder must be a name", "embedder that is no name", NotConfiguredError),
        bad({"embedder": "hashing:many"}, "takes a whole number", "dimension of hashing", EmbedderError),
        bad({"embedder": "wordllama:xl"}, "holds only the model", "model of wordllama", EmbedderError),
        bad({"index": "faiss"}, "unknown index 'faiss'; installed are", "index", NotConfiguredError),
        bad({"index": 5}, "index", "index that is no name", NotConfiguredError),
        bad({"durability": "maximal"}, 'must be "full" or "normal"', "durability", NotConfiguredError),
        bad({"durability": 5}, 'must be "full" or "normal"', "durability that is no word", NotConfiguredError),
        bad({"exact_limit": -1}, "exact_limit: must not be negative", "exact_limit", NotConfiguredError),
        bad({"exact_limit": "many"}, "exact_limit", "exact_limit that is no number", NotConfiguredError),
        bad({"cache_bytes": -1}, "cache_bytes: must not be negative", "cache_bytes", NotConfiguredError),
        bad({"cache_bytes": math.nan}, "cache_bytes", "cache_bytes that is no number", NotConfiguredError),
    ],
)
def test_opening_refuses_options_it_does_not_know(tmp_path, options, error, fragment):
    with pytest.raises(error, match=fragment):
        AgentMem(tmp_path / "store", **options)
    assert not (tmp_path / "store").exists(), "nothing is made for a client that cannot open"


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("AGENTMEM_EMBEDDER", "word2vec", NotConfiguredError),
        ("AGENTMEM_INDEX", "faiss", NotConfiguredError),
        ("AGENTMEM_DURABILITY", "maximal", NotConfiguredError),
        ("AGENTMEM_EXACT_LIMIT", "many", NotConfiguredError),
        ("AGENTMEM_CACHE_BYTES", "-3", NotConfiguredError),
    ],
)
def test_what_the_environment_says_is_checked_too(tmp_path, monkeypatch, variable, value, error):
    monkeypatch.setenv(variable, value)
    with pytest.raises(error, match=r"."):
        AgentMem(tmp_path / "store")


@pytest.mark.parametrize("embedder", [5, "word2vec", "hashing:0"])
async def test_reindex_refuses_an_unknown_embedder(memory, embedder):
    await refused(memory, "reindex", AgentMemError, "embedder|hashing", embedder=embedder)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda texts: [[NAN, 1.0] for _ in texts], id="NaN"),
        pytest.param(lambda texts: [[1.0, 2.0]], id="one vector for all"),
        pytest.param(lambda texts: [[1.0], [1.0, 2.0]], id="vectors of different lengths"),
        pytest.param(lambda texts: "vector", id="text"),
        pytest.param(lambda texts: 1 / 0, id="an exception"),
    ],
)
def test_an_embedder_that_answers_nonsense_writes_nothing(tmp_path, answer):
    with AgentMem(tmp_path, embedder=answer, index="none") as memory:
        with pytest.raises(EmbedderError, match="embedder"):
            memory.add(["one text", "another text"])
        assert memory.stats().memories == 0
        assert memory.list().items == ()


class OfAnyCase(str):
    """Text that says it equals others, as those for headers and domain names do."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


class Unhashable(str):
    __slots__ = ()

    def __hash__(self) -> int:
        raise ValueError("cannot be hashed")


def test_a_text_that_says_it_equals_another_names_nobody_else(tmp_path):
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        memory.add("tea of Ana", user_id="Ana")
        memory.add("tea of ana", user_id="ana")
        memory.add("tea of the tests", user_id="ana", collection="Tests")
        for name in ("Ana", "ana", "Ana"):
            assert [hit.memory.content for hit in memory.search("tea", user_id=OfAnyCase(name))] == [f"tea of {name}"]
        for name, there in (("Tests", 1), ("tests", 0)):
            assert len(memory.search("tea", user_id="ana", collection=OfAnyCase(name))) == there


def test_a_text_that_cannot_be_hashed_is_a_text(tmp_path):
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        memory.add("tea", user_id="ana")
        found = memory.search("tea", user_id=Unhashable("ana"), collection=Unhashable("memories"))
        assert len(found) == 1
