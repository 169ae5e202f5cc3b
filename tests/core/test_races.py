"""Views of rows that change meanwhile: whatever the order of events, a later search sees what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.core.clock import HOUR, Clock

from agentmem_core import AgentMem, ConflictError, EmbedderMismatchError, NotFoundError, VectorMismatchError
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.recall.lexicon import Lexicon
from agentmem_core.storage.sqlite import SqliteLedger, writer
from agentmem_core.testing import MemoryLedger, in_memory_backend

LEDGERS: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _folder: MemoryLedger(),
    "sqlite": lambda folder: SqliteLedger(folder, durability="normal"),
}


def opened(folder: Path | str, **options: Any) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


def contents(memory: AgentMem, query: str, **narrowing: Any) -> list[str]:
    return sorted(hit.memory.content for hit in memory.search(query, limit=10_000, **narrowing))


# --- a search that began before an add ----------------------------------------------------------------------------------


class Halting:
    """A ledger that halts one thread after it has looked at the ledger for the n-th time."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._countdown: dict[int, int] = {}
        self.halted, self.go_on = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def halt_here(self, turn: int) -> None:
        """At the ``turn``-th reading of this thread."""
        self._countdown[threading.get_ident()] = turn

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self._ledger.reading() as reader:
            reader.setting("a view of SQLite's begins with the first look")
            self._looked()
            yield reader

    def glance(self, partition: Any, rows: Any) -> Any:
        found = self._ledger.glance(partition, rows)
        self._looked()
        return found

    def _looked(self) -> None:
        turn = self._countdown.get(threading.get_ident(), 0) - 1
        self._countdown[threading.get_ident()] = turn
        if turn == 0:
            self.halted.set()
            assert self.go_on.wait(30)


@pytest.mark.parametrize("kind", LEDGERS)
@pytest.mark.parametrize(
    ("cached", "turn"),
    [(True, 1), (False, 1), (False, 2)],
    ids=["view in cache", "no view yet, the first look", "no view yet, the second look"],
)
def test_a_search_that_began_before_an_add_does_not_lose_the_row_for_later_ones(tmp_path, kind, turn, cached):
    ledger = Halting(LEDGERS[kind](tmp_path))
    with AgentMem(backend=in_memory_backend(ledger=ledger)) as memory:
        memory.add_many([f"early memory {n}" for n in range(5)])
        if cached:
            memory.search("memory")
        else:  # the add has seen the partition, so that a search need not look for it
            memory._backend._engine.seen.keep_partition(("default", "memories", "default"), None)  # type: ignore[attr-defined]
        found: dict[str, list[str]] = {}

        def slow() -> None:
            ledger.halt_here(turn)
            found["slow"] = contents(memory, "memory")

        def quick() -> None:
            found["quick"] = contents(memory, "memory")

        threads = [threading.Thread(target=slow), threading.Thread(target=quick)]
        threads[0].start()
        assert ledger.halted.wait(30), "a search reads the ledger at least so many times"
        memory.add("late memory")
        memory.update(memory.add("another memory").ids[0], content="changed memory")
        threads[1].start()
        threads[1].join(0.2)  # it ends, or waits for the view that the slow one holds; both must do
        ledger.go_on.set()
        for thread in threads:
            thread.join()
        early = [f"early memory {n}" for n in range(5)]
        assert set(found["slow"]) >= set(early)
        assert found["quick"] == contents(memory, "memory") == sorted([*early, "late memory", "changed memory"])
        assert contents(memory, "another", mode="lexical") == []


# --- many changes at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [1, 64, 65, 300])
@pytest.mark.parametrize("kept", [writer.CHANGES_KEPT, 16], ids=["whole log", "short log"])
def test_a_view_replays_any_number_of_changes(tmp_path, monkeypatch, changed, kept):
    """Of each kind, made by another client; a view that cannot replay them is made anew."""
    monkeypatch.setattr(writer, "CHANGES_KEPT", kept)
    with opened(tmp_path) as memory, opened(tmp_path) as other:
        memory.add_many(
            {"content": f"memory number{n}", "id": f"m{n}", "metadata": {"kind": "old"}} for n in range(900)
        )
        assert len(contents(memory, "memory", filters={"kind": "old"})) == 900
        for n in range(changed):
            other.update(f"m{n}", content=f"changed number{n}", metadata={"kind": "new"})
        other.delete([f"m{n}" for n in range(300, 300 + changed)])
        other.forget(ids=[f"m{n}" for n in range(600, 600 + changed)])
        other.add("memory after all that", metadata={"kind": "old"})
        left = [n for n in range(900) if not any(start <= n < start + changed for start in (0, 300, 600))]
        old = sorted([*(f"memory number{n}" for n in left), "memory after all that"])
        assert contents(memory, "memory", filters={"kind": "old"}) == old
        assert contents(memory, "changed", mode="lexical") == sorted(f"changed number{n}" for n in range(changed))
        with opened(tmp_path) as fresh:
            for query in ("memory", "changed number7", "number299 number300"):
                assert contents(memory, query) == contents(fresh, query)


