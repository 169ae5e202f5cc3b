"""An embedder for tests: words hashed into a few dimensions, the same on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint


class HashingEmbedder:
    """Feature hashing (Weinberger et al., 2009) of white-space separated words: texts are near when they share words."""

    instant = True

    def __init__(self, model: str | None = None) -> None:
        """``model`` is the number of dimensions as text, 64 by default."""
        try:
            self._dimension = int(model or 64)
        except ValueError:
            raise EmbedderError(f"hashing:<dimensions> takes a whole number, not {model!r}") from None
        if not 1 <= self._dimension <= 4096:
            raise EmbedderError(f"hashing takes 1 to 4096 dimensions, not {self._dimension}")

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("hashing", str(self._dimension), self._dimension)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        del kind
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                bits = zlib.crc32(word.encode())
                vectors[row, bits % self._dimension] += 1.0 if bits & 0x8000_0000 else -1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors
