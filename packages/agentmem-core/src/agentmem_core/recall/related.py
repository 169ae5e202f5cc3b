"""Words of like meaning, so that "kids" finds "children": a table made once from static embeddings.

``related.txt`` has a line for each of some 6,000 stems. It is read when the first word is looked up, in about two milliseconds.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("related.txt")


@lru_cache(maxsize=65_536)
def related(word: str) -> tuple[tuple[str, float], ...]:
    """Words near to one, as ``text.words`` gives them, nearest first, with how near: 0.4 to 1.

    >>> related("kid")[:2], related("xyzzy")
    ((('child', 0.81), ('children', 0.54)), ())
    """
    found = _lines().get(word, "").split()
    return tuple((near, int(share) / 100) for near, share in zip(found[::2], found[1::2], strict=True))


@cache
def _lines() -> dict[str, str]:
    """What stands behind each word."""
    told = FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in told if not line.startswith("#"))
