"""Verbs on the store as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from agentmem_core.client.base import Verbs, require_callable
from agentmem_core.client.files import Reading, Writing
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Compacted, Health, Progress, Receipt, Scope, Stats, Transferred
from agentmem_core.model.agents import Maintained
from agentmem_core.operations import Compact, Export, Forget, HealthCheck, Import, Maintain, Reindex, StatsOf, build

Target = str | os.PathLike[str] | TextIO
Source = str | os.PathLike[str] | Iterable[str]
OnProgress = Callable[[int, int], object]


class StoreVerbs(Verbs):
    """forget, export, import_, stats, health, reindex, compact; each with its ``a...`` twin."""

    def forget(
        self,
        ids: str | Sequence[str] | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        filters: Any = None,
        collection: str | None = None,
        keep_facts: bool = False,
    ) -> Receipt:
        """Erase for good: these ids, what passes ``filters``, or all of a user, an agent or a session, from every collection and file.

        Nothing is erased that is not named: give at least one of the arguments. What was erased cannot be restored. Facts that were
        learnt from it, and from nothing else, go with it; ``keep_facts=True`` leaves them.
        """
        return self._run(self._forget(ids, user_id, agent_id, session_id, filters, collection, keep_facts=keep_facts))

    async def aforget(
        self,
        ids: str | Sequence[str] | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        filters: Any = None,
        collection: str | None = None,
        keep_facts: bool = False,
    ) -> Receipt:
        """``forget`` without blocking the event loop."""
        return await self._arun(
            self._forget(ids, user_id, agent_id, session_id, filters, collection, keep_facts=keep_facts)
        )

    def export(
        self,
        target: Target,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        everyone: bool = False,
    ) -> Transferred:
        """Write a user's memories, with their history, links and files, as JSON Lines; ``everyone`` takes the tenant's users."""
        scope = self._exported(user_id, agent_id, session_id, everyone=everyone)
        with Writing(target) as writing:
            while True:
                records, cursor = self._run(build(Export, scope=scope, cursor=writing.cursor, everyone=everyone))
                if not writing.take(records, cursor):
                    return writing.done

    async def aexport(
        self,
        target: Target,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        everyone: bool = False,
    ) -> Transferred:
        """``export`` without blocking the event loop for longer than writing a few hundred lines."""
        scope = self._exported(user_id, agent_id, session_id, everyone=everyone)
        with Writing(target) as writing:
            while True:
                records, cursor = await self._arun(build(Export, scope=scope, cursor=writing.cursor, everyone=everyone))
                if not writing.take(records, cursor):
                    return writing.done

    def import_(self, source: Source, *, user_id: str | None = None, keep_users: bool = True) -> Transferred:
        """Read what ``export`` wrote. Memories that stand already are skipped, so it is safe to repeat.

        ``keep_users=False`` gives everything to ``user_id`` instead of the users it came from.
        """
        reading = Reading(source)
        for records in reading:
            op = build(Import, scope=self._within(user_id, None, None), records=records, keep_users=keep_users)
            reading.take(self._run(op))
        return reading.done

    async def aimport_(self, source: Source, *, user_id: str | None = None, keep_users: bool = True) -> Transferred:
        """``import_`` without blocking the event loop for longer than reading a few hundred lines."""
        reading = Reading(source)
        for records in reading:
            op = build(Import, scope=self._within(user_id, None, None), records=records, keep_users=keep_users)
            reading.take(await self._arun(op))
        return reading.done

    def stats(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        everyone: bool = False,
    ) -> Stats:
        """How much is remembered in the scope; ``everyone`` counts all users of the tenant."""
        return self._run(build(StatsOf, scope=self._within(user_id, agent_id, session_id), everyone=everyone))

    async def astats(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        everyone: bool = False,
    ) -> Stats:
        """``stats`` without blocking the event loop."""
        return await self._arun(build(StatsOf, scope=self._within(user_id, agent_id, session_id), everyone=everyone))

    def health(self) -> Health:
        """Whether ledger, embedder and index can serve; reads the whole file, so a large store takes seconds."""
        return self._run(HealthCheck(scope=self._scope))

    async def ahealth(self) -> Health:
        """``health`` without blocking the event loop."""
        return await self._arun(HealthCheck(scope=self._scope))

    def reindex(self, *, embedder: Any = None, progress: OnProgress | None = None, restart: bool = False) -> Progress:
        """Build the index anew from the ledger; with ``embedder``, embed everything of the tenant with another embedder.

        Killed half-way, the store is as it was, and the next call with the same embedder goes on. ``restart`` begins anew.
        """
        require_callable("progress", progress)
        while True:
            step = self._run(build(Reindex, scope=self._scope, embedder=embedder, restart=restart))
            restart = False
            if progress is not None:
                progress(step.done, step.total)
            if step.finished:
                return step

    async def areindex(
        self, *, embedder: Any = None, progress: OnProgress | None = None, restart: bool = False
    ) -> Progress:
        """``reindex`` without blocking the event loop."""
        require_callable("progress", progress)
        while True:
            step = await self._arun(build(Reindex, scope=self._scope, embedder=embedder, restart=restart))
            restart = False
            if progress is not None:
                progress(step.done, step.total)
            if step.finished:
                return step

    def maintain(
        self, *, dry_run: bool = True, user_id: str | None = None, everyone: bool = False, summarise: bool = False
    ) -> Maintained:
        """Let a user's memories age: expire, merge what says the same, archive and fade what is not used.

        A dry run, which is the default, changes nothing and tells what would happen; ``print`` it. Every change is in the
        history and can be restored. ``everyone`` maintains all users of the tenant. ``summarise`` lets the model ``llm`` tell sessions of
        20 turns and more in a few sentences each, as a semantic memory that names its turns as sources.
        """
        return self._run(self._maintain(user_id, dry_run=dry_run, everyone=everyone, summarise=summarise))

    async def amaintain(
        self, *, dry_run: bool = True, user_id: str | None = None, everyone: bool = False, summarise: bool = False
    ) -> Maintained:
        """``maintain`` without blocking the event loop."""
        return await self._arun(self._maintain(user_id, dry_run=dry_run, everyone=everyone, summarise=summarise))

    def compact(self) -> Compacted:
        """Empty the trash and give free space back to the disk; others wait meanwhile."""
        return self._run(Compact(scope=self._scope))

    async def acompact(self) -> Compacted:
        """``compact`` without blocking the event loop."""
        return await self._arun(Compact(scope=self._scope))

    def _exported(self, user_id: str | None, agent_id: str | None, session_id: str | None, *, everyone: bool) -> Scope:
        if everyone and user_id is not None:
            raise InvalidInputError("export: everyone=True takes every user; leave out user_id, or everyone")
        return self._within(user_id, agent_id, session_id)

    def _maintain(self, user_id: str | None, **how: bool) -> Maintain:
        return build(Maintain, scope=self._of_user(user_id), **how)

    def _of_user(self, user_id: str | None) -> Scope:
        mine = self._scope
        return build(Scope, tenant=mine.tenant, user_id=mine.user_id if user_id is None else user_id)

    def _forget(
        self,
        ids: str | Sequence[str] | None,
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        filters: Any,
        collection: str | None,
        *,
        keep_facts: bool,
    ) -> Forget:
        if all(given is None for given in (ids, user_id, agent_id, session_id, filters)):
            raise InvalidInputError(
                "forget: say what to erase, for example forget(user_id=...), forget(session_id=...) or forget(ids)"
            )
        how = {"collection": collection, "keep_facts": keep_facts}
        if ids is not None or filters is not None:
            scope = self._within(user_id, agent_id, session_id)
            ids = (ids,) if isinstance(ids, str) else ids
            return build(Forget, scope=scope, ids=ids, filters=filters, **how)
        mine = self._scope
        scope = build(
            Scope, tenant=mine.tenant, user_id=mine.user_id if user_id is None else user_id, agent_id=agent_id,
            session_id=session_id,
        )  # fmt: skip
        return build(Forget, scope=scope, **how)
