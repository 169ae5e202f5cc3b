"""What holds for every input: isolation, paging, filters, round trips, and caches equal to what they cache."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmem_core.connect import Config, connect
from agentmem_core.engine.cached import CachedView
from agentmem_core.errors import ConflictError, InvalidInputError, NotFoundError
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.model.filters import AnyFilter, Filter, FilterGroup, FilterOperator, field_value
from agentmem_core.model.matching import matches
from agentmem_core.operations import NewMemory, StatsOf
from agentmem_core.ports import Backend, Ledger, Partition, Record
from agentmem_core.recall.columns import Column, filter_mask
from agentmem_core.recall.lexicon import K1, B, Lexicon
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.testing import MemoryLedger, in_memory_backend
from agentmem_core.testing import strategies as some
from agentmem_core.testing.backend_asking import Asking, item
from agentmem_core.testing.ledger_samples import a_partition, a_record, blob, edited, put

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
IDS = ("m1", "m2", "m3", "m4")
CONTENTS = ("green tea", "black coffee", "red wine", "绿茶", "moved to Lisbon")
BACKENDS: dict[str, Callable[[], Backend]] = {
    "sqlite": lambda: connect(Config(path=":memory:", embedder="hashing:16")),
    "python": lambda: in_memory_backend(embedder="hashing:16"),
}


# --- isolation --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A memory as the model of the store knows it."""

    content: str
    agent_id: str | None
    session_id: str | None
    n: int
    deleted: bool = False


Users = dict[tuple[str, str], dict[str, Kept]]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            "add add add add get list search update delete delete_where history restore forget forget_ids relate stats "
            "export".split()
        ),
        some.scopes(),
        st.sampled_from(IDS),
        st.sampled_from(IDS),
        st.sampled_from(CONTENTS),
        st.integers(0, 2),
    ),
    min_size=5,
    max_size=30,
)


