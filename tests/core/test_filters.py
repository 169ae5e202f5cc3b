"""What every filter means, as a table, and how filters may be written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from agentmem_core import Filter, FilterCondition, FilterGroup, FilterOperator, InvalidFilterError, parse_filter
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.model.filters import OWN_FIELDS, fields_of
from agentmem_core.model.matching import matches

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)


def memory(metadata: dict[str, Any] | None = None, **fields: Any) -> Memory:
    return Memory(
        **{
            "id": "the-id", "content": "I moved to Lisbon", "type": MemoryType.SEMANTIC, "scope": Scope(agent_id="planner"),
            "metadata": metadata or {}, "occurred_at": NOON, "created_at": NOON, "updated_at": NOON, **fields,
        }
    )  # fmt: skip


def passes(given: Any, metadata: dict[str, Any] | None = None, **fields: Any) -> bool:
    return matches(parse_filter(given), memory(metadata, **fields))


MEANING: list[tuple[str, Any, Any, bool]] = [
    # operator, value, what the memory holds, whether it passes
    ("eq", "Lisbon", "Lisbon", True), ("eq", "lisbon", "Lisbon", False), ("eq", 1, 1.0, True), ("eq", 1, True, False),
    ("eq", True, True, True), ("eq", False, 0, False), ("eq", "1", 1, False), ("eq", [1, 2], [1, 2], True),
    ("eq", [1, 2], [2, 1], False), ("eq", [1], [True], False), ("eq", {"a": 1}, {"a": 1}, True), ("eq", "a", ["a"], False),
    ("eq", "", "", True),
    ("ne", "Lisbon", "Porto", True), ("ne", "Lisbon", "Lisbon", False), ("ne", 1, True, True), ("ne", 1, 1.0, False),
    ("ne", [1], [1], False), ("ne", "a", ["a"], True),
    ("gt", 1, 2, True), ("gt", 1, 1, False), ("gt", 1.5, 2, True), ("gt", "a", "b", True), ("gt", 1, "2", False),
    ("gt", "1", 2, False), ("gt", 0, True, False), ("gt", False, 1, False), ("gt", 0, [1], False), ("gt", 0, {"a": 1}, False),
    ("gte", 1, 1, True), ("gte", 1, 0, False), ("gte", "2024-01-01", "2024-05-03", True), ("gte", True, True, False),
    ("lt", 1, 0, True), ("lt", 1, 1, False), ("lt", "b", "a", True), ("lt", 2, True, False),
    ("lte", 1, 1, True), ("lte", 1, 2, False), ("lte", -1.5, -2, True),
    ("in", ["a", "b"], "a", True), ("in", ["a", "b"], "c", False), ("in", [], "a", False), ("in", [1], True, False),
    ("in", [1.0], 1, True), ("in", [["a"]], ["a"], True), ("in", ["a"], ["a"], False), ("in", [None], "a", False),
    ("nin", ["a", "b"], "c", True), ("nin", ["a", "b"], "a", False), ("nin", [], "a", True), ("nin", [1], True, True),
    ("any", ["a", "b"], ["b", "c"], True), ("any", ["a"], ["b", "c"], False), ("any", ["a"], "a", True), ("any", [], ["a"], False),
    ("any", ["a"], [], False), ("any", [1], [True], False),
    ("all", ["a", "b"], ["b", "c", "a"], True), ("all", ["a", "b"], ["a"], False), ("all", ["a"], "a", True),
    ("all", [], ["a"], True), ("all", ["a"], [], False),
    ("text_match", "isb", "Lisbon", True), ("text_match", "ISB", "Lisbon", False), ("text_match", "", "Lisbon", True),
    ("text_match", "1", 1, False), ("text_match", "a", ["a"], False), ("text_match", "斯", "里斯本", True),
    ("text_match_insensitive", "ISB", "Lisbon", True), ("text_match_insensitive", "STRASSE", "straße", True),
    ("text_match_insensitive", "x", "Lisbon", False), ("text_match_insensitive", "a", ["a"], False),
    ("contains", "a", ["a", "b"], True), ("contains", "c", ["a", "b"], False), ("contains", "isb", "Lisbon", True),
    ("contains", 1, [True], False), ("contains", 1, [1.0], True), ("contains", 1, "1", False), ("contains", 1, 1, False),
    ("contains", "a", {"a": 1}, False), ("contains", ["a"], [["a"]], True),
    ("is_empty", None, "", True), ("is_empty", None, [], True), ("is_empty", None, "x", False), ("is_empty", None, 0, False),
    ("is_empty", None, False, False), ("is_empty", None, [None], False), ("is_empty", True, "", True),
]  # fmt: skip

ABSENT: list[tuple[str, Any, bool]] = [
    ("eq", "x", False), ("eq", None, True), ("ne", "x", True), ("ne", None, False), ("gt", 0, False), ("gte", 0, False),
    ("lt", 0, False), ("lte", 0, False), ("in", ["x"], False), ("in", [None], False), ("nin", ["x"], True), ("nin", [], True),
    ("any", ["x"], False), ("any", [None], False), ("all", ["x"], False), ("all", [], False), ("text_match", "", False),
    ("text_match_insensitive", "", False), ("contains", "x", False), ("is_empty", None, True),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "value", "held", "expected"), MEANING)
def test_an_operator_means_what_the_table_says(operator: str, value: Any, held: Any, *, expected: bool) -> None:
    given = {"field": "k", "operator": operator, "value": value}
    assert passes(given, {"k": held}) is expected
    assert passes({"$not": [given]}, {"k": held}) is not expected
    assert passes(given, {"outer": {"k": held}}) is passes(given, {})
    assert passes({**given, "field": "outer.k"}, {"outer": {"k": held}}) is expected
    assert passes({**given, "field": "outer.k"}, {"outer.k": held, "outer": {"k": "other"}}) is expected


@pytest.mark.parametrize(("operator", "value", "expected"), ABSENT)
@pytest.mark.parametrize("metadata", [{}, {"k": None}])
def test_an_absent_field_means_what_the_table_says(
    operator: str, value: Any, metadata: dict[str, Any], *, expected: bool
) -> None:
    given = {"field": "k", "operator": operator, "value": value}
    assert passes(given, metadata) is expected
    assert passes({**given, "field": "a.b.c"}, {"a": {"b": metadata.get("k")}}) is expected
    assert passes({**given, "field": "a.b"}, {"a": "text"}) is expected


def test_the_tables_name_every_operator() -> None:
    assert {operator for operator, *_ in MEANING} == set(FilterOperator)
    assert {operator for operator, *_ in ABSENT} == set(FilterOperator)


@pytest.mark.parametrize(
    ("condition", "parts", "expected"),
    [
        ("and", (), True), ("or", (), True), ("not", (), True),
        ("and", (True, True), True), ("and", (True, False), False), ("and", (False, False), False),
        ("or", (True, True), True), ("or", (True, False), True), ("or", (False, False), False),
        ("not", (True, True), False), ("not", (True, False), False), ("not", (False, False), True),
    ],
)  # fmt: skip
def test_a_condition_combines_as_the_table_says(condition: str, parts: tuple[bool, ...], *, expected: bool) -> None:
    filters = [{"yes": part} for part in parts]
    assert passes({"condition": condition, "filters": filters}, {"yes": True}) is expected
    assert passes({f"${condition}": filters}, {"yes": True}) is expected
    nested = {"$and": [{"$or": [{"$not": [{"yes": False}]}, {"$and": [{"condition": condition, "filters": filters}]}]}]}
    assert passes(nested, {"yes": True}) is True


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("memory.id", "the-id"), ("memory.content", "I moved to Lisbon"), ("memory.type", "semantic"),
        ("memory.agent_id", "planner"), ("memory.session_id", None), ("memory.role", None), ("memory.name", None),
        ("memory.importance", 0.5), ("memory.version", 1), ("memory.occurred_at", NOON), ("memory.created_at", NOON),
        ("memory.updated_at", NOON), ("memory.expires_at", None),
    ],
)  # fmt: skip
def test_a_memorys_own_fields_can_be_asked_for(field: str, value: Any) -> None:
    assert field.removeprefix("memory.") in OWN_FIELDS
    assert passes({field: value}) is True
    assert passes({field: {"$ne": value}}) is False


def test_moments_are_compared_with_moments_and_iso_texts() -> None:
    field = "memory.occurred_at"
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    for value in (NOON, elsewhere, "2024-05-03T12:00:00+00:00", "2024-05-03T12:00:00Z", "2024-05-03T12:00:00"):
        assert passes({field: value})
        assert passes({field: {"$gte": value, "$lte": value}})
        assert not passes({field: {"$gt": value}})
        assert passes({field: {"$in": [value]}})
    assert passes({field: {"$gt": "2024-05-03"}})
    for other in ("soon", 5, True, None, ["2024-05-03"]):
        assert not passes({field: {"$gt": other}})
        assert not passes({field: {"$lt": other}})
        assert not passes({field: other})


SAME = Filter(field="year", operator=FilterOperator.GTE, value=2020)


@pytest.mark.parametrize(
    "given",
    [
        SAME,
        {"year": {"$gte": 2020}},
        {"year": {"gte": 2020}},
        {"year": {">=": 2020}},
        {"field": "year", "operator": "gte", "value": 2020},
        {"field": "year", "operator": ">=", "value": 2020},
        {"field": "year", "operator": "$gte", "value": 2020},
        {"field": "year", "operator": FilterOperator.GTE, "value": 2020},
    ],
)
def test_one_filter_can_be_written_in_many_ways(given: Any) -> None:
    assert parse_filter(given) == SAME


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": 1}, Filter(field="a", value=1)),
        ({"a": None}, Filter(field="a", value=None)),
        ({"a": {"$eq": {}}}, Filter(field="a", value={})),
        ({"a": {"$eq": {"b": 1}}}, Filter(field="a", value={"b": 1})),
        ({"a": {"==": 1}}, Filter(field="a", value=1)),
        ({"a": {"!=": 1}}, Filter(field="a", operator=FilterOperator.NE, value=1)),
        ({"a": {"not_in": (1, 2)}}, Filter(field="a", operator=FilterOperator.NIN, value=[1, 2])),
        ({"field": "a", "operator": "is_empty"}, Filter(field="a", operator=FilterOperator.IS_EMPTY)),
        ({"field": "a"}, Filter(field="field", value="a")),
        ([], FilterGroup()),
        ({}, FilterGroup()),
        ([SAME, {"a": 1}], FilterGroup(filters=(SAME, Filter(field="a", value=1)))),
        ((SAME,), FilterGroup(filters=(SAME,))),
        ({"a": 1, "b": 2}, FilterGroup(filters=(Filter(field="a", value=1), Filter(field="b", value=2)))),
        (
            {"a": {"$gt": 1, "$lt": 3}},
            FilterGroup(
                filters=(
                    Filter(field="a", operator=FilterOperator.GT, value=1),
                    Filter(field="a", operator=FilterOperator.LT, value=3),
                )
            ),
        ),
        ({"$or": [SAME]}, FilterGroup(condition=FilterCondition.OR, filters=(SAME,))),
        ({"$or": SAME}, FilterGroup(condition=FilterCondition.OR, filters=(SAME,))),
        ({"$nor": [SAME]}, FilterGroup(condition=FilterCondition.NOT, filters=(SAME,))),
        ({"filters": [SAME]}, FilterGroup(filters=(SAME,))),
        ({"condition": "not", "filters": [SAME]}, FilterGroup(condition=FilterCondition.NOT, filters=(SAME,))),
        (FilterGroup(condition=FilterCondition.OR, filters=(SAME,)), FilterGroup(condition=FilterCondition.OR, filters=(SAME,))),
    ],
)  # fmt: skip
def test_filters_mean_what_they_are_parsed_to(given: Any, expected: Any) -> None:
    assert parse_filter(given) == expected
    assert parse_filter(expected) == expected


def test_no_filter_is_none_and_passes_everything() -> None:
    assert parse_filter(None) is None
    assert passes(None)


def test_sets_are_lists_for_list_operators() -> None:
    assert passes({"k": {"$in": {"a"}}}, {"k": "a"})
    assert passes({"k": {"$nin": frozenset({"a"})}}, {"k": "b"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": {"$near": 1}}, "near"),
        ({"a": {"$gt": 1, "b": 2}}, "'b'"),
        ({"field": "a", "operator": "almost", "value": 1}, "almost"),
        ({"field": "a", "operator": None, "value": 1}, "None"),
        ({"field": "a", "operator": ["eq"], "value": 1}, "eq"),
        ({"field": "", "operator": "eq", "value": 1}, "non-empty"),
        ({"": 1}, "non-empty"),
        ({1: 2}, "non-empty"),
        ({"a": {"$in": "text"}}, "list"),
        ({"a": {"$nin": 1}}, "list"),
        ({"a": {"$any": None}}, "list"),
        ({"a": {"$all": {"b": 1}}}, "list"),
        ({"a": {"$text_match": 1}}, "text"),
        ({"a": {"$text_match_insensitive": ["x"]}}, "text"),
        ({"memory.secret": 1}, "memory.secret"),
        ({"memory.": 1}, "memory"),
        ({"condition": "xor", "filters": []}, "xor"),
        ({"condition": [], "filters": []}, "condition"),
        ({"condition": "and", "filters": "a"}, "list"),
        ({"$and": ["a"]}, "str"),
        ({"$or": 5}, "int"),
        ("city = Lisbon", "str"),
        (5, "int"),
        (True, "bool"),
        ([None], "NoneType"),
        ([[5]], "int"),
        (Filter(field="a", operator=FilterOperator.IN, value="x"), "list"),
        (FilterGroup(filters=(Filter(field="memory.x", value=1),)), "memory.x"),
    ],
)
def test_what_cannot_be_honoured_is_an_error_that_says_why(given: Any, message: str) -> None:
    with pytest.raises(InvalidFilterError, match=message):
        parse_filter(given)


def test_filters_nested_beyond_reason_are_refused() -> None:
    given: Any = {"a": 1}
    for _ in range(49):
        given = {"$not": [given]}
    assert passes(given, {"a": 2})
    for _ in range(5_000):
        given = [given]
    with pytest.raises(InvalidFilterError, match="nested"):
        parse_filter(given)


def test_the_fields_of_a_filter_are_all_of_them() -> None:
    given = parse_filter({"$or": [{"a": 1}, {"$not": [{"b.c": {"$gt": 1}}, {"memory.type": "core"}]}], "a": 2})
    assert given is not None
    assert fields_of(given) == {"a", "b.c", "memory.type"}
