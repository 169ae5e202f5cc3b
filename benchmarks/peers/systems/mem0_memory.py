"""mem0, without its model (``infer=False``), over Chroma or Qdrant in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ |= {"MEM0_TELEMETRY": "False", "ANONYMIZED_TELEMETRY": "False", "OPENAI_API_KEY": "never-used"}

from embedding import DIMENSION, Embed
from langchain_core.embeddings import Embeddings


class _Given(Embeddings):
    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    def embed_query(self, text: str) -> list[float]:
        return self._embed([text])[0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._embed(texts)


class System:
    """``Memory.from_config``, its embedder given as LangChain ``Embeddings``."""

    def __init__(self, folder: Path, embed: Embed, store: str) -> None:
        os.environ["MEM0_DIR"] = str(folder / "mem0")
        from mem0 import Memory

        vectors: dict[str, Any] = {"path": str(folder / store), "collection_name": "memories"}
        if store == "qdrant":
            vectors |= {"embedding_model_dims": DIMENSION, "on_disk": True}
        self.memory = Memory.from_config(
            {
                "embedder": {"provider": "langchain", "config": {"model": _Given(embed)}},
                "vector_store": {"provider": store, "config": vectors},
                "history_db_path": str(folder / "history.db"),
            }
        )

    def add(self, text: str, user: str, tag: str = "none") -> str:
        said = [{"role": "user", "content": text}]
        return str(self.memory.add(said, user_id=user, metadata={"tag": tag}, infer=False)["results"][0]["id"])

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        messages = [{"role": "user", "content": text} for text in texts]
        return len(self.memory.add(messages, user_id=user, metadata={"tag": tag}, infer=False)["results"])

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        wanted = {"user_id": user} | ({"tag": tag} if tag else {})
        found = self.memory.search(query, top_k=limit, filters=wanted, threshold=0.0)
        return [item["memory"] for item in found["results"]]

    def get(self, memory_id: str, user: str) -> str:
        return str(self.memory.get(memory_id)["memory"])

    def delete_user(self, user: str) -> None:
        self.memory.delete_all(user_id=user)

    def close(self) -> None:
        self.memory.close()
