"""Memories kept in memory for the next search: always those of the ledger, and each caller's own."""

from __future__ import annotations

import itertools
import random
import sqlite3
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentmem_core import AgentMem, StoreDamagedError, StoreFullError
from agentmem_core.engine.remembered import Remembered
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.testing import in_memory_backend

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def opened(folder: Path | str, **options: Any) -> AgentMem:
    return AgentMem(
        folder, **{"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana", **options}
    )


def warmed(memory: AgentMem, query: str = "tea", **options: Any) -> list[Memory]:
    """What a search finds that has found it often."""
    for _ in range(3):
        memory.search(query, **options)
    return [hit.memory for hit in memory.search(query, **options)]


def a_memory(number: int, **changes: Any) -> Memory:
    fields: dict[str, Any] = {
        "id": f"m{number}", "content": f"memory {number}", "type": MemoryType.SEMANTIC, "scope": Scope(user_id="ana"),
        "occurred_at": NOON, "created_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Memory(**{**fields, **changes})


# --- what is kept ------------------------------------------------------------------------------------------------------


def test_what_was_kept_is_known_and_takes_room():
    kept = Remembered()
    kept.keep([(1, b"one"), (2, b"two")])
    kept.keep([(2, b"later")])
    assert kept.known([2, 1, 3]) == ({2: b"two", 1: b"one"}, [3])
    assert len(kept) == 2
    assert kept.nbytes > len(b"onetwo")


def test_a_long_one_is_read_each_time():
    kept = Remembered()
    kept.keep([(1, b"x" * 20_000)])
    assert kept.known([1]) == ({}, [1])
    assert len(kept) == kept.nbytes == 0


def test_what_is_dropped_or_cleared_takes_no_room():
    kept = Remembered()
    kept.keep((number, b"some") for number in range(10))
    each = kept.nbytes // 10
    kept.drop([0, 1, 99])
    assert (len(kept), kept.nbytes) == (8, 8 * each)
    kept.clear(half=True)
    assert (len(kept), kept.nbytes) == (4, 4 * each)
    assert kept.known([5, 6, 7, 8, 9])[1] == [5]  # the half that came last stays
    kept.clear()
    assert len(kept) == kept.nbytes == 0


def test_uses_since_it_was_read_are_counted_until_it_is_read_anew():
    kept = Remembered()
    kept.keep([(1, b"one"), (2, b"two")])
    later = NOON + timedelta(hours=1)
    for row in (1, 1, 3):
        kept.used(row, 2, later)
    kept.used(1, 1, NOON)
    found = {1: a_memory(1, access_count=3, last_accessed_at=NOON), 2: a_memory(2)}
    kept.count(found)
    assert (found[1].access_count, found[1].last_accessed_at) == (8, later)
    assert found[2] == a_memory(2)
    kept.drop([1])
    kept.keep([(1, b"one again")])
    kept.count(again := {1: a_memory(1, access_count=8)})
    assert again[1].access_count == 8


def test_what_is_let_go_while_others_keep_and_drop_is_counted_and_gone():
    """Who lets memories go holds no lock of the view's."""
    kept = Remembered()
    over = threading.Event()
    failed: list[BaseException] = []

    def letting_go() -> None:
        try:
            while not over.is_set():
                kept.clear(half=True)
                kept.clear()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test says it
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=letting_go)
    thread.start()
    try:
        until = time.monotonic() + 2
        for turn in itertools.count():
            rows = [*range(turn * 50, turn * 50 + 50)]
            kept.keep((row, b"some") for row in rows)
            kept.drop(rows)
            assert kept.known(rows) == ({}, rows)
            if failed or time.monotonic() > until:
                break
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert failed == []
    kept.clear()
    assert kept.nbytes == 0


def test_uses_of_one_that_was_not_kept_any_more_are_not_those_of_who_is_read_anew():
    kept = Remembered()
    kept.keep([(1, b"one")])
    packed = kept._kept.pop(1)  # as another thread lets it go while its uses are noted
    kept._uses[1] = (2, NOON)
    kept.keep([(1, packed)])
    kept.count(found := {1: a_memory(1, access_count=2)})
    assert found[1].access_count == 2


