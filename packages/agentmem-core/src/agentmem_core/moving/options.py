"""How a source is to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Scope
from agentmem_core.moving.moments import Moments, zone_of
from agentmem_core.operations import build


@dataclass(slots=True)
class Reading:
    """One reading of a source: its place, what was asked, and what had to be assumed on the way."""

    path: Path
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    format: str | None = None
    encoding: str | None = None
    table: str | None = None
    collection: str | None = None
    history: Path | None = None
    branches: str = "current"
    moments: Moments = field(default_factory=Moments)
    notes: dict[str, int] = field(default_factory=dict)

    def note(self, text: str, count: int = 1) -> None:
        """Count something that the report is to say."""
        self.notes[text] = self.notes.get(text, 0) + count


_TEXTS = ("user_id", "agent_id", "session_id", "format", "encoding", "table", "collection", "branches")


def checked(path: Path, options: dict[str, Any]) -> Callable[[], Reading]:
    """What makes a fresh reading, or an ``InvalidInputError`` that names the option."""
    known = (*_TEXTS, "zone", "history")
    for name, value in options.items():
        if name not in known:
            raise InvalidInputError(f"{name}: is no option of open_source; use {', '.join(sorted(known))}")
        if name in _TEXTS and value is not None and (not isinstance(value, str) or not value.strip()):
            raise InvalidInputError(f"{name}: must be a text that is not blank")
    build(Scope, **{name: options[name] for name in ("agent_id", "session_id") if options.get(name)})
    if options.get("user_id"):
        build(Scope, user_id=options["user_id"])
    given = {name: value for name, value in options.items() if value is not None}
    zone = zone_of(given.pop("zone", "UTC"))
    if given.get("branches", "current") not in {"current", "all"}:
        raise InvalidInputError('branches: must be "current" or "all"')
    encoding = given.get("encoding")
    if encoding is not None:
        _require_encoding(encoding)
    if "history" in given:
        try:
            given["history"] = Path(given["history"]).expanduser()
        except (TypeError, RuntimeError):
            raise InvalidInputError("history: must be the path of mem0's history.db") from None
    return lambda: Reading(path, moments=Moments(zone), **given)


def _require_encoding(name: str) -> None:
    try:
        "".encode(name)
    except LookupError:
        raise InvalidInputError(f"encoding: Python knows no {name!r}; use utf-8, utf-16 or gb18030") from None
