"""An answer that is JSON already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendered:
    """What leaves, and what the audit writes down of it: the first ``ids`` of the ``count`` memories in it."""

    content: bytes
    ids: tuple[str, ...]
    count: int
