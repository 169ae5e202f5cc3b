"""What turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What made a vector: two vectors are comparable only when their fingerprints are equal.

    ``dimension`` is None until the first answer of an embedder that cannot know it beforehand.
    """

    provider: str
    model: str
    dimension: int | None = None

    def fits(self, other: Fingerprint) -> bool:
        """Whether vectors of both live in one space; an unknown dimension fits any."""
        same = (self.provider, self.model) == (other.provider, other.model)
        return same and (None in (self.dimension, other.dimension) or self.dimension == other.dimension)

    def __str__(self) -> str:
        """``provider:model (dimension)``, for messages."""
        dimension = "?" if self.dimension is None else self.dimension
        return f"{self.provider}:{self.model} ({dimension})"


class Embedder(Protocol):
    """Texts to float32 vectors of shape ``(len(texts), dimension)``; need not be of unit length.

    A vector of zeros means that the embedder has nothing to say about the text. Called from several threads. One that has an attribute
    ``instant`` that is true answers a single text in less than a millisecond, without waiting for anything.
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes these vectors; must not touch the network."""
        ...

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        """One row a text, in order; raises ``EmbedderError`` and nothing else."""
        ...
