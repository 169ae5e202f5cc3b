"""A tool: what a model is told of it, and what it does with a memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.mcp.arguments import Arguments, Json
from agentmem_core.operations import build

Kind = Literal["reads", "writes", "removes"]
"""What a tool does to what is remembered: nothing, more of it or another version beside the old one, or less of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answers: ``text`` for the model, ``data`` for programs."""

    text: str
    data: Json


Work = Callable[[AgentMem, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. ``repeatable`` says that twice is the same as once; ``learns`` that it needs somebody who learns."""

    name: str
    title: str
    description: str
    kind: Kind
    arguments: type[Arguments]
    work: Work
    answers: Json
    repeatable: bool = False
    learns: bool = False

    @property
    def writes(self) -> bool:
        """Whether it needs more than to read."""
        return self.kind != "reads"

    def described(self) -> Json:
        """As a client lists it."""
        return {
            "name": self.name,
            "description": self.description,
            "inputSchema": self.arguments.told(),
            "outputSchema": self.answers,
            "annotations": {
                "title": self.title,
                "readOnlyHint": not self.writes,
                "destructiveHint": self.kind == "removes",
                "idempotentHint": self.repeatable or not self.writes,
                "openWorldHint": False,
            },
        }

    async def __call__(self, memory: AgentMem, given: Mapping[str, Any]) -> Answer:
        """Check what was said, and do it."""
        return await self.work(memory, build(self.arguments, **given))


def answer(**fields: str | Json) -> Json:
    """The schema of an answer: fields by the names of their types; what is not told of is there all the same."""
    return {"type": "object", "properties": {name: _of(kind) for name, kind in fields.items()}}


def many(**fields: str) -> Json:
    """A list of such."""
    return {"type": "array", "items": answer(**fields)}


def _of(kind: str | Json) -> Json:
    if not isinstance(kind, str):
        return kind
    item = kind.removesuffix("[]")
    return {"type": item} if item == kind else {"type": "array", "items": {"type": item}}
