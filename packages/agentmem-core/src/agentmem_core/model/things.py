"""Things that facts are about, as ends of links: equal names are one thing, however they are written."""

from __future__ import annotations

import unicodedata

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.results import Link

_MARK = "entity:"
_SOURCE, _TARGET = "source", "target"


def thing_key(name: str) -> str:
    """How the ledger calls a thing: NFKC, case-folded, with single spaces, and marked so that it is no memory's id."""
    return _MARK + same_name(name)


def same_name(name: str) -> str:
    """Equal for names that differ only in case, width or spacing."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_thing(end: str) -> bool:
    """Whether an end of a link is a thing, and not a memory."""
    return end.startswith(_MARK)


def require_memory_id(memory_id: str) -> None:
    """Refuse an id that would make a memory a thing, whose links everybody sees."""
    if is_thing(memory_id):
        raise InvalidInputError(f"id: {memory_id!r} begins with {_MARK!r}, which marks things; give it another id")


def thing_metadata(source: str | None, target: str | None) -> dict[str, str]:
    """The names of a link's ends as they were written, for its metadata."""
    return {end: name for end, name in ((_SOURCE, source), (_TARGET, target)) if name is not None}


def named_link(link: Link) -> Link:
    """The link as people read it: its things by their names."""
    names = {
        end: str(link.metadata.get(end) or getattr(link, end).removeprefix(_MARK))
        for end in (_SOURCE, _TARGET)
        if is_thing(getattr(link, end))
    }
    if not names:
        return link
    metadata = {key: value for key, value in link.metadata.items() if key not in names}
    return link.model_copy(update={**names, "metadata": metadata})
