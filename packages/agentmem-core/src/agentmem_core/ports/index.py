"""What finds near vectors in a space too large for an exact search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Near:
    """Rows and their cosine similarities, best first; ``held`` is how many rows the space has."""

    rows: NDArray[np.int64]
    similarities: NDArray[np.float32]
    held: int = 0


class VectorIndex(Protocol):
    """An approximate index of named spaces of unit vectors, disposable at any time.

    It holds row numbers and vectors, never a text. Whatever it raises counts as damage: the caller
    drops the space and builds it again from the ledger.
    """

    def acquire(self) -> bool:
        """Become the one process that writes; False when another is. True again for the one that is already."""
        ...

    def upsert(self, space: str, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Put rows in, replacing those that are there; makes the space if there is none."""
        ...

    def remove(self, space: str, rows: Sequence[int]) -> None:
        """Take rows out; unknown ones are no error."""
        ...

    def query(self, space: str, vector: NDArray[np.float32], limit: int) -> Near:
        """The nearest rows, approximately; fewer than ``limit`` only when the space holds fewer."""
        ...

    def count(self, space: str) -> int:
        """How many rows the space holds; 0 when there is no such space."""
        ...

    def spaces(self) -> list[str]:
        """The names of all spaces there are."""
        ...

    def drop(self, space: str) -> None:
        """Remove a space with its files."""
        ...

    def reset(self) -> None:
        """Remove everything, readable or not."""
        ...

    def close(self) -> None:
        """Let go of files and of the write right."""
        ...
