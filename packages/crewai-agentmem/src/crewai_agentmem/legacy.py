"""The memories of CrewAI up to 1.9.3: ``Crew(short_term_memory=..., long_term_memory=..., entity_memory=...)``.

On a newer CrewAI each of these raises ``NotSupportedError`` and says what to write instead.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, TypedDict, Unpack
from uuid import uuid4

from agentmem_core import AgentMem
from crewai_agentmem.bound import Bound
from crewai_agentmem.filters import path as scope_path
from crewai_agentmem.generation import require_legacy
from crewai_agentmem.legacy_storage import EntityStorage, LongTermStorage, ViewStorage


class Options(TypedDict, total=False):
    """Where the memory lives, whose it is, which run (``session_id``) and below which scope."""

    path: str | os.PathLike[str] | None
    api_url: str | None
    api_key: str | None
    user_id: str | None
    agent_id: str | None
    session_id: str | None
    root_scope: str | None


def short_term_memory(client: AgentMem | None = None, **options: Unpack[Options]) -> Any:
    """A ``ShortTermMemory``: what the crew does in this run."""
    require_legacy("short_term_memory()")
    return _made("short_term.short_term_memory", "ShortTermMemory", ViewStorage(_bound(client, options), "short_term"))


def long_term_memory(client: AgentMem | None = None, **options: Unpack[Options]) -> Any:
    """A ``LongTermMemory``: what it learnt over its runs, with quality and date."""
    require_legacy("long_term_memory()")
    return _made("long_term.long_term_memory", "LongTermMemory", LongTermStorage(_bound(client, options)))


def entity_memory(client: AgentMem | None = None, **options: Unpack[Options]) -> Any:
    """An ``EntityMemory``: who and what it met."""
    require_legacy("entity_memory()")
    return _made("entity.entity_memory", "EntityMemory", EntityStorage(_bound(client, options)))


def external_memory(client: AgentMem | None = None, **options: Unpack[Options]) -> Any:
    """An ``ExternalMemory``: every result, for every run."""
    require_legacy("external_memory()")
    return _external(ViewStorage(_bound(client, options), "long_term"))


def legacy_memories(client: AgentMem | None = None, **options: Unpack[Options]) -> dict[str, Any]:
    """All four, of one store and run, as arguments: ``Crew(..., **legacy_memories())``.

    Of this run's results the external memory shows none, since the short-term memory does.
    """
    require_legacy("legacy_memories()")
    options["session_id"] = options.get("session_id") or _new_run(client)
    return {
        "short_term_memory": short_term_memory(client, **options),
        "long_term_memory": long_term_memory(client, **options),
        "entity_memory": entity_memory(client, **options),
        "external_memory": _external(ViewStorage(_bound(client, options), "long_term", earlier=True)),
    }


def _made(module: str, name: str, storage: object) -> Any:
    return _class(module, name)(storage=storage)


def _external(storage: object) -> Any:
    """CrewAI gives this memory its crew, which then holds itself and cannot be copied, as ``kickoff_for_each`` does."""

    class ExternalMemory(_class("external.external_memory", "ExternalMemory")):  # type: ignore[misc]  # only CrewAI up to 1.9.3 has it
        def set_crew(self, crew: object) -> Any:
            return self

    return ExternalMemory(storage=storage)


def _class(module: str, name: str) -> Any:
    return getattr(import_module(f"crewai.memory.{module}"), name)


def _bound(client: AgentMem | None, options: Options) -> Bound:
    store = AgentMem.shared(
        client,
        path=options.get("path"),
        api_url=options.get("api_url"),
        api_key=options.get("api_key"),
        user_id=options.get("user_id"),
        agent_id=options.get("agent_id"),
    )
    root = options.get("root_scope")
    run = options.get("session_id") or _new_run(client)
    return Bound(store, run, None if root is None else scope_path(root))


def _new_run(client: AgentMem | None) -> str:
    known = client.scope.session_id if client is not None else None
    return known or f"run-{uuid4().hex}"
