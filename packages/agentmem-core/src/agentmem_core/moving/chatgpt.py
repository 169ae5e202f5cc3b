"""ChatGPT's export: each conversation a tree of messages, of which one path was shown last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentmem_core.model import MemoryType
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import Said, is_lasting, listed, mapping, role_of, text_or_none
from agentmem_core.moving.record import EMPTY, Found, Misfit, SourceRecord

_THOUGHTS = {"thoughts", "reasoning_recap"}
_SETTINGS = {"user_editable_context", "model_editable_context"}


def conversation(item: dict[str, Any], place: str, source: Reading) -> Iterator[Found]:
    """The turns of the path that was shown last, or of all branches, each after the one it answers."""
    if not isinstance(item.get("mapping"), dict):
        yield Misfit(place, "its mapping is no object of messages", text_or_none(item.get("id")))
    nodes = {str(key): mapping(node) for key, node in mapping(item.get("mapping")).items()}
    session = (
        text_or_none(item.get("conversation_id")) or text_or_none(item.get("id")) or text_or_none(item.get("title"))
    )
    shown = _shown(nodes, text_or_none(item.get("current_node")))
    on_path = set(shown)
    order = shown if source.branches == "current" else _all(nodes)
    for node_id in order:
        found = _turn(node_id, nodes[node_id], session, item, place, source, left=node_id not in on_path)
        if found is not None:
            yield found
    if source.branches == "current":
        for node_id, node in nodes.items():
            if node_id not in on_path and mapping(node.get("message")):
                yield Misfit(
                    f"{place} {node_id}",
                    'it is on a branch that was left; branches="all" takes it',
                    text_or_none(mapping(node["message"]).get("id")),
                )


def _shown(nodes: dict[str, dict[str, Any]], current: str | None) -> list[str]:
    """From the root to the current node; to the leaf that was written last where none is named."""
    if current not in nodes:
        leaves = [key for key, node in nodes.items() if not listed(node.get("children"))]
        current = max(leaves, key=lambda key: _time_of(nodes[key]), default=None)
    path: list[str] = []
    seen: set[str] = set()
    while current is not None and current in nodes and current not in seen:
        seen.add(current)
        path.append(current)
        current = text_or_none(nodes[current].get("parent"))
    return path[::-1]


def _is_a_join(node: dict[str, Any]) -> bool:
    """Whether a node joins others without a message of its own, as the root of every tree does."""
    return bool(node) and node.get("message") in (None, {})


def _all(nodes: dict[str, dict[str, Any]]) -> list[str]:
    """Every node, parents before their children, and no node twice."""
    order: list[str] = []
    seen: set[str] = set()
    roots = [key for key, node in nodes.items() if text_or_none(node.get("parent")) not in nodes]
    for root in (*roots, *nodes):
        waiting = [root]
        while waiting:
            key = waiting.pop()
            if key in seen or key not in nodes:
                continue
            seen.add(key)
            order.append(key)
            waiting += [str(child) for child in reversed(listed(nodes[key].get("children")))]
    return order


def _time_of(node: dict[str, Any]) -> float:
    time = mapping(node.get("message")).get("create_time")
    return float(time) if isinstance(time, int | float) else 0.0


def _turn(
    node_id: str,
    node: dict[str, Any],
    session: str | None,
    item: dict[str, Any],
    place: str,
    source: Reading,
    *,
    left: bool,
) -> Found | None:
    message = mapping(node.get("message"))
    if not message:
        return None if _is_a_join(node) else Misfit(f"{place} {node_id}", "it is no message")
    original = text_or_none(message.get("id")) or node_id
    where = f"{place} {node_id}"
    author, content, about = (
        mapping(message.get("author")),
        mapping(message.get("content")),
        mapping(message.get("metadata")),
    )
    kind = str(content.get("content_type") or "text")
    if about.get("is_visually_hidden_from_conversation") or kind in _SETTINGS:
        return Misfit(where, "it is hidden from the conversation", original)
    if kind in _THOUGHTS:
        return Misfit(where, "the model's own reasoning is no memory", original)
    said = _said(kind, content)
    if not said.text.strip():
        role = str(author.get("role"))
        return (
            None
            if role == "system" and not said.others
            else Misfit(where, said.why_empty() if said.others else EMPTY, original)
        )
    recipient = text_or_none(message.get("recipient"))
    return SourceRecord(
        place=where,
        content=said.text,
        type=MemoryType.EPISODIC,
        original_id=original,
        lasting=is_lasting(original),
        role=role_of(author.get("role")),
        name=text_or_none(author.get("name")),
        session_id=session,
        occurred_at=source.moments.read(message.get("create_time") or item.get("create_time")),
        updated_at=source.moments.read(message.get("update_time")),
        metadata={
            **{
                key: value for key, value in (("title", item.get("title")), ("model", about.get("model_slug"))) if value
            },
            **({"recipient": recipient} if recipient not in {None, "all"} else {}),
            **({"left_out": list(said.others)} if said.others else {}),
            **({"content_type": kind} if kind not in {"text", "multimodal_text"} else {}),
            **({"branch": "left"} if left else {}),
        },
    )


def _said(kind: str, content: dict[str, Any]) -> Said:
    if kind == "code":
        text = content.get("text")
        language = text_or_none(content.get("language"))
        language = "" if language in {None, "unknown"} else language
        return Said(f"```{language}\n{text}\n```" if isinstance(text, str) and text.strip() else "")
    texts: list[str] = []
    others: list[str] = []
    for part in listed(content.get("parts")):
        if isinstance(part, str):
            texts.append(part)
            continue
        inner = mapping(part)
        if isinstance(inner.get("text"), str):
            texts.append(inner["text"])
        else:
            others.append(str(inner.get("content_type") or "part"))
    texts += [content[key] for key in ("title", "text", "result") if isinstance(content.get(key), str)]
    return Said("\n".join(text for text in texts if text.strip()), tuple(others))
