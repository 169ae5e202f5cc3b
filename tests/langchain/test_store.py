"""LangGraph's store: what InMemoryStore answers, and what it does not: from disk, with a time to live, by meaning.

The first class runs over LangGraph's own InMemoryStore too, so that what it says is what LangGraph means.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore

from agentmem_core import AgentMem, InvalidFilterError, InvalidInputError, StoreClosedError, VectorMismatchError
from agentmem_core.testing.memory_backend import in_memory_backend
from langchain_agentmem import AgentMemStore

STRANGE = ["a b", "里斯本", "'; DROP TABLE memories; --", "*", "%", '"]', "a/b", "\n", "😀", "x" * 300]


class Letters(Embeddings):
    """How often each of the letters a to e stands in a text."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return [float(text.count(letter)) for letter in "abcde"]


class Both:
    """A store's methods by their name, in one colour."""

    def __init__(self, store, colour):
        self.store, self.colour = store, colour

    def __getattr__(self, name):
        if self.colour == "sync":
            return getattr(self.store, name)
        return lambda *args, **options: asyncio.run(getattr(self.store, f"a{name}")(*args, **options))


def found(store, key="k"):
    """The item of a key in the namespace n, which must be there."""
    item = store.get(("n",), key)
    assert item is not None
    return item


def keys(items):
    return {item.key for item in items}


INDEX: Any = {"dims": 5, "embed": Letters(), "fields": ["text", "notes[*]"]}


@pytest.fixture(params=["ours sync", "ours async", "LangGraph's"])
def stores(request, client):
    """Makes a store with an index or without."""

    def make(index=None):
        if request.param == "LangGraph's":
            return Both(InMemoryStore(index=index), "sync")
        return Both(AgentMemStore(client, index=index), request.param.removeprefix("ours "))

    return make


