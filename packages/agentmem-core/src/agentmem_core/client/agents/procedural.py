"""Skills as steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Unpack

from agentmem_core.client.agents.base import Agent, Within
from agentmem_core.model import MemoryType
from agentmem_core.model.agents import Procedure, Skill
from agentmem_core.operations.agents.procedural import (
    BestProcedures,
    DeleteProcedure,
    GetProcedure,
    ListProcedures,
    RecordRun,
    ReviseProcedure,
    TeachProcedure,
)

Procedures = list[Procedure]
Skills = list[Skill]


class ProceduralAgent(Agent):
    """How things are done: skills as steps, and how well they worked."""

    name: ClassVar[str] = "procedural"
    type: ClassVar[MemoryType] = MemoryType.PROCEDURAL

    def teach(self, name: str, steps: Sequence[str], *, when: str | None = None, **scope: Unpack[Within]) -> Procedure:
        """Keep a skill under a name; ``when`` says what it is good for. Other steps under a name that stands: ``ConflictError``."""
        return self._run(self._op(TeachProcedure, scope, name=name, steps=steps, when=when))

    async def ateach(
        self, name: str, steps: Sequence[str], *, when: str | None = None, **scope: Unpack[Within]
    ) -> Procedure:
        """``teach`` without blocking the event loop."""
        return await self._arun(self._op(TeachProcedure, scope, name=name, steps=steps, when=when))

    def revise(self, name: str, steps: Sequence[str], *, when: str | None = None, **scope: Unpack[Within]) -> Procedure:
        """Give a skill other steps; the former ones stay in its history."""
        return self._run(self._op(ReviseProcedure, scope, name=name, steps=steps, when=when))

    async def arevise(
        self, name: str, steps: Sequence[str], *, when: str | None = None, **scope: Unpack[Within]
    ) -> Procedure:
        """``revise`` without blocking the event loop."""
        return await self._arun(self._op(ReviseProcedure, scope, name=name, steps=steps, when=when))

    def record_run(
        self,
        name: str,
        *,
        success: bool,
        seconds: float | None = None,
        note: str | None = None,
        **scope: Unpack[Within],
    ) -> Procedure:
        """Say how a run of a skill went."""
        return self._run(self._op(RecordRun, scope, name=name, success=success, seconds=seconds, note=note))

    async def arecord_run(
        self,
        name: str,
        *,
        success: bool,
        seconds: float | None = None,
        note: str | None = None,
        **scope: Unpack[Within],
    ) -> Procedure:
        """``record_run`` without blocking the event loop."""
        return await self._arun(self._op(RecordRun, scope, name=name, success=success, seconds=seconds, note=note))

    def best(self, task: str, limit: int = 3, **scope: Unpack[Within]) -> Skills:
        """The skills for a task: relevance weighed with the Wilson lower bound of their success rate."""
        return self._run(self._op(BestProcedures, scope, task=task, limit=limit))

    async def abest(self, task: str, limit: int = 3, **scope: Unpack[Within]) -> Skills:
        """``best`` without blocking the event loop."""
        return await self._arun(self._op(BestProcedures, scope, task=task, limit=limit))

    def get(self, name: str, **scope: Unpack[Within]) -> Procedure:
        """The skill of that name, or id."""
        return self._run(self._op(GetProcedure, scope, name=name))

    async def aget(self, name: str, **scope: Unpack[Within]) -> Procedure:
        """``get`` without blocking the event loop."""
        return await self._arun(self._op(GetProcedure, scope, name=name))

    def procedures(self, **scope: Unpack[Within]) -> Procedures:
        """Every skill, in the order they were taught."""
        return self._run(self._op(ListProcedures, scope))

    async def aprocedures(self, **scope: Unpack[Within]) -> Procedures:
        """``procedures`` without blocking the event loop."""
        return await self._arun(self._op(ListProcedures, scope))

    def delete(self, name: str, **scope: Unpack[Within]) -> int:
        """Delete a skill by its name or id; it can be restored by its id until ``compact``."""
        return self._run(self._op(DeleteProcedure, scope, name=name))

    async def adelete(self, name: str, **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._op(DeleteProcedure, scope, name=name))
