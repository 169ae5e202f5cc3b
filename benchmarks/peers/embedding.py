"""The embedders that every system is given through its own interface: the bundled one, and one that costs nothing."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

Embed = Callable[[Sequence[str]], list[list[float]]]

DIMENSION = 256
_HALVES = 1024


def bundled() -> Embed:
    """The default embedder of agentmem-core."""
    from agentmem_core.embedders.wordllama import WordLlamaEmbedder

    embedder = WordLlamaEmbedder()
    embedder.embed(["warm"], kind="document")
    return lambda texts: embedder.embed(list(texts), kind="document").tolist()


def free() -> Embed:
    """A table look-up, so that what is left is the system's own cost: one of a million vectors of length one by the text's digest."""
    import numpy as np

    halves = np.abs(np.random.default_rng(3).normal(size=(2, _HALVES, DIMENSION // 2)))  # some drop cosines below zero
    halves /= np.linalg.norm(halves, axis=2, keepdims=True) * 2**0.5
    first, second = halves.tolist()

    def embed(texts: Sequence[str]) -> list[list[float]]:
        digests = [zlib.crc32(text.encode()) for text in texts]
        return [first[digest % _HALVES] + second[digest // _HALVES % _HALVES] for digest in digests]

    return embed


EMBEDDINGS: dict[str, Callable[[], Embed]] = {"bundled": bundled, "free": free}
