"""What is remembered from elsewhere, next to the turns a model sees anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from agentmem_core import Context, Hit, render

_MOST = 1_000
_LONGEST = 4_000
"""Characters of a question that are looked for."""


def searchable(text: str) -> str | None:
    """The text to search for, as the core takes it; None when there is nothing to look for."""
    query = text[:_LONGEST].replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    return query if query.strip() else None


def breadth(limit: int, seen: int) -> int:
    """How many hits to ask for, so that ``limit`` are left when those among ``seen`` turns are taken out."""
    return min(limit + seen, _MOST)


def unseen(hits: Iterable[Hit], limit: int, *, ids: Iterable[str] = (), texts: Iterable[str | None] = ()) -> list[Hit]:
    """The best hits that are none of the turns a model sees anyway, nor learnt from these alone, each text once."""
    known, said = set(ids), {plain(text) for text in texts if text}
    found: list[Hit] = []
    for hit in hits:
        text = plain(hit.memory.content)
        told = bool(hit.memory.source) and known.issuperset(hit.memory.source)
        if not told and hit.memory.id not in known and text not in said and len(found) < limit:
            said.add(text)
            found.append(hit)
    return found


def plain(text: str) -> str:
    """The text as it counts as the same: whatever its spaces and capitals."""
    return " ".join(text.split()).casefold()


def rendered(hits: Sequence[Hit], max_tokens: int, count: Callable[[str], int]) -> Context:
    """Prompt text of at most ``max_tokens``, marked as remembered; empty when nothing is, or nothing fits."""
    return render(hits, max_tokens=max_tokens, count=count) if hits and max_tokens > 0 else Context("")


def as_system(text: str) -> list[ChatMessage]:
    """The message that carries what is remembered; none for nothing."""
    return [ChatMessage(role=MessageRole.SYSTEM, content=str(text))] if text else []