class TestAsLangGraphMeansIt:
    def test_what_is_put_is_got(self, stores):
        store = stores()
        value = {"text": "里斯本", "n": 1, "x": 1.5, "b": True, "none": None, "deep": {"a.b": [1, {"%": "."}]}, "": 1}
        store.put(("users", "ana"), "k", value)
        item = store.get(("users", "ana"), "k")
        assert (item.value, item.key, item.namespace) == (value, "k", ("users", "ana"))
        assert isinstance(item.created_at, datetime)
        assert item.created_at.tzinfo
        assert store.get(("users",), "k") is store.get(("users", "ana"), "other") is None
        assert store.get(("users", "ana", "more"), "k") is None

    def test_the_last_put_holds_and_delete_removes(self, stores):
        store = stores()
        store.put(("n",), "k", {"v": 1})
        first = store.get(("n",), "k")
        store.put(("n",), "k", {"v": 2})
        second = store.get(("n",), "k")
        assert second.value == {"v": 2}
        assert second.updated_at > first.updated_at
        store.delete(("n",), "k")
        store.delete(("n",), "k")
        assert store.get(("n",), "k") is None
        store.put(("n",), "k", {"v": 3})
        assert store.get(("n",), "k").value == {"v": 3}

    def test_a_batch_reads_what_stood_before_it(self, stores):
        store = stores()
        store.put(("n",), "old", {"v": 0})
        answers = store.batch(
            [
                PutOp(("n",), "k", {"v": 1}), GetOp(("n",), "k"), PutOp(("n",), "k", {"v": 2}), GetOp(("n",), "old"),
                SearchOp(("n",)), PutOp(("n",), "old", None), ListNamespacesOp(),
            ]
        )  # fmt: skip
        assert [answers[n] for n in (0, 1, 2, 5)] == [None] * 4
        assert answers[3].value == {"v": 0}
        assert keys(answers[4]) == {"old"}
        assert answers[6] == [("n",)]
        assert store.get(("n",), "k").value == {"v": 2}
        assert store.get(("n",), "old") is None
        assert store.batch([]) == []

    def test_search_looks_below_a_namespace_and_not_beside_it(self, stores):
        store = stores()
        for namespace in (("a",), ("a", "b"), ("a", "b", "c"), ("ab",), ("b", "a"), ("a", "bc")):
            store.put(namespace, "/".join(namespace), {"v": 1})
        assert keys(store.search(("a", "b"))) == {"a/b", "a/b/c"}
        assert keys(store.search(("a",))) == {"a", "a/b", "a/b/c", "a/bc"}
        assert len(store.search(())) == 6
        assert store.search(("c",)) == []
        assert all(isinstance(item, SearchItem) and item.score is None for item in store.search(("a",)))

    def test_pages_cover_each_item_once(self, stores):
        store = stores()
        store.batch([PutOp(("n",), f"{n}", {"n": n}) for n in range(23)])
        seen = [item.key for offset in range(0, 30, 5) for item in store.search(("n",), limit=5, offset=offset)]
        assert len(seen) == 23
        assert set(seen) == {f"{n}" for n in range(23)}

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"city": "Lisbon"}, {"ana", "eva"}), ({"city": {"$eq": "Porto"}}, {"bo"}),
            ({"city": {"$ne": "Lisbon"}}, {"bo", "cy"}), ({"age": {"$gt": 30}}, {"bo"}),
            ({"age": {"$gte": 30, "$lt": 41}}, {"ana", "bo"}), ({"age": {"$lte": 30}, "city": "Lisbon"}, {"ana", "eva"}),
            ({"deep": {"a": {"b": 2}}}, {"bo"}), ({"deep": {"a": {"b": 2}, "c": 3}}, {"bo"}), ({"deep": {"a": 1}}, set()),
            ({"tags": ["x", "y"]}, {"ana"}), ({"tags": ["y", "x"]}, set()), ({"missing": None}, {"ana", "bo", "cy", "eva"}),
            ({"a.b": 1}, {"cy"}), ({"city": "Lisbon", "age": 99}, set()), ({}, {"ana", "bo", "cy", "eva"}),
        ],
    )  # fmt: skip
    def test_filters(self, stores, given, expected):
        store = stores()
        store.put(("p",), "ana", {"city": "Lisbon", "age": 30, "tags": ["x", "y"]})
        store.put(("p",), "bo", {"city": "Porto", "age": 40, "deep": {"a": {"b": 2}, "c": 3}})
        store.put(("p",), "cy", {"a.b": 1, "age": 2.5})
        store.put(("p",), "eva", {"city": "Lisbon", "age": 3})
        assert keys(store.search(("p",), filter=given)) >= expected
        assert keys(store.search(("p",), filter=given)) - {"cy"} == expected - {"cy"}

    def test_an_unknown_operator_is_refused(self, stores):
        store = stores()
        store.put(("p",), "k", {"n": 1})
        with pytest.raises(ValueError, match=r"\$near"):
            store.search(("p",), filter={"n": {"$near": 1}})

    def test_namespaces_by_prefix_suffix_wildcard_depth_and_page(self, stores):
        store = stores()
        for namespace in (("a", "x", "1"), ("a", "y", "1"), ("a", "y", "2"), ("b", "x", "1"), ("c",)):
            store.put(namespace, "k", {"v": 1})
        assert store.list_namespaces() == [("a", "x", "1"), ("a", "y", "1"), ("a", "y", "2"), ("b", "x", "1"), ("c",)]
        assert store.list_namespaces(prefix=("a", "y")) == [("a", "y", "1"), ("a", "y", "2")]
        assert store.list_namespaces(suffix=("x", "1")) == [("a", "x", "1"), ("b", "x", "1")]
        assert store.list_namespaces(prefix=("*", "x")) == [("a", "x", "1"), ("b", "x", "1")]
        assert store.list_namespaces(suffix=("*", "1"), prefix=("a",)) == [("a", "x", "1"), ("a", "y", "1")]
        assert store.list_namespaces(max_depth=1) == [("a",), ("b",), ("c",)]
        assert store.list_namespaces(max_depth=2, prefix=("a",)) == [("a", "x"), ("a", "y")]
        assert store.list_namespaces(limit=2, offset=1) == [("a", "y", "1"), ("a", "y", "2")]
        assert store.list_namespaces(limit=2, offset=9) == []
        assert store.list_namespaces(prefix=("a", "x", "1", "more")) == []

    @pytest.mark.parametrize("wrong", [(), ("",), ("a.b",), ("langgraph",), ("langgraph", "x"), (3,)])
    def test_namespaces_that_cannot_be_are_refused(self, stores, wrong):
        with pytest.raises(InvalidNamespaceError):
            stores().put(wrong, "k", {"v": 1})

    @pytest.mark.parametrize("name", STRANGE)
    def test_any_characters_may_stand_in_names_and_values(self, stores, name):
        store = stores()
        store.put((name, "x"), name, {name: name, "list": [name]})
        store.put((name + "x",), name, {"other": 1})
        assert store.get((name, "x"), name).value == {name: name, "list": [name]}
        assert [item.namespace for item in store.search((name,))] == [(name, "x")]
        assert [item.key for item in store.search((), filter={name: name})] == [name]
        assert (name, "x") in store.list_namespaces(prefix=(name,))
        store.delete((name, "x"), name)
        assert store.get((name, "x"), name) is None
        assert store.get((name + "x",), name)

    def test_a_query_ranks_by_the_nearest_field(self, stores):
        store = stores(INDEX)
        store.put(("d",), "a", {"text": "aaaa", "notes": ["bb", "cc"]})
        store.put(("d",), "b", {"text": "bbbb", "notes": []})
        store.put(("d",), "d", {"text": "dddd"})
        found = store.search(("d",), query="cc")
        assert next(item.key for item in found) == "a"
        assert found[0].score == pytest.approx(1.0)
        assert {item.key: round(item.score, 3) for item in store.search(("d",), query="b")} == {
            "a": 1.0,
            "b": 1.0,
            "d": 0.0,
        }
        assert [item.key for item in store.search(("d",), query="ddd", limit=1)] == ["d"]

    def test_what_is_not_indexed_follows_without_a_score(self, stores):
        store = stores(INDEX)
        store.put(("d",), "never", {"text": "aaaa"}, index=False)
        store.put(("d",), "other", {"text": "xx", "title": "aaaa"}, index=["title"])
        store.put(("d",), "empty", {"title": "no text"})
        found = store.search(("d",), query="aaaa")
        assert [(item.key, item.score) for item in found][:1] == [("other", pytest.approx(1.0))]
        assert {item.key: item.score for item in found[1:]} == {"never": None, "empty": None}

    def test_a_query_with_filters_and_pages(self, stores):
        store = stores(INDEX)
        for n in range(12):
            store.put(("d",), f"{n}", {"text": "a" * 10 + "b" * n, "even": n % 2 == 0, "notes": ["e"]})
        found = [item.key for item in store.search(("d",), query="a", filter={"even": True}, limit=3)]
        assert found == ["0", "2", "4"]
        pages = [item.key for offset in (0, 5, 10) for item in store.search(("d",), query="a", limit=5, offset=offset)]
        assert pages == [f"{n}" for n in range(12)]

    def test_an_item_put_anew_is_found_by_what_it_says_now(self, stores):
        store = stores(INDEX)
        store.put(("d",), "k", {"text": "aaaa", "notes": ["bbb", "ccc", "ddd"]})
        store.put(("d",), "k", {"text": "eeee", "notes": ["bbb"]})
        scores = {letter: store.search(("d",), query=letter)[0].score for letter in "be"}
        assert scores == {"b": pytest.approx(1.0), "e": pytest.approx(1.0)}
        assert len(store.search(("d",))) == 1
        store.delete(("d",), "k")
        assert store.search(("d",), query="b") == store.search(("d",)) == store.search(("d",), query="e") == []


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


