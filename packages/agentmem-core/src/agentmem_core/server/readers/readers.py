"""All readers of a server: which one is asked, and what they must be told."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from agentmem_core.embedded import ledger_of
from agentmem_core.model import Progress
from agentmem_core.operations import Compact, Forget, Maintain, Op, Reindex, Search
from agentmem_core.server.allowance import usable_cpus, usable_memory
from agentmem_core.server.readers.frames import Kind, raised
from agentmem_core.server.readers.process import Place, ReaderProcess
from agentmem_core.server.rendered import Rendered
from agentmem_core.server.settings import ServerSettings
from agentmem_core.settings import Settings, named_file, named_profile

_MOST = 4
"""Readers when nobody says how many: one server process keeps no more of them at work."""
_MEMORY = 1_000_000_000
"""Bytes that there are of memory for each of them when nobody says how many."""
_LONGEST = 65_536
"""Bytes of a request up to which a search is for a reader."""
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Opening:
    """What a reader is told of the store: what counted when the server began, whatever the files say by now."""

    folder: str
    ledger: tuple[int, int] | None
    embedder: str
    exact_limit: int
    cache_bytes: int
    config: str | None
    profile: str | None

    def packed(self) -> bytes:
        """As it travels."""
        return to_json({name: getattr(self, name) for name in self.__slots__})


class Readers:
    """Answers searches by other processes, each with an interpreter of its own.

    A user's searches go to the same one, so that no two hold the same in memory. What a reader cannot answer the server does: nobody
    waits for one that is not there.
    """

    def __init__(self, opening: Opening, count: int, timeout: float) -> None:
        """None is started."""
        self._opening = opening
        self.all = tuple(ReaderProcess(opening.packed(), timeout, self._keep) for _ in range(count))
        self.answers = 0
        self._ours: set[Place] = set()

    @property
    def ready(self) -> int:
        """How many answer now."""
        return sum(reader.is_ready for reader in self.all)

    @property
    def restarts(self) -> int:
        """How often one has ended."""
        return sum(reader.restarts for reader in self.all)

    def start(self) -> None:
        """In the background."""
        for reader in self.all:
            reader.start()

    async def stop(self) -> None:
        """All of them have ended."""
        await asyncio.gather(*(reader.stop() for reader in self.all))

    async def answer(self, op: Search, said: bytes) -> Rendered | None:
        """What a reader answers to a request that ``said`` this; None where the server is to answer itself."""
        scope = op.scope
        place = (scope.tenant, op.collection, scope.user_id)
        reader = self.all[hash(place) % len(self.all)]
        if not reader.is_ready or place in self._ours or len(said) > _LONGEST:
            return None
        about = to_json((scope.tenant, scope.user_id, scope.agent_id, scope.session_id))
        frame = await reader.search(place, about, said)
        if frame is None:
            return None
        if frame.kind == Kind.FOUND:
            self.answers += 1
            ids, count = from_json(frame.about)
            return Rendered(frame.content, tuple(ids), count)
        if frame.kind == Kind.FAILED:
            raise raised(frame.content)
        if frame.about:
            self._keep(place)
        return None

    async def before(self, op: Op[Any]) -> None:
        """Upkeep goes by how often memories were used: what is counted is written first."""
        if isinstance(op, Maintain):
            await self._settle(forget=False)

    async def after(self, op: Op[Any], answer: Any) -> None:
        """What was erased is in nobody's memory any more; with another embedder there are other readers."""
        if isinstance(op, Forget | Compact):
            await self._settle(forget=True)
        elif (
            isinstance(op, Reindex)
            and isinstance(op.embedder, str)
            and isinstance(answer, Progress)
            and answer.finished
        ):
            self._opening = replace(self._opening, embedder=op.embedder)
            self._ours.clear()
            for reader in self.all:
                reader.renew(self._opening.packed())

    async def _settle(self, *, forget: bool) -> None:
        await asyncio.gather(*(reader.settle(forget=forget) for reader in self.all))

    def _keep(self, place: Place) -> None:
        """Searches of this user are the server's own from now on."""
        if len(self._ours) >= _KEPT:
            self._ours.clear()
        self._ours.add(place)


def readers_for(settings: ServerSettings, folder: Path, said: Settings) -> Readers | None:
    """As many as are wanted for a store that is opened by what the settings say; None for none, or where none can be started."""
    if os.name != "posix" or not sys.executable or getattr(sys, "frozen", False):
        return None
    wanted = settings.readers
    count = how_many(usable_cpus(), usable_memory()) if wanted is None else wanted
    if not count:
        return None
    opening = Opening(
        str(folder), ledger_of(folder), said.value("embedder"), said.value("exact_limit"), said.value("cache_bytes") // count, named_file(),
        named_profile(),
    )  # fmt: skip
    return Readers(opening, count, settings.timeout)


def how_many(cpus: int, memory: int) -> int:
    """One less than there are CPUs, since the server needs one, as far as there is memory for them."""
    return min(cpus - 1, memory // _MEMORY, _MOST)
