"""Bytes of files in memory, for stores that are gone when they are closed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from agentmem_core.errors import NotFoundError


class MemoryBlobs:
    """``Blobs`` in a dict."""

    def __init__(self) -> None:
        """None yet."""
        self._held: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        self._held.setdefault(digest, bytes(data))
        return digest

    def get(self, digest: str) -> bytes:
        found = self._held.get(digest)
        if found is None:
            raise NotFoundError(f"the store holds no bytes {digest}")
        return found

    def delete(self, digest: str) -> None:
        self._held.pop(digest, None)

    def digests(self) -> Sequence[str]:
        return [*self._held]

    def tidy(self) -> None:
        """Nothing is ever half-written."""

    def size(self) -> int:
        return 0