def test_created_at_is_kept_until_the_item_is_deleted(client, colour):
    store = Both(AgentMemStore(client), colour)
    store.put(("n",), "k", {"v": 1})
    born = store.get(("n",), "k").created_at
    store.put(("n",), "k", {"v": 2})
    assert store.get(("n",), "k").created_at == born < store.get(("n",), "k").updated_at
    store.delete(("n",), "k")
    store.put(("n",), "k", {"v": 3})
    assert store.get(("n",), "k").created_at > born


def test_a_field_that_is_gone_from_a_new_value_finds_nothing(client, colour):
    store = Both(AgentMemStore(client, index=INDEX), colour)
    store.put(("d",), "k", {"text": "aaaa", "notes": ["bbb", "ccc", "ddd"]})
    store.put(("d",), "k", {"text": "eeee"})
    assert store.search(("d",), query="d")[0].score == 0.0


def test_true_is_not_one_and_texts_are_ordered_as_texts(client, colour):
    store = Both(AgentMemStore(client), colour)
    store.put(("n",), "bool", {"v": True, "day": "2024-05-03"})
    store.put(("n",), "one", {"v": 1, "day": "2023-01-01"})
    assert keys(store.search(("n",), filter={"v": True})) == {"bool"}
    assert keys(store.search(("n",), filter={"v": 1})) == {"one"}
    assert keys(store.search(("n",), filter={"day": {"$gte": "2024-01-01"}})) == {"bool"}
    with pytest.raises(InvalidFilterError):
        store.search(("n",), filter=["v"])


