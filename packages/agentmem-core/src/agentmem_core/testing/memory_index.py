"""A vector index without an index: every row is compared."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentmem_core.ports import Near


class BruteForceIndex:
    """A ``VectorIndex`` in memory, exact, and therefore what approximate ones are measured against."""

    def __init__(self) -> None:
        """Without any space."""
        self._lock = threading.Lock()
        self._spaces: dict[str, dict[int, NDArray[np.float32]]] = {}

    def acquire(self) -> bool:
        return True

    def upsert(self, space: str, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        with self._lock:
            held = self._spaces.setdefault(space, {})
            held.update((int(row), np.array(vector, np.float32)) for row, vector in zip(rows, vectors, strict=True))

    def remove(self, space: str, rows: Sequence[int]) -> None:
        with self._lock:
            held = self._spaces.get(space, {})
            for row in rows:
                held.pop(int(row), None)

    def query(self, space: str, vector: NDArray[np.float32], limit: int) -> Near:
        with self._lock:
            held = dict(self._spaces.get(space, {}))
        if not held:
            return Near(np.empty(0, np.int64), np.empty(0, np.float32))
        rows = np.fromiter(held, np.int64, len(held))
        similarities = np.stack([*held.values()]) @ vector.astype(np.float32)
        best = np.lexsort((rows, -similarities))[:limit]
        return Near(rows[best], similarities[best], len(held))

    def count(self, space: str) -> int:
        with self._lock:
            return len(self._spaces.get(space, {}))

    def spaces(self) -> list[str]:
        with self._lock:
            return sorted(self._spaces)

    def drop(self, space: str) -> None:
        with self._lock:
            self._spaces.pop(space, None)

    def reset(self) -> None:
        with self._lock:
            self._spaces.clear()

    def close(self) -> None:
        self.reset()
