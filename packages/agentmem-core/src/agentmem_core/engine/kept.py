"""What the common verbs must leave as it is, because an agent could not work without it."""

from __future__ import annotations

from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Memory, MemoryType
from agentmem_core.model.agents import OWN_FIELDS, SAID_BY_CONTENT

_SEALED = ("name", "sensitivity", "sealed")
_FILE = {
    "kind": str, "name": str, "media_type": str, "sha256": str, "size": int, "chunks": int, "warnings": list,
}  # fmt: skip
_CHUNK = ("kind", "resource", "name", "number", "page", "line")
FILE, CHUNK = "file", "chunk"


def is_file(memory: Memory) -> bool:
    """Whether a memory stands for a file."""
    about = memory.metadata
    return (
        memory.type is MemoryType.RESOURCE
        and about.get("kind") == FILE
        and all(isinstance(about.get(name), kind) for name, kind in _FILE.items())
        and all(isinstance(warning, str) for warning in about["warnings"])
    )


def is_chunk(memory: Memory) -> bool:
    """Whether a memory is a part of a file's text."""
    return memory.type is MemoryType.RESOURCE and memory.metadata.get("kind") == CHUNK and "resource" in memory.metadata


def is_sealed(memory: Memory) -> bool:
    """Whether a memory carries a sealed value."""
    return memory.type is MemoryType.KNOWLEDGE and isinstance(memory.metadata.get("sealed"), str)


def respecting(memory: Memory, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes of an update, with what belongs to the memory's agent as it was."""
    kept = _SEALED if is_sealed(memory) else tuple(_FILE) if is_file(memory) else _CHUNK if is_chunk(memory) else ()
    if not kept:
        return _with_own_fields(memory, changes)
    if changes.get("type", memory.type) is not memory.type:
        raise InvalidInputError(f"type: {memory.id!r} belongs to the {memory.type} agent and keeps its type")
    if "metadata" not in changes:
        return changes
    own = {name: memory.metadata[name] for name in kept if name in memory.metadata}
    others = {name: value for name, value in changes["metadata"].items() if name not in kept}
    return {**changes, "metadata": {**others, **own}}


def _require_room(memory: Memory, changes: dict[str, Any]) -> None:
    """A core block stays within its limit, whoever writes it."""
    limit = changes.get("metadata", {}).get("limit", memory.metadata.get("limit"))
    content = changes.get("content", memory.content)
    if memory.type is MemoryType.CORE and isinstance(limit, int) and len(content) > limit:
        raise InvalidInputError(
            f"content: block {memory.metadata.get('label')!r} would hold {len(content):,} characters, {len(content) - limit:,} over "
            f"its limit of {limit:,}; shorten it, or set it anew with a higher limit="
        )


def _with_own_fields(memory: Memory, changes: dict[str, Any]) -> dict[str, Any]:
    """What an agent keeps in the metadata outlives new metadata; what the content says goes with the content."""
    own = OWN_FIELDS.get(memory.type, ())
    if not own or "type" in changes:
        return changes
    _require_room(memory, changes)
    given = changes.get("metadata", {})
    kept = {name: memory.metadata[name] for name in own if name in memory.metadata}
    metadata = {**kept, **given} if "metadata" in changes else dict(memory.metadata)
    said = SAID_BY_CONTENT.get(memory.type)
    if said is not None and said not in given and changes.get("content", memory.content) != memory.content:
        metadata.pop(said, None)
    return {**changes, "metadata": metadata}
