"""LlamaIndex's filters mean here what they mean in its own SimpleVectorStore, wherever that one is right."""

from __future__ import annotations

import itertools

import pytest
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from agentmem_core import AgentMem, InvalidFilterError
from llamaindex_agentmem import AgentMemVectorStore
from llamaindex_agentmem.filters import OPERATORS, original_key, stored_key

CELLS = {
    "missing": None, "zero": 0, "one": 1, "float": 1.5, "negative": -2, "empty": "", "text": "Lisbon", "lower": "lisbon",
    "chinese": "里斯本", "list": ["a", "b"], "numbers": [1, 2], "nothing": [], "one_item": ["a"],
}  # fmt: skip
VALUES = [0, 1, 1.5, "", "Lisbon", "isb", "里斯", "a", ["a"], ["a", "b"], ["Lisbon"], [1, 2], [1.5], [], None]

ORDERED = {FilterOperator.GT, FilterOperator.GTE, FilterOperator.LT, FilterOperator.LTE}


def expected(operator, cell, value, theirs):
    """What SimpleVectorStore says (None: it raises TypeError), except where that is an accident of Python."""
    if operator is FilterOperator.ANY and cell is not None and not isinstance(cell, list):
        return cell in value  # there, parts of a text count as its items, and a number is a TypeError
    if operator is FilterOperator.ALL and cell is not None and not isinstance(cell, list):
        return all(item == cell for item in value)
    if operator in ORDERED and isinstance(cell, list):
        return False  # there, lists are ordered item by item
    if cell is None and value is None and operator in {FilterOperator.EQ, FilterOperator.NE}:
        return operator is FilterOperator.EQ  # there, a missing key is not equal to None
    return bool(theirs)  # values that cannot be compared do not match


def nodes() -> list[TextNode]:
    return [
        TextNode(
            id_=name,
            text=f"node {name}",
            embedding=[1.0, float(number)],
            metadata={} if name == "missing" else {"x": cell},
        )
        for number, (name, cell) in enumerate(CELLS.items())
    ]


def found(store, filters) -> set[str]:
    return set(store.query(VectorStoreQuery(query_embedding=[1.0, 1.0], similarity_top_k=50, filters=filters)).ids)


@pytest.fixture(scope="module")
def ours():
    store = AgentMemVectorStore(AgentMem(":memory:"))
    store.add(nodes())
    return store


@pytest.fixture(scope="module")
def simple():
    store = SimpleVectorStore()
    store.add(nodes())
    return store


def simple_is_complete() -> bool:
    """Whether this LlamaIndex's SimpleVectorStore knows what its newest knows; older ones lack operators and conditions."""
    store = SimpleVectorStore()
    store.add([TextNode(id_="n", text="n", embedding=[1.0, 0.0])])
    inner = MetadataFilter(key="x", value="a", operator=FilterOperator.TEXT_MATCH_INSENSITIVE)
    try:
        return found(store, MetadataFilters(filters=[inner], condition=FilterCondition.NOT)) == {"n"}
    except ValueError:
        return False


as_reference = pytest.mark.skipif(
    not simple_is_complete(), reason="this SimpleVectorStore lacks operators and conditions"
)


def one(store, operator, value, name):
    """Whether one node passes; None where the store cannot say."""
    filters = MetadataFilters(filters=[MetadataFilter(key="x", operator=operator, value=value)])
    if isinstance(store, SimpleVectorStore):
        single = SimpleVectorStore()
        single.add([node for node in nodes() if node.node_id == name])
        try:
            return bool(found(single, filters))
        except TypeError:
            return None
    return name in found(store, filters)


def usable(operator, value) -> bool:
    """What an operator can take: list operators a list, text operators a text; the others fail below, on purpose."""
    if operator in {FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL}:
        return isinstance(value, list)
    if operator in {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}:
        return isinstance(value, str)
    return True


@as_reference
@pytest.mark.parametrize("operator", list(FilterOperator))
def test_every_operator_means_what_simple_vector_store_means(operator, ours):
    compared = 0
    for value, name in itertools.product(VALUES, CELLS):
        if not usable(operator, value):
            continue
        theirs = one(SimpleVectorStore(), operator, value, name)
        mine = one(ours, operator, value, name)
        assert mine is expected(operator, CELLS[name], value, theirs), (operator, value, name)
        compared += mine is theirs
    assert compared > 20


def test_all_fourteen_operators_are_translated():
    assert set(OPERATORS) == set(FilterOperator)
    assert len(OPERATORS) == 14


@as_reference
@pytest.mark.parametrize("condition", list(FilterCondition))
@pytest.mark.parametrize("size", [1, 2, 3])
def test_conditions_mean_what_simple_vector_store_means(condition, size, ours, simple):
    parts = [
        MetadataFilter(key="x", value="Lisbon"),
        MetadataFilter(key="x", value=None, operator=FilterOperator.IS_EMPTY),
        MetadataFilter(key="x", value=["a", "Lisbon"], operator=FilterOperator.NIN),
        MetadataFilter(key="y", value=3, operator=FilterOperator.NE),
        MetadataFilter(key="y", value=3),
    ]
    for chosen in itertools.combinations(parts, size):
        filters = MetadataFilters(filters=list(chosen), condition=condition)
        assert found(ours, filters) == found(simple, filters), filters