def test_a_search_reads_memories_once(tmp_path):
    with opened(tmp_path) as memory:
        memory.add_many([f"tea number {n}" for n in range(30)])
        ledger = memory._backend._engine.ledger  # type: ignore[attr-defined]  # what is read is seen nowhere else
        asked: list[list[int]] = []
        glance = ledger.glance

        def counting(partition: Any, rows: list[int]) -> Any:
            asked.append(rows)
            return glance(partition, rows)

        ledger.glance = counting
        for _ in range(3):
            assert len(memory.search("tea", limit=30)) == 30
        assert asked == [[], []]  # the first search reads all of them with the view
        memory.add("tea that came later")
        for _ in range(4):
            assert "tea that came later" in [hit.memory.content for hit in memory.search("tea", limit=31)]
        assert [len(rows) for rows in asked[2:]] == [1, 0, 0]


def test_all_views_together_keep_no_more_than_their_share(tmp_path):
    with opened(tmp_path, cache_bytes=1_000_000) as memory:  # a sixteenth of it is some forty memories
        users = [f"user{n}" for n in range(8)]
        for user in users:
            memory.add_many([f"tea number {n} of {user}" for n in range(30)], user_id=user)
        views = memory._backend._engine.views  # type: ignore[attr-defined]  # how much it keeps is seen nowhere else
        most = 0
        for _ in range(4):
            for user in users:
                found = memory.search("tea", user_id=user, limit=30)
                assert {hit.memory.scope.user_id for hit in found} == {user}
                assert len(found) == 30
                most = max(most, views._memories)
        assert 0 < most <= 1_000_000 // 16
        assert views._memories == sum(view.counted for view in views._views.values())


# --- each caller's own ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [{}, {"kind": "drink"}, {"deep": {"kinds": ["drink"]}}])
def test_what_a_caller_does_to_a_hit_nobody_else_sees(tmp_path, metadata):
    with opened(tmp_path) as memory:
        memory.add("I like tea", metadata=metadata)
        for _ in range(4):
            found = memory.search("tea")[0].memory
            assert found.metadata == metadata
            found.metadata["mine"] = True
            for inner in found.metadata.values():
                if isinstance(inner, dict):
                    inner["kinds"].append("mine")
        assert memory.list()[0].metadata == metadata


# --- always those of the ledger --------------------------------------------------------------------------------------------


def test_what_another_client_changes_is_seen(tmp_path):
    with opened(tmp_path) as memory, opened(tmp_path) as other:
        tea, coffee = memory.add(["tea is green", "tea or coffee"]).ids
        assert len(warmed(memory)) == 2
        other.update(tea, content="tea is black", metadata={"kind": "drink"}, importance=0.9)
        found = {item.id: item for item in warmed(memory)}[tea]
        assert (found.content, found.metadata, found.importance, found.version) == (
            "tea is black",
            {"kind": "drink"},
            0.9,
            2,
        )
        other.update(tea, metadata={"kind": "leaf"})
        assert {item.id: item.metadata for item in warmed(memory)}[tea] == {"kind": "leaf"}
        other.delete(tea)
        assert [item.id for item in warmed(memory)] == [coffee]
        other.restore(tea, 1)
        assert {item.id for item in warmed(memory)} == {tea, coffee}
        other.forget(ids=[tea])
        assert [item.id for item in warmed(memory)] == [coffee]
        other.forget(user_id="ana")
        assert warmed(memory) == []
        again = other.add("tea once more").ids
        assert [item.id for item in warmed(memory)] == again


def test_one_that_expires_is_gone(tmp_path):
    now = NOON
    with AgentMem(backend=in_memory_backend(ledger=SqliteLedger(tmp_path), clock=lambda: now)) as memory:
        memory.add("tea for an hour", expires_at=NOON + timedelta(hours=1))
        assert len(warmed(memory)) == 1
        now = NOON + timedelta(hours=2)
        assert warmed(memory) == []