class World:
    """Runs one step on the store and on the model, and compares what the caller sees."""

    def __init__(self, backend: Backend) -> None:
        self.run = Asking(backend, "sync")
        self.users: Users = {}

    def mine(self, scope: Scope) -> dict[str, Kept]:
        return self.users.setdefault((scope.tenant, scope.user_id), {})

    def seen(self, scope: Scope, *, deleted: bool = False) -> dict[str, Kept]:
        return {
            name: kept
            for name, kept in self.mine(scope).items()
            if scope.agent_id in (None, kept.agent_id)
            and scope.session_id in (None, kept.session_id)
            and (deleted or not kept.deleted)
        }

    def add(self, scope: Scope, name: str, _: str, content: str, n: int) -> None:
        there = self.mine(scope).get(name)
        new = Kept(content, scope.agent_id, scope.session_id, n)
        try:
            self.run.add(item(content, id=name, metadata={"n": n}), scope=scope)
        except ConflictError:
            assert there is not None
            assert not there.deleted
            assert (there.content, there.agent_id, there.session_id) != (content, scope.agent_id, scope.session_id)
            return
        if there is None or there.deleted:
            self.mine(scope).pop(name, None)
            self.mine(scope)[name] = new
        else:
            assert replace(there, n=n) == new

    def get(self, scope: Scope, *_: Any) -> None:
        found = self.run.get(*IDS, scope=scope)
        assert {memory.id for memory in found} == set(self.seen(scope)) & set(IDS)
        self.check(scope, found)

    def list(self, scope: Scope, _: str, __: str, content: str, n: int) -> None:
        found = self.run.page(scope=scope).items
        assert sorted(memory.id for memory in found) == sorted(self.seen(scope))
        self.check(scope, found)
        filtered = self.run.page(scope=scope, filters={"n": n}).items
        assert {memory.id for memory in filtered} == {name for name, kept in self.seen(scope).items() if kept.n == n}

    def search(self, scope: Scope, _: str, __: str, content: str, n: int) -> None:
        for mode in ("hybrid", "lexical", "dense"):
            found = [hit.memory for hit in self.run.search(content, scope=scope, mode=mode, limit=100)]
            self.check(scope, found)
            same = {name for name, kept in self.seen(scope).items() if kept.content == content}
            assert same <= {memory.id for memory in found} <= set(self.seen(scope))
        found = [hit.memory for hit in self.run.search(scope=scope, limit=100)]
        assert {memory.id for memory in found} == set(self.seen(scope))

    def update(self, scope: Scope, name: str, _: str, content: str, n: int) -> None:
        if self.exists(scope, name, lambda: self.run.update(name, scope=scope, content=content, metadata={"n": n})):
            self.mine(scope)[name] = replace(self.mine(scope)[name], content=content, n=n)

    def delete(self, scope: Scope, name: str, _: str, __: str, n: int) -> None:
        if self.exists(scope, name, lambda: self.run.delete(name, scope=scope)):
            self.mine(scope)[name] = replace(self.mine(scope)[name], deleted=True)

    def delete_where(self, scope: Scope, _: str, __: str, content: str, n: int) -> None:
        gone = [name for name, kept in self.seen(scope).items() if kept.n == n]
        assert self.run.delete(scope=scope, filters={"n": n}) == len(gone)
        for name in gone:
            self.mine(scope)[name] = replace(self.mine(scope)[name], deleted=True)

    def history(self, scope: Scope, name: str, *_: Any) -> None:
        versions: list[Any] = []
        if self.exists(scope, name, lambda: versions.extend(self.run.history(name, scope=scope)), deleted=True):
            assert versions[-1].content == self.mine(scope)[name].content

    def restore(self, scope: Scope, name: str, *_: Any) -> None:
        restored: list[Memory] = []
        if self.exists(scope, name, lambda: restored.append(self.run.restore(name, 1, scope=scope)), deleted=True):
            [memory] = restored
            kept = replace(self.mine(scope)[name], content=memory.content, n=memory.metadata["n"], deleted=False)
            self.mine(scope)[name] = kept

    def forget(self, scope: Scope, *_: Any) -> None:
        gone = list(self.seen(scope, deleted=True))
        assert self.run.forget(scope=scope).memories == len(gone)
        for name in gone:
            del self.mine(scope)[name]

    def forget_ids(self, scope: Scope, first: str, second: str, *_: Any) -> None:
        gone = {first, second} & set(self.seen(scope, deleted=True))
        assert self.run.forget(first, second, scope=scope).memories == len(gone)
        for name in gone:
            del self.mine(scope)[name]

    def relate(self, scope: Scope, first: str, second: str, *_: Any) -> None:
        ends = {first, second} <= set(self.seen(scope))
        try:
            self.run.relate(first, second, scope=scope)
            assert ends
            links = self.run.links(first, scope=scope)
            known = set(self.mine(scope))
            assert {link.source for link in links} | {link.target for link in links} <= known
        except NotFoundError:
            assert not ends

    def stats(self, scope: Scope, *_: Any) -> None:
        stats = self.run(StatsOf(scope=scope))
        assert stats.memories == len(self.seen(scope))
        assert stats.deleted == len(self.seen(scope, deleted=True)) - len(self.seen(scope))
        everyone = self.run(StatsOf(scope=Scope(tenant=scope.tenant), everyone=True))
        assert everyone.memories == sum(
            not kept.deleted
            for (tenant, _), memories in self.users.items()
            for kept in memories.values()
            if tenant == scope.tenant
        )

    def export(self, scope: Scope, *_: Any) -> None:
        records = [record for record in self.run.export(scope=scope) if record["kind"] == "memory"]
        assert {record["id"] for record in records} == set(self.seen(scope, deleted=True))
        assert {record["user_id"] for record in records} <= {scope.user_id}

    def check(self, scope: Scope, found: Any) -> None:
        for memory in found:
            kept = self.seen(scope)[memory.id]
            assert (memory.scope.tenant, memory.scope.user_id) == (scope.tenant, scope.user_id)
            assert (memory.content, memory.scope.agent_id, memory.scope.session_id) == (
                kept.content, kept.agent_id, kept.session_id,
            )  # fmt: skip

    def exists(self, scope: Scope, name: str, call: Callable[[], object], *, deleted: bool = False) -> bool:
        """Whether the call went through, which it must exactly when the memory exists for the caller."""
        expected = name in self.seen(scope, deleted=deleted)
        try:
            call()
        except NotFoundError:
            assert not expected
            return False
        assert expected
        return True


