"""Adds that come at the same time are written together; each is told its own, and none before it is on disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from agentmem_core import AgentMem, ConflictError, StoreClosedError, StoreFullError
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.testing import MemoryLedger, in_memory_backend

USERS = ("ana", "bo", "小王")
LEDGERS = {"memory": lambda _folder: MemoryLedger(), "sqlite": lambda folder: SqliteLedger(folder, durability="normal")}


class Watched:
    """A ledger that counts transactions, and fails the commit of those that it is told to."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.sizes: list[int] = []
        self.fails: list[BaseException] = []
        self._inside = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        self._inside += 1
        with self._ledger.writing() as writer:
            yield writer

    @contextmanager
    def gathering(self) -> Iterator[None]:
        self._inside = 0
        with self._ledger.gathering():
            yield
            if self.fails:
                raise self.fails.pop(0)
        self.sizes.append(self._inside)


class Instant:
    """The hashing embedder, which says that it is instant."""

    instant = True

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def watched(folder: Path, kind: str = "sqlite") -> tuple[AgentMem, Watched]:
    ledger = Watched(LEDGERS[kind](folder))
    backend = in_memory_backend(ledger=ledger)
    engine = backend._engine  # as a server has it, with an embedder that takes no time
    engine.embedder = Instant(engine.embedder)
    return AgentMem(backend=backend), ledger


async def outcomes(*coming: Any) -> list[Any]:
    return await asyncio.gather(*coming, return_exceptions=True)


@pytest.mark.parametrize("kind", LEDGERS)
def test_many_at_once_are_few_transactions(tmp_path, kind):
    memory, ledger = watched(tmp_path, kind)
    with memory:
        adds = [memory.aadd(f"tea number {n}", user_id=USERS[n % 3]) for n in range(90)]
        found = asyncio.run(outcomes(*adds))
        for n, added in enumerate(found):
            assert memory.get(added.ids[0], user_id=USERS[n % 3]).content == f"tea number {n}"
        for user in USERS:
            assert len(memory.list(user_id=user, limit=100)) == 30
            assert len(memory.search("tea", user_id=user, limit=100)) == 30
        assert sum(ledger.sizes) >= 60
        assert max(ledger.sizes) <= 32


@pytest.mark.parametrize("kind", LEDGERS)
def test_one_that_cannot_be_done_takes_nobody_with_it(tmp_path, kind):
    memory, ledger = watched(tmp_path, kind)
    with memory:
        memory.add("mine", id="taken")
        adds = [memory.aadd(f"tea number {n}") for n in range(20)]
        adds[7].close()
        adds[7] = memory.aadd("somebody else's", id="taken")
        adds[13].close()
        adds[13] = memory.aadd([{"content": "half of it"}, {"content": "another", "id": "taken"}])
        found = asyncio.run(outcomes(*adds))
        assert [n for n, item in enumerate(found) if isinstance(item, ConflictError)] == [7, 13]
        assert len(ledger.sizes) >= 1
        contents = sorted(item.content for item in memory.list(limit=100))
        assert contents == sorted(["mine", *(f"tea number {n}" for n in range(20) if n not in (7, 13))])


@pytest.mark.parametrize("kind", LEDGERS)
def test_where_the_whole_fails_each_is_done_by_itself(tmp_path, kind):
    memory, ledger = watched(tmp_path, kind)
    with memory:
        ledger.fails = [StoreFullError("the disk is full")]
        found = asyncio.run(outcomes(*(memory.aadd(f"tea number {n}", user_id=USERS[n % 3]) for n in range(30))))
        assert ledger.fails == [], "a whole transaction failed"
        assert sorted(item.content for user in USERS for item in memory.list(user_id=user, limit=100)) == sorted(
            f"tea number {n}" for n in range(30)
        )
        for n, added in enumerate(found):
            assert memory.get(added.ids[0], user_id=USERS[n % 3]).content == f"tea number {n}"


@pytest.mark.parametrize("kind", LEDGERS)
def test_what_nobody_foresaw_befalls_one_alone(tmp_path, kind):
    memory, _ = watched(tmp_path, kind)
    engine = memory._backend._engine  # type: ignore[attr-defined]  # whose embedder it is
    embed = engine.embedder.embed

    def failing(texts: list[str], **kind: Any) -> Any:
        if any("number 7" in text for text in texts):
            raise ZeroDivisionError
        return embed(texts, **kind)

    engine.embedder.embed = failing
    with memory:
        found = asyncio.run(outcomes(*(memory.aadd(f"tea number {n}") for n in range(10, 40)), memory.aadd("number 7")))
        assert isinstance(found[-1], ZeroDivisionError)
        assert len({added.ids[0] for added in found[:-1]}) == 30
        assert sorted(item.content for item in memory.list(limit=100)) == [f"tea number {n}" for n in range(10, 40)]


def test_none_is_told_before_it_is_on_disk(tmp_path):
    memory, _ = watched(tmp_path)
    with memory:

        async def checked(n: int) -> int:
            await memory.aadd(f"tea number {n}")
            with closing(sqlite3.connect(tmp_path / "agentmem.db")) as other:
                return int(
                    other.execute("SELECT count(*) FROM memories WHERE content = ?", (f"tea number {n}",)).fetchone()[0]
                )

        assert asyncio.run(outcomes(*(checked(n) for n in range(60)))) == [1] * 60


def test_the_same_said_at_once_is_known(tmp_path):
    memory, _ = watched(tmp_path)
    with memory:
        found = asyncio.run(outcomes(*(memory.aadd("I like tea") for _ in range(20))))
        assert len({added.ids[0] for added in found}) == 1
        assert memory.get(found[0].ids[0]).access_count == 19


def test_uses_that_were_undone_are_not_counted_where_memories_are_kept(tmp_path):
    memory, ledger = watched(tmp_path)
    with memory:
        [tea] = memory.add("I like tea").ids
        for _ in range(3):  # read, kept, found again
            memory.search("tea")
        ledger.fails = [StoreFullError("the disk is full")]
        asyncio.run(outcomes(*(memory.aadd("I like tea") for _ in range(20))))
        assert not ledger.fails
        assert memory.get(tea).access_count == 20
        assert memory.search("tea")[0].memory.access_count == 20


def test_one_that_is_given_up_hinders_nobody(tmp_path):
    memory, _ = watched(tmp_path)
    with memory:

        async def some() -> list[Any]:
            tasks = [asyncio.create_task(memory.aadd(f"tea number {n}")) for n in range(20)]
            await asyncio.sleep(0)
            tasks[5].cancel()
            return await outcomes(*tasks)

        found = asyncio.run(some())
        assert [n for n, item in enumerate(found) if isinstance(item, BaseException)] == [5]
        assert len(memory.list(limit=100)) in (19, 20)


def test_loops_of_several_threads(tmp_path):
    memory, _ = watched(tmp_path)
    with memory:

        async def mine(name: str) -> list[Any]:
            return await outcomes(*(memory.aadd(f"{name} said {n}") for n in range(20)))

        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(4) as pool:
            found = [*pool.map(lambda name: asyncio.run(mine(name)), ["ana", "bo", "cy", "di"])]
        assert all(len(added.ids) == 1 for each in found for added in each)
        assert len(memory.list(limit=200)) == 80


def test_after_a_close_it_is_closed(tmp_path):
    memory, _ = watched(tmp_path)
    memory.close()
    with pytest.raises(StoreClosedError):
        asyncio.run(memory.aadd("too late"))