@as_reference
def test_nested_filters_mean_what_their_parts_mean(ours, simple):
    leaves = [
        MetadataFilter(key="x", value="Lisbon"),
        MetadataFilter(key="x", value=1, operator=FilterOperator.GTE),
        MetadataFilter(key="x", value="a", operator=FilterOperator.CONTAINS),
    ]

    def pass_simple(given) -> set[str]:
        """SimpleVectorStore refuses nesting, so each part is asked and the answers are combined."""
        if isinstance(given, MetadataFilter):
            return {name for name in CELLS if one(SimpleVectorStore(), given.operator, given.value, name)}
        parts = [pass_simple(part) for part in given.filters]
        if given.condition is FilterCondition.OR:
            return set().union(*parts)
        if given.condition is FilterCondition.NOT:
            return set(CELLS) - set().union(*parts)
        return set(CELLS).intersection(*parts)

    conditions = list(FilterCondition)
    for outer, inner, innermost in itertools.product(conditions, repeat=3):
        given = MetadataFilters(
            condition=outer,
            filters=[
                leaves[0],
                MetadataFilters(
                    condition=inner,
                    filters=[leaves[1], MetadataFilters(condition=innermost, filters=[leaves[2], leaves[0]])],
                ),
            ],
        )
        assert found(ours, given) == pass_simple(given), given
    with pytest.raises(ValueError, match="Nested"):
        found(simple, MetadataFilters(filters=[MetadataFilters(filters=[leaves[0]])]))


def test_an_empty_group_admits_everything(ours, simple):
    for condition in FilterCondition:
        empty = MetadataFilters(filters=[], condition=condition)
        assert found(ours, empty) == found(simple, empty) == set(CELLS)


def test_forty_levels_of_nesting_hold(ours):
    given = MetadataFilters(filters=[MetadataFilter(key="x", value="Lisbon")])
    for _ in range(40):
        given = MetadataFilters(filters=[given], condition=FilterCondition.NOT)
    assert found(ours, given) == {"text"}


@pytest.mark.parametrize("operator", ["in", "nin", "any", "all"])
def test_a_list_operator_without_a_list_is_refused(operator, ours):
    with pytest.raises(InvalidFilterError, match="takes a list"):
        found(ours, MetadataFilters(filters=[MetadataFilter(key="x", value="Lisbon", operator=operator)]))


@pytest.mark.parametrize("operator", ["text_match", "text_match_insensitive"])
def test_a_text_operator_without_a_text_is_refused(operator, ours):
    with pytest.raises(InvalidFilterError, match="takes a text"):
        found(ours, MetadataFilters(filters=[MetadataFilter(key="x", value=3, operator=operator)]))


def test_what_is_no_filter_is_refused(ours):
    with pytest.raises(InvalidFilterError, match="MetadataFilters"):
        found(ours, {"x": 1})


def test_a_boolean_is_no_number():
    store = AgentMemVectorStore(AgentMem(":memory:"))
    store.add([TextNode(id_="yes", text="y", embedding=[1.0], metadata={"x": True})])
    one_is = MetadataFilters(filters=[MetadataFilter(key="x", value=1)])
    assert store.query(VectorStoreQuery(query_embedding=[1.0], filters=one_is)).ids == []


def test_dots_reach_into_nested_metadata_unless_the_key_has_them():
    store = AgentMemVectorStore(AgentMem(":memory:"))
    store.add([
        TextNode(id_="nested", text="n", embedding=[1.0], metadata={"a": {"b": 1}}),
        TextNode(id_="flat", text="f", embedding=[1.0], metadata={"a.b": 1}),
    ])  # fmt: skip
    filters = MetadataFilters(filters=[MetadataFilter(key="a.b", value=1)])
    result = store.query(VectorStoreQuery(query_embedding=[1.0], filters=filters, similarity_top_k=5))
    assert set(result.ids) == {"nested", "flat"}


@pytest.mark.parametrize(
    "key", ["_node", "_node.ref", "__node", "memory.id", "_memory.id", "memory.x", "node", "a", "", "_", "__memory.y"]
)
def test_keys_of_the_user_never_meet_ours(key):
    assert original_key(stored_key(key)) == key
    assert not stored_key(key).startswith(("memory.", "_node"))
    store = AgentMemVectorStore(AgentMem(":memory:"))
    node = TextNode(id_="n", text="text", metadata={key or "k": "v"}, embedding=[1.0])
    store.add([node, TextNode(id_="other", text="text", embedding=[1.0])])
    filters = MetadataFilters(filters=[MetadataFilter(key=key or "k", value="v")])
    (back,) = store.query(VectorStoreQuery(query_embedding=[1.0], filters=filters, similarity_top_k=5)).nodes or []
    assert back.metadata == node.metadata