@pytest.mark.parametrize("kind", sorted(BACKENDS))
@settings(max_examples=80)
@given(steps=STEPS)
def test_nothing_of_another_tenant_or_user_is_returned_changed_counted_or_deleted(
    kind: str, steps: list[tuple[str, Scope, str, str, str, int]]
) -> None:
    with closing(BACKENDS[kind]()) as backend:
        world = World(backend)
        for verb, scope, *arguments in steps:
            getattr(world, verb)(scope, *arguments)
        for tenant, user_id in world.users:
            whole = Scope(tenant=tenant, user_id=user_id)
            for verb in ("list", "get", "search", "stats", "export"):
                getattr(world, verb)(whole, "m1", "m2", "green tea", 0)


# --- paging -----------------------------------------------------------------------------------------------------------


@settings(max_examples=80)
@given(
    start=st.integers(0, 12),
    limit=st.integers(1, 5),
    order=st.sampled_from(("oldest", "newest")),
    filters=st.sampled_from((None, {"odd": True})),
    between=st.lists(st.tuples(st.sampled_from(("add", "delete")), st.integers(0, 20)), max_size=20),
)
def test_paging_covers_each_row_once_while_rows_come_and_go(
    start: int, limit: int, order: str, filters: Any, between: list[tuple[str, int]]
) -> None:
    with closing(in_memory_backend(embedder="hashing:8")) as backend:
        run = Asking(backend, "sync")
        number = iter(range(1_000))
        there = [_numbered(run, next(number)) for _ in range(start)]
        steady = {name for name, odd in there if odd or filters is None}
        gone: set[str] = set()
        seen: list[str] = []
        changes = iter(between)
        cursor: str | None = None
        while True:
            page = run.page(limit=limit, cursor=cursor, order=order, filters=filters)
            assert not {memory.id for memory in page.items} & gone
            seen += [memory.id for memory in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            verb, choice = next(changes, ("", 0))
            if verb == "add":
                there.append(_numbered(run, next(number)))
            elif verb == "delete":
                name, _ = there[choice % len(there)]
                gone.add(name)
                run.delete(name, missing="ignore")
        assert max(Counter(seen).values(), default=1) == 1
        assert steady - gone <= set(seen)
        places = [[name for name, _ in there].index(name) for name in seen]
        assert places == sorted(places, reverse=order == "newest")


def _numbered(run: Asking, number: int) -> tuple[str, bool]:
    [memory] = run.add(item(f"number {number}", metadata={"odd": number % 2 == 1}))
    return memory.id, number % 2 == 1


# --- filters ----------------------------------------------------------------------------------------------------------


def a_memory(number: int, metadata: dict[str, Any]) -> Memory:
    return Memory(
        id=f"m{number}", content=CONTENTS[number % 5], type=[*MemoryType][number % 8], metadata=metadata,
        scope=Scope(agent_id=(None, "planner")[number % 2]), importance=number % 3 / 2, version=1 + number % 2,
        occurred_at=NOON + timedelta(days=number), created_at=NOON, updated_at=NOON,
    )  # fmt: skip


@settings(max_examples=100)
@given(rows=st.lists(some.metadata(), max_size=6), wanted=some.filters(), split=st.integers(0, 6))
def test_a_filter_over_columns_means_what_it_means_for_each_memory(
    rows: list[dict[str, Any]], wanted: AnyFilter, split: int
) -> None:
    memories = [a_memory(number, metadata) for number, metadata in enumerate(rows)]
    assert mask_over_columns(memories, wanted, split) == [matches(wanted, memory) for memory in memories]


ALIKE: tuple[Any, ...] = (
    True,
    1,
    1.0,
    "1",
    "True",
    False,
    0,
    0.0,
    -0.0,
    "",
    [1],
    [True],
    [1.0],
    ["1"],
    [],
    {},
    {"a": 1},
    {"a": True},
    None,
)


@pytest.mark.parametrize("operator", FilterOperator)
def test_values_that_python_takes_for_equal_stay_apart_in_columns(operator: FilterOperator) -> None:
    for values in (ALIKE, ALIKE[::-1]):
        memories = [a_memory(number, {"a": value}) for number, value in enumerate(values)]
        for value in values:
            lists = operator in {FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL}
            texts = operator in {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}
            wanted = Filter(field="a", operator=operator, value=[value] if lists else str(value) if texts else value)
            expected = [matches(wanted, memory) for memory in memories]
            assert mask_over_columns(memories, wanted, 5) == expected, value


def mask_over_columns(memories: list[Memory], wanted: AnyFilter, split: int) -> list[bool]:
    """What the columns say, each filled in two parts."""

    def column(field: str) -> Column:
        made = Column()
        cells = [field_value(memory, field) for memory in memories]
        made.extend(cells[:split])
        made.extend(cells[split:])
        return made

    told: list[bool] = filter_mask(wanted, column, len(memories)).tolist()
    return told


@settings(max_examples=60)
@given(rows=st.lists(some.metadata(), min_size=1, max_size=8), wanted=some.filters())
def test_searching_listing_and_deleting_agree_on_what_a_filter_means(
    rows: list[dict[str, Any]], wanted: AnyFilter
) -> None:
    with closing(BACKENDS["sqlite"]()) as backend:
        run = Asking(backend, "sync")
        memories = run.add(*(item(f"tea {n}", metadata=metadata) for n, metadata in enumerate(rows)))
        expected = {memory.id for memory in memories if matches(wanted, memory)}
        assert {memory.id for memory in run.page(filters=wanted).items} == expected
        assert {hit.memory.id for hit in run.search("tea", filters=wanted, limit=50)} == expected
        assert {hit.memory.id for hit in run.search(filters=wanted, limit=50)} == expected
        if isinstance(wanted, FilterGroup) and not wanted.filters:
            with pytest.raises(InvalidInputError, match="would take everything"):
                run.delete(filters=wanted)
            return
        assert run.delete(filters=wanted) == len(expected)
        assert len(run.contents()) == len(memories) - len(expected)


# --- export and import ------------------------------------------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("update", "delete", "restore", "relate", "replace")),
        st.integers(0, 9),
        some.texts(max_size=20),
    ),
    max_size=8,
)


