"""How often a server looks for objects that hold each other: what it answers leaves hardly any, so seldom."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG = 5_000
"""Objects more than before, at which the young ones are looked through: many requests at once hold some thousands."""


@contextmanager
def seldom_collected() -> Generator[None]:
    """What is there now is not looked through again, and what comes only once there is much of it; afterwards as before."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(_YOUNG, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
