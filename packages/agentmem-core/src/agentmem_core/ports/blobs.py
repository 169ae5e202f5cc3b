"""What keeps the bytes of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Blobs(Protocol):
    """Bytes under their SHA-256, in lower-case hex: the same bytes are kept once.

    Whoever puts, deletes or tidies is inside the ledger's write transaction, so that nobody else does at the same time, in no
    process. Readers need nothing.
    """

    def put(self, data: bytes) -> str:
        """Keep bytes for good before it returns, and answer their digest; what is there, but damaged, is mended."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes; ``NotFoundError`` when there are none, ``StoreDamagedError`` when they are others than were put."""
        ...

    def delete(self, digest: str) -> None:
        """Remove bytes; unknown ones are no error."""
        ...

    def digests(self) -> Sequence[str]:
        """Everything there is, in any order."""
        ...

    def tidy(self) -> None:
        """Remove what a killed process left half-written."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...