@pytest.mark.parametrize("target", sorted(BACKENDS))
@settings(max_examples=60)
@given(
    items=st.lists(some.new_memories(), min_size=1, max_size=5),
    given_vectors=st.lists(st.tuples(some.texts(max_size=20), some.vectors(3)), max_size=3),
    changes=CHANGES,
    limit=st.integers(1, 4),
)
def test_an_export_that_is_imported_is_the_same_again(
    target: str,
    items: list[NewMemory],
    given_vectors: list[tuple[str, list[float]]],
    changes: list[tuple[str, int, str]],
    limit: int,
) -> None:
    with closing(BACKENDS["sqlite"]()) as backend, closing(BACKENDS[target]()) as other:
        run, there = Asking(backend, "sync"), Asking(other, "sync")
        ids = [memory.id for memory in run.add(*items)]
        if given_vectors:
            run.add(*(item(text, vector=vector) for text, vector in given_vectors), collection="mine")
        for verb, number, text in changes:
            _change(run, verb, ids[number % len(ids)], ids[-1], text)
        records = run.export(limit=limit)
        assert json.loads(json.dumps(records)) == records
        there.import_(records)
        assert there.export() == records
        assert there.page().items == run.page().items
        for name in ids:
            assert there.history(name) == run.history(name)
        vector = [0.5, -0.25, 1.0]
        mine, theirs = (each.search(vector=vector, collection="mine", limit=50) for each in (run, there))
        assert [(hit.memory, hit.score) for hit in mine] == [(hit.memory, hit.score) for hit in theirs]


