"""A node as a memory, and back, equal.

The node's text is the memory's content. The keys of its metadata are the memory's, so that filters run on them. The rest of it
(relationships, templates, excluded keys, ...) is one JSON text under a key of ours, together with the id of the document it came
from. Nothing is stored twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from llama_index.core.schema import BaseNode, Document, ImageNode, IndexNode, Node, TextNode

from agentmem_core import InvalidInputError, Memory
from llamaindex_agentmem.filters import OWN, original_key, stored_key

NO_TEXT = "\u2205"
"""The content of a node without text, since a memory is never blank; the node itself knows better. No word finds it."""

REF = f"{OWN}.ref"
"""The field that holds the id of a node's document."""

_KINDS: dict[str, type[BaseNode]] = {
    kind.class_name(): kind for kind in (TextNode, ImageNode, IndexNode, Node, Document)
}
_LEFT_OUT = {"id_", "embedding", "metadata", "class_name"}
_MEDIA = ("image_resource", "audio_resource", "video_resource")
_LONGEST_ID = 256


def memory_id(node_id: str) -> str:
    """The id of a node's memory: its own, or a digest where that is too long or not text that can be an id."""
    if not isinstance(node_id, str):
        raise InvalidInputError(f"ids of nodes and documents must be text (str), not {type(node_id).__name__}")
    if node_id.strip() and len(node_id) <= _LONGEST_ID and node_id.isprintable():
        return node_id
    return f"sha256:{sha256(node_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def as_item(node: BaseNode, *, vector_required: bool) -> dict[str, Any]:
    """What ``add`` takes for a node; its vector is the node's embedding."""
    if not isinstance(node, BaseNode):
        raise InvalidInputError(f"nodes: must be nodes of LlamaIndex, not {type(node).__name__}")
    try:
        data = node.model_dump(mode="json", exclude_defaults=True)
        if isinstance(node, IndexNode) and node.obj is not None:
            data["obj"] = node.to_dict()["obj"]  # older versions of LlamaIndex write it there only
    except ValueError as error:
        raise InvalidInputError(f"node {node.node_id!r} cannot be written as JSON: {error}") from error
    metadata = _checked(node, data.get("metadata", {}))
    own: dict[str, Any] = {"kind": node.class_name()}
    if node.ref_doc_id is not None:
        own["ref"] = node.ref_doc_id
    rest = {name: value for name, value in data.items() if name not in _LEFT_OUT and (name != "obj" or value)}
    row = memory_id(node.node_id)
    if row != node.node_id:
        rest["id_"] = node.node_id
    content = _without_text(node, rest)
    _with_media(node, rest)
    if rest:
        own["rest"] = as_json(rest)
    item = {
        "id": row,
        "content": content,
        "metadata": {**{stored_key(key): value for key, value in metadata.items()}, OWN: own},
    }
    if node.embedding is not None:
        item["vector"] = _float32(node.embedding)
    elif vector_required:
        raise InvalidInputError(
            f"node {node.node_id!r} has no embedding; add nodes through an index or an IngestionPipeline with an embed_model "
            "(AgentMemEmbedding() needs no key), or set node.embedding"
        )
    return item


def _checked(node: BaseNode, dumped: dict[str, Any]) -> dict[str, Any]:
    """The node's metadata as it is, or with dates and the like as LlamaIndex writes them; never with a number that got lost."""
    try:
        json.dumps(node.metadata, allow_nan=False)
    except TypeError:
        return dumped
    except ValueError as error:
        raise InvalidInputError(f"metadata of node {node.node_id!r}: must hold JSON values only: {error}") from error
    return node.metadata


def _with_media(node: BaseNode, rest: dict[str, Any]) -> None:
    """Bytes of pictures and sounds, which LlamaIndex leaves out of its own dumps; they are base64 already."""
    if isinstance(node, Node):
        for name in _MEDIA:
            resource = getattr(node, name)
            if resource is not None and resource.data is not None:
                rest[name]["data"] = resource.data.decode("ascii")


def _without_text(node: BaseNode, rest: dict[str, Any]) -> str:
    """Take the text out of ``rest`` and answer it; where it cannot be a content, it stays there and ``NO_TEXT`` is answered."""
    text = node.text if isinstance(node, TextNode) else None
    holder: dict[str, Any] | None = rest
    if isinstance(node, Node):
        rest.pop("text", None)
        text = node.text_resource.text if node.text_resource else None
        holder = rest.get("text_resource")
    if holder is None:
        return NO_TEXT
    if text is not None and text.strip() and text.isascii() and "\x00" not in text:
        holder.pop("text", None)
        return text
    return _kept(text, holder)


def _kept(text: str | None, holder: dict[str, Any]) -> str:
    cleaned = (text or "").replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    if text is not None and cleaned == text and text.strip():
        holder.pop("text", None)
        return text
    holder["text"] = text
    return cleaned if cleaned.strip() else NO_TEXT


def as_json(value: Any) -> str:
    """JSON that can be stored as text: letters as they are, unless there are halves of surrogate pairs among them."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def _float32(embedding: Sequence[float]) -> Any:
    """The bytes of an embedding, which the core takes without looking at every number twice; or the embedding for it to refuse."""
    try:
        array = np.asarray(embedding, np.float32)
    except (TypeError, ValueError):
        return embedding
    return array.tobytes() if array.ndim == 1 and array.size else embedding


def as_node(memory: Memory) -> BaseNode:
    """The node that a memory is, or that stands for it where it was written by others."""
    own = memory.metadata.get(OWN)
    if not isinstance(own, Mapping) or own.get("kind") is None:
        return _of_memory(memory)
    kind = _KINDS.get(own["kind"], TextNode)
    data: dict[str, Any] = json.loads(own["rest"]) if "rest" in own else {}
    data.setdefault("id_", memory.id)
    data["metadata"] = {original_key(key): value for key, value in memory.metadata.items() if key != OWN}
    holder = data.get("text_resource") if issubclass(kind, Node) else data
    if holder is not None:
        holder.setdefault("text", memory.content)
    return kind.from_dict(data)


def _of_memory(memory: Memory) -> TextNode:
    """A memory that is no node: its own fields join the metadata under the names by which filters know them."""
    fields = {
        "memory.type": memory.type.value,
        "memory.role": memory.role,
        "memory.name": memory.name,
        "memory.occurred_at": memory.occurred_at.isoformat(),
        "memory.agent_id": memory.scope.agent_id,
        "memory.session_id": memory.scope.session_id,
    }
    metadata = {**memory.metadata, **{name: value for name, value in fields.items() if value is not None}}
    shown = {"memory.role", "memory.name", "memory.occurred_at"}
    hidden = [key for key, value in memory.metadata.items() if isinstance(value, dict | list)]
    own = [name for name in fields if name in metadata]
    return TextNode(
        id_=memory.id,
        text=memory.content,
        metadata=metadata,
        excluded_embed_metadata_keys=hidden + own,
        excluded_llm_metadata_keys=hidden + [name for name in own if name not in shown],
    )
