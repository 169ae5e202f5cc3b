"""The embedders that every system is given through its own interface: the bundled one, and one that costs nothing."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

Embed = Callable[[Sequence[str]], list[list[float]]]

DIMENSION = 256


def bundled() -> Embed:
    """The default embedder of agentmem-core."""
    from agentmem_core.embedders.wordllama import WordLlamaEmbedder

    embedder = WordLlamaEmbedder()
    embedder.embed(["warm"], kind="document")
    return lambda texts: embedder.embed(list(texts), kind="document").tolist()


def free() -> Embed:
    """A table look-up: what is left is the system's own cost."""
    table = [[((n * 31 + k * 17) % 97) / 97 - 0.5 for k in range(DIMENSION)] for n in range(1024)]
    return lambda texts: [table[zlib.crc32(text.encode()) % 1024] for text in texts]


EMBEDDINGS: dict[str, Callable[[], Embed]] = {"bundled": bundled, "free": free}