def _replaced(run: Asking, text: str, name: str) -> None:
    """Put a text in place of another; an id of another session stays that session's."""
    with suppress(ConflictError):
        run.add(item(text, id=name), on_conflict="replace")


def _change(run: Asking, verb: str, name: str, other: str, text: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "update": lambda: run.update(name, content=text, metadata={"t": text}),
        "delete": lambda: run.delete(name, reason=text),
        "restore": lambda: run.restore(name, 1),
        "relate": lambda: run.relate(name, other, metadata={"t": text}),
        "replace": lambda: _replaced(run, text, name),
    }
    try:
        calls[verb]()
    except NotFoundError:
        return


# --- the lexicon ------------------------------------------------------------------------------------------------------

WORDS = st.lists(st.sampled_from("tea milk cup sugar 茶 x y z".split()), max_size=6)


@settings(max_examples=150)
@given(
    first=st.lists(WORDS, max_size=90),
    more=st.lists(WORDS, max_size=80),
    exchanged=st.lists(st.tuples(st.integers(0, 200), WORDS), max_size=6),
)
def test_a_lexicon_is_the_same_however_it_was_built_and_is_bm25(
    first: list[list[str]], more: list[list[str]], exchanged: list[tuple[int, list[str]]]
) -> None:
    rows = [*first, *more]
    grown, single = Lexicon(), Lexicon()
    grown.extend(first)
    grown.weights("tea")  # what came before a look stands apart from what comes after it
    grown.extend(more)
    for row in rows:
        single.extend([row])
    told = {place % len(rows): row for place, row in exchanged} if rows else {}
    for place, row in told.items():
        rows[place] = row
        single.replace({place: row})
    if told:
        grown.replace(told)
    bulk = Lexicon()
    bulk.extend(rows)
    assert len(bulk) == len(grown) == len(single) == len(rows)
    for word in "tea milk cup sugar 茶 x y z unseen".split():
        expected = naive_bm25(rows, word)
        idf, weighed = naive_idf(rows, word), {}
        for lexicon in (bulk, grown, single):
            positions, weights, my_idf = lexicon.weights(word)
            assert len(set(positions.tolist())) == len(positions)
            weighed[lexicon] = dict(zip(positions.tolist(), weights.tolist(), strict=True))
            assert my_idf == pytest.approx(idf)
        assert weighed[bulk] == pytest.approx(expected, rel=1e-4)
        assert weighed[bulk] == weighed[grown] == weighed[single]  # to the last bit


def naive_idf(rows: list[list[str]], word: str) -> float:
    holding = sum(word in row for row in rows)
    return math.log(1 + (len(rows) - holding + 0.5) / (holding + 0.5))


def naive_bm25(rows: list[list[str]], word: str) -> dict[int, float]:
    mean = sum(map(len, rows)) / max(len(rows), 1) or 1.0
    return {
        place: naive_idf(rows, word) * times * (K1 + 1) / (times + K1 * (1 - B + B * len(row) / mean))
        for place, row in enumerate(rows)
        if (times := row.count(word))
    }


# --- views ------------------------------------------------------------------------------------------------------------

LEDGERS: dict[str, Callable[[], Ledger]] = {"sqlite": lambda: SqliteLedger(None), "python": MemoryLedger}
EVENTS = st.lists(
    st.tuples(st.sampled_from(("add", "add", "edit", "delete", "erase", "look")), st.integers(0, 30), some.vectors(4)),
    max_size=25,
)