def test_what_it_was_before_is_found_before(tmp_path):
    now = NOON
    with AgentMem(backend=in_memory_backend(ledger=SqliteLedger(tmp_path), clock=lambda: now)) as memory:
        tea = memory.add("tea is green").ids[0]
        now = NOON + timedelta(days=2)
        memory.update(tea, content="tea is black")
        assert [item.content for item in warmed(memory)] == ["tea is black"]
        assert [item.content for item in warmed(memory, as_of=NOON + timedelta(days=1))] == ["tea is green"]
        assert [item.content for item in warmed(memory)] == ["tea is black"]


def test_uses_that_were_written_are_told(tmp_path):
    with opened(tmp_path) as memory:
        tea = memory.add("tea is green").ids[0]
        warmed(memory)
        memory.add("tea is green")
        assert memory.search("tea")[0].memory.access_count == 1
        memory._backend._engine.flush_touches()  # type: ignore[attr-defined]  # as every 256 searches do
        found, stored = memory.search("tea")[0].memory, memory.get(tea)
        assert (found.access_count, found.last_accessed_at) == (stored.access_count, stored.last_accessed_at)
        assert found.access_count >= 5


def test_uses_that_are_read_before_they_are_told_count_once(tmp_path):
    """Another search may read a memory just when its uses are written."""
    with opened(tmp_path) as memory:
        tea = memory.add("tea is green").ids[0]
        warmed(memory)
        engine = memory._backend._engine  # type: ignore[attr-defined]
        used = engine.views.used

        def read_first(counts: Any) -> None:
            engine.views.clear()
            thread = threading.Thread(target=memory.search, args=("tea",))
            thread.start()
            thread.join()
            used(counts)

        engine.views.used = read_first
        engine.flush_touches()
        engine.views.used = used
        assert memory.search("tea")[0].memory.access_count <= memory.get(tea).access_count == 4


def test_uses_that_could_not_be_written_count_once_when_they_are(tmp_path):
    with opened(tmp_path) as memory:
        tea = memory.add("tea is green").ids[0]
        warmed(memory)
        engine = memory._backend._engine  # type: ignore[attr-defined]
        writing = engine.ledger.writing

        @contextmanager
        def failing() -> Any:
            with writing() as writer:
                yield writer
                raise StoreFullError("no room")

        engine.ledger.writing = failing
        engine.flush_touches()
        engine.ledger.writing = writing
        engine.flush_touches()
        assert memory.search("tea")[0].memory.access_count == memory.get(tea).access_count == 4


def test_one_that_is_no_text_any_more_is_told_to_who_finds_it_alone(tmp_path):
    with opened(tmp_path) as memory:
        memory.add_many([f"tea number {n}" for n in range(5)])
        memory.add("coffee is black")
        memory.add("tea after it")
    with closing(sqlite3.connect(tmp_path / "agentmem.db")) as db, db:
        db.execute("UPDATE memories SET content = CAST(x'636fff6665' AS TEXT) WHERE content = 'coffee is black'")
    with opened(tmp_path) as memory:
        for _ in range(2):
            assert len(memory.search("tea", min_score=0.2)) == 6
            with pytest.raises(StoreDamagedError, match="not UTF-8"):
                memory.search("coffee black")


def test_nobody_reads_an_old_memory_after_a_change(tmp_path):
    """Two clients of one store: what one has been told is changed, the other finds changed."""
    with opened(tmp_path) as memory, opened(tmp_path) as other:
        tea = memory.add("tea number 0").ids[0]
        memory.add_many([f"other tea {n}" for n in range(50)])
        told = 0
        wrong: list[tuple[int, str]] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                least = told
                found = {hit.memory.id: hit.memory.content for hit in memory.search("tea number", limit=60)}[tea]
                if int(found.split()[-1]) < least:
                    wrong.append((least, found))

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        chance = random.Random(7)
        for number in range(1, 150):
            other.update(tea, content=f"tea number {number}")
            told = number
            if chance.random() < 0.3:
                other.add(f"one more tea {number}")
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []
