"""``Memory(storage="agentmem")``."""

from __future__ import annotations

import os
from collections.abc import Callable

from crewai.memory.storage import factory
from crewai.memory.storage.backend import StorageBackend

from agentmem_core import AgentMem
from crewai_agentmem.fields import COLLECTION
from crewai_agentmem.storage import AgentMemStorage

NAME = "agentmem"


class _Factory:
    """Answers for our name, and hands every other one to whoever answered before."""

    def __init__(self, make: Callable[[], AgentMemStorage], before: factory.MemoryStorageFactory | None) -> None:
        self._make = make
        self.before = before

    def __call__(self, spec: str) -> StorageBackend | None:
        if spec == NAME:
            return self._make()
        return None if self.before is None else self.before(spec)


def register(
    client: AgentMem | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    api_key: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
    collection: str = COLLECTION,
) -> None:
    """Make ``Memory(storage="agentmem")`` known to CrewAI for this process; each such memory gets an ``AgentMemStorage``.

    What was registered with CrewAI before keeps answering for other names. Registering again changes the arguments.
    """
    before: factory.MemoryStorageFactory | None = getattr(factory, "_factory", None)  # CrewAI has no way to ask for it
    if isinstance(before, _Factory):
        before = before.before

    def make() -> AgentMemStorage:
        return AgentMemStorage(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id,
            collection=collection,
        )  # fmt: skip

    factory.set_memory_storage_factory(_Factory(make, before))