@pytest.mark.parametrize("kind", sorted(LEDGERS))
@settings(max_examples=60)
@given(events=EVENTS, vectors=st.booleans())
def test_a_view_that_followed_every_change_equals_a_fresh_one(
    kind: str, events: list[tuple[str, int, list[float]]], *, vectors: bool
) -> None:
    with closing(LEDGERS[kind]()) as ledger:
        part = a_partition(ledger)
        followed = CachedView(part, vectors=vectors)
        erased = False
        for verb, number, vector in events:
            erased |= _happen(ledger, part, verb, number, vector)
            if verb == "look":
                _look(ledger, followed)
        _look(ledger, followed)
        fresh = CachedView(part, vectors=vectors)
        _look(ledger, fresh)
        assert _shown(followed) == _shown(fresh)
        if not erased:
            for word in ("text", "edited", "gone"):
                *mine, my_idf = followed.view.lexicon.weights(word)
                *theirs, their_idf = fresh.view.lexicon.weights(word)
                assert my_idf == pytest.approx(their_idf)
                assert dict(zip(*map(np.ndarray.tolist, mine), strict=True)) == pytest.approx(
                    dict(zip(*map(np.ndarray.tolist, theirs), strict=True))
                )


def _happen(ledger: Ledger, part: Partition, verb: str, number: int, vector: list[float]) -> bool:
    """One event; whether rows were erased by it."""
    if verb == "add":
        turn: dict[str, Any] = {"role": "user", "speaker": "Ana", "session_id": f"s{number % 2}"} if number % 3 else {}
        put(
            ledger,
            part,
            a_record(f"text {number}", vector=blob(*vector), occurred_at=NOON + timedelta(hours=number), **turn),
        )
        return False
    rows = _rows(ledger, part)
    if not rows or verb == "look":
        return False
    record = rows[number % len(rows)]
    with ledger.writing() as writer:
        if verb == "edit":
            writer.rewrite(replace(edited(record, f"edited {number}", importance=0.9), vector=blob(*vector)))
        elif verb == "delete":
            writer.rewrite(replace(edited(record, record.memory.content), deleted_at=NOON))
        else:
            writer.erase(part.id, [record.row])
    return verb == "erase"


def _rows(ledger: Ledger, part: Partition) -> list[Record]:
    with ledger.reading() as reader:
        names = [name for _, name in reader.values(part.id, "id", after=0)]
        found = [reader.by_id(part.id, str(name)) for name in names]
    return [record for record in found if record is not None]


def _look(ledger: Ledger, cached: CachedView) -> None:
    with ledger.reading() as reader:
        [part] = reader.partitions()
        cached.follow(reader, part)


def _shown(cached: CachedView) -> list[tuple[Any, ...]]:
    """What a view says of its living rows, codes told as the names they stand for."""
    view = cached.view
    names = {
        "type": view.types, "agent": view.agents, "session": view.sessions, "speaker": view.speakers,
    }  # fmt: skip
    told = {kind: dict(enumerate(codes.names, 1)) for kind, codes in names.items()}
    place = view.talk().place
    return [
        (
            *(told[name].get(int(view.columns[name][n])) if name in told else view.columns[name][n].item()
              for name, _ in view.columns.KINDS),
            view.vectors[n].tolist() if view.has_vectors else None,
            place[n] >= 0,
        )
        for n in range(len(view))
        if view.columns["alive"][n]
    ]  # fmt: skip


# --- what the model takes ---------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    items=st.lists(some.new_memories() | some.messages().map(lambda turn: NewMemory(**turn.model_dump())), max_size=4)
)
def test_whatever_is_accepted_is_kept_as_it_was_given(items: list[NewMemory]) -> None:
    with closing(BACKENDS["sqlite"]()) as backend:
        run = Asking(backend, "sync")
        memories = run.add(*items)
        assert len(memories) == len(items)
        for given_item, memory in zip(items, memories, strict=True):
            assert run.get(memory.id)
            if given_item.role is not None:
                assert (memory.content, memory.metadata) == (given_item.content, given_item.metadata)
        assert json.loads(json.dumps(run.export())) is not None
