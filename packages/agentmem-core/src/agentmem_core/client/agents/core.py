"""Blocks that are always in context."""

from __future__ import annotations

from typing import ClassVar, Unpack

from agentmem_core.client.agents.base import Agent, Within
from agentmem_core.model import MemoryType
from agentmem_core.model.agents import Block
from agentmem_core.operations.agents.core import (
    AppendToBlock,
    CompileBlocks,
    DeleteBlock,
    GetBlock,
    ListBlocks,
    ReplaceInBlock,
    SetBlock,
)

Blocks = list[Block]


class CoreAgent(Agent):
    """Labelled blocks (``human``, ``persona``, ...) that belong into every prompt, each with a limit of characters."""

    name: ClassVar[str] = "core"
    type: ClassVar[MemoryType] = MemoryType.CORE

    def set(
        self, label: str, text: str, *, limit: int | None = None, rewrite: bool = False, **scope: Unpack[Within]
    ) -> Block:
        """Write a block anew. ``limit`` stays what it was, or is 2,000 characters; ``rewrite`` lets a model shorten."""
        return self._run(self._op(SetBlock, scope, label=label, text=text, limit=limit, rewrite=rewrite))

    async def aset(
        self, label: str, text: str, *, limit: int | None = None, rewrite: bool = False, **scope: Unpack[Within]
    ) -> Block:
        """``set`` without blocking the event loop."""
        return await self._arun(self._op(SetBlock, scope, label=label, text=text, limit=limit, rewrite=rewrite))

    def append(self, label: str, text: str, *, rewrite: bool = False, **scope: Unpack[Within]) -> Block:
        """Add a line to a block that stands."""
        return self._run(self._op(AppendToBlock, scope, label=label, text=text, rewrite=rewrite))

    async def aappend(self, label: str, text: str, *, rewrite: bool = False, **scope: Unpack[Within]) -> Block:
        """``append`` without blocking the event loop."""
        return await self._arun(self._op(AppendToBlock, scope, label=label, text=text, rewrite=rewrite))

    def replace(self, label: str, old: str, new: str, *, rewrite: bool = False, **scope: Unpack[Within]) -> Block:
        """Put ``new`` wherever a block says ``old``."""
        return self._run(self._op(ReplaceInBlock, scope, label=label, old=old, new=new, rewrite=rewrite))

    async def areplace(
        self, label: str, old: str, new: str, *, rewrite: bool = False, **scope: Unpack[Within]
    ) -> Block:
        """``replace`` without blocking the event loop."""
        return await self._arun(self._op(ReplaceInBlock, scope, label=label, old=old, new=new, rewrite=rewrite))

    def get(self, label: str, **scope: Unpack[Within]) -> Block:
        """The block of that label, or id."""
        return self._run(self._op(GetBlock, scope, label=label))

    async def aget(self, label: str, **scope: Unpack[Within]) -> Block:
        """``get`` without blocking the event loop."""
        return await self._arun(self._op(GetBlock, scope, label=label))

    def blocks(self, **scope: Unpack[Within]) -> Blocks:
        """Every block, in the order they were made."""
        return self._run(self._op(ListBlocks, scope))

    async def ablocks(self, **scope: Unpack[Within]) -> Blocks:
        """``blocks`` without blocking the event loop."""
        return await self._arun(self._op(ListBlocks, scope))

    def delete(self, label: str, **scope: Unpack[Within]) -> int:
        """Delete a block by its label or id; it can be restored by its id until ``compact``."""
        return self._run(self._op(DeleteBlock, scope, label=label))

    async def adelete(self, label: str, **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._op(DeleteBlock, scope, label=label))

    def compile(self, *, max_tokens: int | None = None, **scope: Unpack[Within]) -> str:
        """All blocks as prompt text; what does not fit into ``max_tokens`` (estimated) is cut at a line, and said so."""
        return self._run(self._op(CompileBlocks, scope, max_tokens=max_tokens))

    async def acompile(self, *, max_tokens: int | None = None, **scope: Unpack[Within]) -> str:
        """``compile`` without blocking the event loop."""
        return await self._arun(self._op(CompileBlocks, scope, max_tokens=max_tokens))
