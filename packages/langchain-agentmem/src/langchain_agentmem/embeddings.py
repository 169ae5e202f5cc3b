"""LangChain's embeddings for the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from langchain_core.embeddings import Embeddings

from agentmem_core import Embedder, EmbedderError, Fingerprint, InvalidInputError
from langchain_agentmem.models import model_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def as_core_embedder(embeddings: Embeddings, *, name: str | None = None) -> Embedder:
    """LangChain's ``Embeddings`` as the core's ``Embedder``, for ``AgentMem(embedder=...)``; its failures are ``EmbedderError``.

    ``name`` tells one space of vectors from another and is kept in the store; without one it is the class and its model.
    """
    if not isinstance(embeddings, Embeddings):
        raise InvalidInputError(f"embeddings: must be Embeddings of LangChain, not {type(embeddings).__name__}")
    return _CoreEmbedder(embeddings, name or model_name(embeddings))


class _CoreEmbedder:
    """Texts that are stored go through ``embed_documents``, texts that are asked through ``embed_query``."""

    def __init__(self, embeddings: Embeddings, name: str) -> None:
        self._embeddings = embeddings
        self._name = name
        self._dimension: int | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes these vectors; the dimension is learnt from the first answer."""
        return Fingerprint("langchain", self._name, self._dimension)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        """One row a text, in order."""
        import numpy as np

        asked = list(texts)
        try:
            if kind == "query":
                made = [self._embeddings.embed_query(text) for text in asked]
            else:
                made = self._embeddings.embed_documents(asked)
            vectors = np.asarray(made, np.float32)
        except Exception as error:
            raise EmbedderError(f"the embeddings {self._name} failed ({type(error).__name__}: {error})") from error
        if vectors.ndim != 2 or len(vectors) != len(asked) or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise EmbedderError(
                f"the embeddings {self._name} answered an array of shape {vectors.shape} for {len(asked)} texts; "
                "one vector of finite numbers a text is needed"
            )
        self._dimension = int(vectors.shape[1])
        return vectors
