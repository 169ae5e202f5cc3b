"""Tools on core blocks: labelled texts that belong into every prompt."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.mcp.arguments import Arguments, Json
from agentmem_core.mcp.tool import Answer, Tool, answer
from agentmem_core.model.agents import Block
from agentmem_core.recall.rendering import compile_parts


class _Nothing(Arguments):
    pass


async def _blocks(memory: AgentMem, _: _Nothing) -> Answer:
    blocks = await memory.core.ablocks()
    text = compile_parts([(block.label, block.text) for block in blocks]) or "There are no core blocks yet."
    return Answer(text, {"blocks": [_shown(block) for block in blocks]})


class _Set(Arguments):
    label: Annotated[str, Field(description="As human, persona")]
    text: str
    limit: Annotated[int | None, Field(description="Characters")] = None


async def _set(memory: AgentMem, said: _Set) -> Answer:
    return _written(await memory.core.aset(said.label, said.text, limit=said.limit))


class _Append(Arguments):
    label: str
    text: str


async def _append(memory: AgentMem, said: _Append) -> Answer:
    return _written(await memory.core.aappend(said.label, said.text))


class _Replace(Arguments):
    label: str
    old: str
    new: str


async def _replace(memory: AgentMem, said: _Replace) -> Answer:
    return _written(await memory.core.areplace(said.label, said.old, said.new))


def _written(block: Block) -> Answer:
    text = f"{block.label} (version {block.version}, {len(block.text)} of {block.limit} characters):\n{block.text}"
    return Answer(text, _shown(block))


def _shown(block: Block) -> Json:
    found: dict[str, Any] = block.model_dump(mode="json", exclude={"scope"})
    return found


_BLOCK = answer(label="string", text="string")

BLOCKS = (
    Tool(
        "core_blocks", "Read core blocks", "The core blocks: what always matters about the user and your role. Read them first.",
        "reads", _Nothing, _blocks, answer(blocks="object[]"),
    ),
    Tool("core_set", "Write a core block", "Write a core block anew.", "writes", _Set, _set, _BLOCK, repeatable=True),
    Tool("core_append", "Append to a core block", "Add a line to a core block.", "writes", _Append, _append, _BLOCK),
    Tool(
        "core_replace", "Replace in a core block", "Put new wherever a core block says old.",
        "writes", _Replace, _replace, _BLOCK,
    ),
)  # fmt: skip