# --- another embedder, while rows change ------------------------------------------------------------------------------------


def test_changes_made_while_the_store_is_embedded_anew_have_the_new_embedders_vectors(tmp_path):
    """Between the reading of the rows and the keeping of their vectors, at every step of a reindex."""
    other = opened(tmp_path)
    under_way: list[Callable[[], object]] = [
        lambda: other.update("m0", content="updated during the first step"),
        lambda: other.forget(ids=["m1"]),
        lambda: other.delete("m2"),
        lambda: other.add("added during a step", id="added"),
        lambda: other.update("m1500", content="updated after it was embedded"),
    ]

    def embed(texts: list[str]) -> list[list[float]]:
        if len(texts) > 1 and under_way:
            under_way.pop(0)()
        return [[float(sum(map(ord, text)) % 97), float(len(text)), 1.0] for text in texts]

    with opened(tmp_path) as memory:
        memory.add_many({"content": f"memory number {n}", "id": f"m{n}"} for n in range(4_500))
        assert memory.reindex(embedder=embed).finished
        assert not under_way, "every change was made while a step embedded"
        other.close()
        now = {item.id: item.content for item in memory.list(limit=10_000).items}
        assert now["m0"] == "updated during the first step"
        assert now["m1500"] == "updated after it was embedded"
        assert now["added"] == "added during a step"
        assert "m1" not in now
        assert "m2" not in now
        with pytest.raises(NotFoundError):
            memory.get("m1")
        engine = memory._backend._engine  # type: ignore[attr-defined]
        with engine.ledger.reading() as reader:
            partition = reader.partition("default", "memories", "default")
            for memory_id, content in now.items():
                record = reader.by_id(partition.id, memory_id)
                assert record.vector == engine.embed([content], "document").tobytes(), memory_id
            assert reader.setting("reindex:default") is None


def test_a_second_reindex_to_another_embedder_is_told_of_the_one_under_way(tmp_path):
    refusals: list[str] = []

    def embed(texts: list[str]) -> list[list[float]]:
        if len(texts) > 1:
            with opened(tmp_path) as other, pytest.raises(ConflictError, match="under way") as refused:
                other.reindex(embedder="hashing:16")
            refusals.append(str(refused.value))
        return [[float(len(text)), 1.0] for text in texts]

    with opened(tmp_path) as memory:
        memory.add_many([f"memory number {n}" for n in range(20)])
        assert memory.reindex(embedder=embed).finished
        assert len(refusals) == 1


# --- what this process remembers of a user ------------------------------------------------------------------------------


def test_a_user_erased_and_told_again_by_another_client_is_found(tmp_path):
    with AgentMem(tmp_path, embedder="hashing") as mine, AgentMem(tmp_path, embedder="hashing") as theirs:
        mine.add("early tea", user_id="ana")
        assert contents(mine, "tea", user_id="ana") == ["early tea"]
        theirs.forget(user_id="ana")
        assert contents(mine, "tea", user_id="ana") == []
        theirs.add("late tea", user_id="ana")
        assert contents(mine, "tea", user_id="ana") == ["late tea"]


def test_a_user_erased_and_told_again_between_two_searches_is_found(tmp_path):
    with AgentMem(tmp_path, embedder="hashing") as mine, AgentMem(tmp_path, embedder="hashing") as theirs:
        mine.add("early tea", user_id="ana")
        assert contents(mine, "tea", user_id="ana") == ["early tea"]
        theirs.forget(user_id="ana")
        theirs.add("late tea", user_id="ana")
        assert contents(mine, "tea", user_id="ana") == ["late tea"]


