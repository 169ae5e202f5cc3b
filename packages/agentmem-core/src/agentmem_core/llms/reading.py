"""Taking values out of what a server sent: anything may be of any type, and what is of the wrong one counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fields(value: Any) -> Mapping[str, Any]:
    """An object's fields; none of anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text that can be stored: half of a surrogate pair becomes a question mark; "" of anything else."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count(value: Any) -> int:
    """A number of tokens; 0 of anything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
