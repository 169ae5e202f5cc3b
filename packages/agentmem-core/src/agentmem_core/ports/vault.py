"""What seals values so that only the holder of a key can read them."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Authenticated encryption. A sealed value is ASCII text and opens only with what it was ``bound`` to when it was sealed."""

    def seal(self, plain: bytes, bound: bytes) -> str:
        """The value sealed with the first key; never twice the same."""
        ...

    def open(self, sealed: str, bound: bytes) -> bytes:
        """The value; ``VaultError`` when no key fits, or it was changed or moved."""
        ...