def test_vectors_put_in_place_of_others_by_another_client_are_found(tmp_path):
    with AgentMem(tmp_path, embedder="hashing") as mine, AgentMem(tmp_path, embedder="hashing") as theirs:
        mine.add("tea", vector=[1.0, 0.0], collection="own")
        assert [hit.memory.content for hit in mine.search(vector=[1.0, 0.0], collection="own")] == ["tea"]
        theirs.forget(user_id="default", collection="own")
        assert mine.search(vector=[1.0, 0.0], collection="own") == []
        theirs.add("milk", vector=[0.0, 1.0], collection="own")
        assert [hit.memory.content for hit in mine.search(vector=[0.0, 1.0], collection="own")] == ["milk"]
        with pytest.raises(VectorMismatchError, match="2"):
            mine.search(vector=[1.0, 0.0, 0.0], collection="own")


def test_memories_embedded_anew_by_another_client_are_refused_with_the_cure(tmp_path):
    with (
        AgentMem(tmp_path, embedder="hashing") as mine,
        AgentMem(tmp_path, embedder="wordllama", user_id="x") as theirs,
    ):
        mine.add("tea")
        assert contents(mine, "tea") == ["tea"]
        with AgentMem(tmp_path, embedder="hashing") as third:
            third.reindex(embedder="wordllama")
        with pytest.raises(EmbedderMismatchError, match="hashing"):
            mine.search("tea")
        assert [hit.memory.content for hit in theirs.search("tea", user_id="default")] == ["tea"]


# --- what ends while a search waits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("searched", [True, False], ids=["searched meanwhile", "not searched meanwhile"])
def test_what_ends_while_a_search_waits_for_its_embedder_is_over(tmp_path, searched):
    clock = Clock()
    meanwhile: list[Callable[[], None]] = []

    class Waiting(HashingEmbedder):
        def embed(self, texts: Any, *, kind: Any) -> Any:
            if kind == "query" and meanwhile:
                meanwhile.pop()()
            return super().embed(texts, kind=kind)

    backend = in_memory_backend(ledger=SqliteLedger(tmp_path, durability="normal"), clock=clock, embedder=Waiting())
    with AgentMem(backend=backend) as memory:
        memory.add("Ana has tea for an hour", expires_at=clock.now + HOUR)
        lisbon = memory.add("Ana lives in Lisbon").ids[0]
        assert contents(memory, "Ana") == ["Ana has tea for an hour", "Ana lives in Lisbon"]

        def later() -> None:
            clock.pass_(2 * HOUR)
            if searched:
                memory.update(lisbon, valid_to=clock.now)
                memory.add("Ana lives in Porto")
                memory.search("Porto")

        meanwhile.append(later)
        assert contents(memory, "Ana") == ["Ana lives in Porto" if searched else "Ana lives in Lisbon"]


# --- a view that is made anew, and one that failed -----------------------------------------------------------------------


def test_a_view_that_is_made_anew_belongs_to_who_makes_it(tmp_path):
    """Others find it as soon as it is there: they must wait until it is whole."""
    with opened(tmp_path) as memory:
        added = memory.add_many([f"memory number {n}" for n in range(300)])
        assert contents(memory, "memory")
        memory.delete(added.ids[:200])
        engine = memory._backend._engine  # type: ignore[attr-defined]
        partition = engine.seen.partition(("default", "memories", "default"))
        with engine.views.current(engine.ledger, partition) as sight:
            assert sight is not None
            now, view = sight.partition, sight.cached
            assert len(view.view) == 300 - 200 or view.view.dead == 200
            assert engine.views._views[partition.id] is view
            with engine.views.current(engine.ledger, now, wait=False) as other:
                assert other is None
        assert len(contents(memory, "memory")) == 100


def test_searches_while_rows_go_and_views_are_made_anew(tmp_path):
    with opened(tmp_path) as memory:
        memory.add_many([f"stays {n}" for n in range(40)])
        found: list[int] = []
        over = threading.Event()

        def searching() -> None:
            while not over.is_set():
                found.append(sum(one.startswith("stays") for one in contents(memory, "stays goes")))

        threads = [threading.Thread(target=searching) for _ in range(3)]
        for thread in threads:
            thread.start()
        for turn in range(15):
            memory.delete(memory.add_many([f"goes {turn} {n}" for n in range(100)]).ids)
        over.set()
        for thread in threads:
            thread.join()
        assert set(found) == {40}


def test_a_view_that_failed_in_the_middle_of_an_update_is_read_anew(tmp_path, monkeypatch):
    with opened(tmp_path) as memory:
        memory.add("the first")
        assert contents(memory, "first second") == ["the first"]
        memory.add("the second")
        with monkeypatch.context() as patch:
            patch.setattr(Lexicon, "extend", lambda *_: (_ for _ in ()).throw(MemoryError))
            with pytest.raises(MemoryError):
                memory.search("first second")
        assert contents(memory, "first second") == ["the first", "the second"]
