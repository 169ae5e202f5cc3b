"""Embeddings in both directions: the core's for LlamaIndex, LlamaIndex's for the core."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding

from agentmem_core import AgentMem, Embedder, EmbedderError, Fingerprint, InvalidInputError
from llamaindex_agentmem.opening import Opened

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 500


class AgentMemEmbedding(Opened, BaseEmbedding):
    """The embedder of an AgentMem store, which also made the vectors of ``collection="memories"``.

    The built-in one needs no key and no network and makes 256 numbers a text. Failures are ``EmbedderError``.
    """

    session_id: str | None = None

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        model_name: str = "agentmem",
        embed_batch_size: int = BATCH,
        **fields: Any,
    ) -> None:
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id,
            model_name=model_name, embed_batch_size=embed_batch_size, **fields,
        )  # fmt: skip

    @classmethod
    def class_name(cls) -> str:
        return "AgentMemEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._client.embed([query], kind="query")[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return (await self._client.aembed([query], kind="query"))[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._client.embed([text])[0]

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return (await self._client.aembed([text]))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._client.embed(texts)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await self._client.aembed(texts)


def as_core_embedder(embed_model: BaseEmbedding, *, name: str | None = None) -> Embedder:
    """Any embed model of LlamaIndex as ``AgentMem(embedder=...)``; ``name`` tells its vectors from those of other models.

    The name is the class and the model's name unless it is given.
    """
    if not isinstance(embed_model, BaseEmbedding):
        raise InvalidInputError(f"embed_model: must be a LlamaIndex BaseEmbedding, not {type(embed_model).__name__}")
    return _CoreEmbedder(embed_model, name or f"{type(embed_model).__name__}/{embed_model.model_name}")


class _CoreEmbedder:
    """An ``Embedder`` that asks a LlamaIndex embed model; its failures are ``EmbedderError``."""

    def __init__(self, embed_model: BaseEmbedding, name: str) -> None:
        self._model = embed_model
        self._name = name
        self._dimension: int | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("llamaindex", self._name, self._dimension)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self._dimension or 0), np.float32)
        try:
            if kind == "query":
                vectors = np.array([self._model.get_query_embedding(text) for text in texts], np.float32)
            else:
                vectors = np.array(self._model.get_text_embedding_batch(list(texts)), np.float32)
        except Exception as error:  # whatever a provider's client raises
            raise EmbedderError(f"the embed model {self._name} failed: {error!r}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.shape[1]:
            raise EmbedderError(
                f"the embed model {self._name} answered shape {vectors.shape} for {len(texts)} texts; it must answer one vector a text"
            )
        self._dimension = vectors.shape[1]
        return vectors
