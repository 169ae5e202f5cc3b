"""Any function from texts to vectors as an embedder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint


class CallableEmbedder:
    """Calls ``function(list of texts)``, which answers one vector a text, as lists or as an array.

    Its fingerprint is the function's name (or its ``name`` attribute): give another function another name.
    """

    def __init__(self, function: Callable[[list[str]], Any], *, name: str | None = None) -> None:
        """The dimension is learnt from the first answer."""
        self._function = function
        self._name = name or _name_of(function)
        self._dimension: int | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("callable", self._name, self._dimension)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        del kind
        if not texts:
            return np.zeros((0, self._dimension or 0), np.float32)
        try:
            vectors = np.array(self._function(list(texts)), np.float32)
        except Exception as error:  # the caller's own function
            raise EmbedderError(f"the embedder {self._name} failed: {error!r}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1]:
            raise EmbedderError(
                f"the embedder {self._name} answered shape {vectors.shape} for {len(texts)} texts; "
                "it must answer one vector a text"
            )
        self._dimension = vectors.shape[1]
        return vectors


def _name_of(function: Callable[..., Any]) -> str:
    given = getattr(function, "name", None)
    if isinstance(given, str):
        return given
    owner = function if hasattr(function, "__qualname__") else type(function)
    return f"{owner.__module__}.{owner.__qualname__}"
