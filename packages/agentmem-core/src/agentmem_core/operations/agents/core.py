"""Blocks that are always in context."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agentmem_core.model.agents import Block
from agentmem_core.model.values import Content, Name, Text
from agentmem_core.operations.base import Access, AgentOp

BlockLimit = Annotated[int, Field(ge=1, le=1_000_000)]


class SetBlock(AgentOp[Block]):
    """Write a block anew; ``limit`` (characters) stays what it was, or 2,000. Too long a text is refused, or rewritten."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "set"
    repeatable: ClassVar[bool] = True

    label: Name
    text: Content
    limit: BlockLimit | None = None
    rewrite: bool = False


class AppendToBlock(AgentOp[Block]):
    """Add a line to a block that stands."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "append"

    label: Name
    text: Content
    rewrite: bool = False


class ReplaceInBlock(AgentOp[Block]):
    """Put ``new`` wherever a block says ``old``."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "replace"

    label: Name
    old: Annotated[Text, Field(min_length=1)]
    new: Text
    rewrite: bool = False


class GetBlock(AgentOp[Block]):
    """The block of that label, or id."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "get"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    label: Name


class ListBlocks(AgentOp[list[Block]]):
    """Every block of the scope, in the order they were made."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "blocks"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True


class DeleteBlock(AgentOp[int]):
    """Delete a block by its label or id; it can be restored by its id until ``compact``."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "delete"

    label: Name


class CompileBlocks(AgentOp[str]):
    """All blocks as prompt text; what does not fit into ``max_tokens`` is cut at a line, and said so."""

    agent: ClassVar[str] = "core"
    verb: ClassVar[str] = "compile"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    max_tokens: Annotated[int, Field(ge=1)] | None = None
