"""Memories as a model reads them: a line each, short, with the id that other tools take."""

from __future__ import annotations

from collections.abc import Iterable

from agentmem_core.mcp.arguments import Json
from agentmem_core.model import Memory
from agentmem_core.recall.rendering import speaker_of

LONGEST = 1_000
"""Characters of a memory in a list; ``get_memory`` has the rest."""

_CUT = " ... (cut; get_memory has all of it)"


def line(memory: Memory) -> str:
    """``01a2... [2024-05-03] semantic: Ana lives in Lisbon``: one line, so that no memory can pass for several."""
    who = speaker_of(memory)
    said = _short(" ".join(memory.content.split()))
    return f"{memory.id} [{memory.occurred_at:%Y-%m-%d}] {memory.type}: {f'{who}: {said}' if who else said}"


def lines(memories: Iterable[Memory], nothing: str) -> str:
    """A line each, or that there is nothing."""
    return "\n".join(line(memory) for memory in memories) or nothing


def brief(memory: Memory) -> Json:
    """The same for programs; what is not set is left out."""
    found: Json = {
        "id": memory.id, "content": _short(memory.content), "type": str(memory.type),
        "occurred_at": memory.occurred_at.isoformat(), "speaker": speaker_of(memory), "metadata": unsealed(memory.metadata),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in ("", {})}


def whole(memory: Memory) -> Json:
    """Every field that is set."""
    return {**memory.model_dump(mode="json", exclude_none=True), "metadata": unsealed(memory.metadata)}


def unsealed(metadata: Json) -> Json:
    """Without the sealed value of a knowledge entry: nobody can read it, and nothing of it belongs into a model's conversation."""
    return {name: value for name, value in metadata.items() if name != "sealed" or "sensitivity" not in metadata}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + _CUT