class Clock:
    """A time that a test moves."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Moves the store's time and the adapter's together."""
    from langchain_agentmem import answering

    clock = Clock()

    class Moved(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.now

    monkeypatch.setattr(answering, "datetime", Moved)
    return clock


@pytest.fixture
def timed(clock, colour):
    """Makes a store whose time stands still."""
    with AgentMem(backend=in_memory_backend(clock=clock)) as memory:
        yield lambda **options: Both(AgentMemStore(memory, **options), colour)


def test_an_item_with_a_time_to_live_ends(timed, clock):
    store = timed()
    store.put(("n",), "short", {"v": 1}, ttl=10)
    store.put(("n",), "long", {"v": 1})
    clock.now += timedelta(minutes=9)
    assert keys(store.search(("n",), refresh_ttl=False)) == {"short", "long"}
    clock.now += timedelta(minutes=2)
    assert store.get(("n",), "short") is None
    assert keys(store.search(("n",))) == {"long"}
    assert store.list_namespaces() == [("n",)]


def test_a_read_keeps_an_item_alive_unless_it_should_not(timed, clock):
    store = timed()
    for key in ("got", "searched", "left"):
        store.put((key,), "k", {"v": 1}, ttl=10)
    clock.now += timedelta(minutes=6)
    before = store.get(("left",), "k", refresh_ttl=False)
    store.get(("got",), "k")
    store.search(("searched",))
    clock.now += timedelta(minutes=6)
    assert store.get(("got",), "k").updated_at == before.updated_at
    assert store.get(("searched",), "k")
    assert store.get(("left",), "k") is None


def test_putting_anew_sets_the_time_to_live_anew(timed, clock):
    store = timed()
    store.put(("n",), "k", {"v": 1}, ttl=10)
    clock.now += timedelta(minutes=6)
    store.put(("n",), "k", {"v": 1}, ttl=10)
    clock.now += timedelta(minutes=6)
    assert store.get(("n",), "k", refresh_ttl=False)
    store.put(("n",), "k", {"v": 1}, ttl=None)
    clock.now += timedelta(days=999)
    assert store.get(("n",), "k")


def test_the_stores_own_time_to_live_is_the_default(timed, clock):
    store = timed(ttl={"default_ttl": 10, "refresh_on_read": False})
    store.put(("n",), "k", {"v": 1})
    clock.now += timedelta(minutes=6)
    assert store.get(("n",), "k")
    clock.now += timedelta(minutes=6)
    assert store.get(("n",), "k") is None


def test_all_vectors_of_an_item_live_as_long_as_it(timed, clock):
    store = timed(index=INDEX)
    store.put(("n",), "k", {"text": "aa", "notes": ["bb"]}, ttl=10)
    clock.now += timedelta(minutes=6)
    store.get(("n",), "k")
    clock.now += timedelta(minutes=6)
    assert store.search(("n",), query="b")[0].score == pytest.approx(1.0)


def test_reading_often_does_not_write_often(timed, clock):
    store = timed()
    store.put(("n",), "k", {"v": 1}, ttl=100)
    for _ in range(50):
        clock.now += timedelta(minutes=1)
        store.get(("n",), "k")
    client = store.store.client
    (row,) = client.list(collection="langgraph").items
    assert row.version <= 11


def test_without_an_index_words_and_meaning_rank_and_the_rest_follows(client, colour):
    store = Both(AgentMemStore(client), colour)
    store.put(("m",), "tea", {"content": {"text": "Ana drinks green tea"}})
    store.put(("m",), "cn", {"text": "我去年五月搬到了里斯本"})
    store.put(("m",), "hidden", {"text": "tea tea tea"}, index=False)
    found = store.search(("m",), query="green tea")
    assert found[0].key == "tea"
    assert found[0].score > 0.5
    assert keys(found) == {"tea", "cn", "hidden"}
    assert found[-1].score is None
    assert store.search(("m",), query="里斯本")[0].key == "cn"
    assert keys(store.search(("m",), query="  ")) == keys(found)


def test_an_index_that_does_not_fit_is_refused(client, colour):
    wrong = Both(AgentMemStore(client, index=INDEX | {"dims": 3}), colour)
    with pytest.raises(VectorMismatchError, match="dims"):
        wrong.put(("n",), "k", {"text": "a"})
    Both(AgentMemStore(client, index=INDEX), colour).put(("n",), "k", {"text": "a"})
    with pytest.raises(VectorMismatchError):
        Both(AgentMemStore(client), colour).put(("n",), "l", {"text": "a"})


@pytest.mark.parametrize(
    "value", [{"x": object()}, {3: "x"}, {"x": datetime.now(UTC)}, {"x": float("nan")}, [1], "x", 5]
)
def test_values_that_are_no_json_are_refused(client, colour, value):
    store = Both(AgentMemStore(client), colour)
    with pytest.raises(InvalidInputError):
        store.put(("n",), "k", value)
    assert store.get(("n",), "k") is None


def test_operations_that_cannot_be_are_refused(client, colour):
    store = Both(AgentMemStore(client), colour)
    with pytest.raises(InvalidInputError):
        store.batch(["get"])
    with pytest.raises(InvalidInputError):
        store.search(("n",), limit=10_001)
    middle: Any = MatchCondition("middle", ("a",))  # type: ignore[arg-type]  # what a raw operation may hold
    with pytest.raises(InvalidInputError, match="middle"):
        store.batch([ListNamespacesOp(match_conditions=(middle,))])
    with pytest.raises(InvalidInputError, match="memories"):
        AgentMemStore(client, collection="memories")
    assert store.search(("n",), limit=0) == []


@pytest.mark.parametrize("wrong", [{"limit": "3"}, {"offset": None}, {"query": 3}])
def test_a_search_with_a_wrong_type_is_refused_by_its_name(client, colour, wrong):
    (name,) = wrong
    with pytest.raises(InvalidInputError, match=f"{name}: must be (int|str), not"):
        Both(AgentMemStore(client), colour).search(("a",), **wrong)


def test_users_and_collections_do_not_mix(client):
    one, other, bos = (
        AgentMemStore(client), AgentMemStore(client, collection="other"), AgentMemStore(client, user_id="bo"),
    )  # fmt: skip
    one.put(("n",), "k", {"v": "ana"})
    bos.put(("n",), "k", {"v": "bo"})
    assert other.get(("n",), "k") is None
    assert other.list_namespaces() == []
    bos.delete(("n",), "k")
    assert found(one).value == {"v": "ana"}
    assert client.search("ana") == [], "items are no memories"


def test_a_store_on_disk_is_there_again(tmp_path):
    AgentMemStore(path=tmp_path / "s").put(("n",), "k", {"v": 1})
    assert found(AgentMemStore(path=tmp_path / "s")).value == {"v": 1}


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "a.b", "%2E", "$x"]), inner),
            max_leaves=6,
        ),
        max_size=4,
    )
)  # fmt: skip
def test_any_json_comes_back(value):
    with AgentMem(backend=in_memory_backend()) as memory:
        store = AgentMemStore(memory)
        store.put(("n",), "k", value)
        assert found(store).value == value


def test_errors_of_the_store_are_raised(client, colour):
    store = Both(AgentMemStore(client), colour)
    client.close()
    for call in (lambda: store.put(("n",), "k", {"v": 1}), lambda: store.get(("n",), "k"), lambda: store.search(())):
        with pytest.raises(StoreClosedError):
            call()
