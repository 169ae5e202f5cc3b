"""LangChain's Chroma vector store."""

from __future__ import annotations

from pathlib import Path

from embedding import Embed
from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings


class _Given(Embeddings):
    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    def embed_query(self, text: str) -> list[float]:
        return self._embed([text])[0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._embed(texts)


class System:
    """The user is metadata of every text."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.store = Chroma("memories", _Given(embed), persist_directory=str(folder / "chroma"))

    def add(self, text: str, user: str) -> str:
        return self.store.add_texts([text], [{"user": user}])[0]

    def add_many(self, texts: list[str], user: str) -> int:
        return len(self.store.add_texts(texts, [{"user": user} for _ in texts]))

    def search(self, query: str, user: str, limit: int) -> list[str]:
        return [found.page_content for found in self.store.similarity_search(query, limit, filter={"user": user})]

    def get(self, memory_id: str, user: str) -> str:
        return self.store.get_by_ids([memory_id])[0].page_content

    def delete_user(self, user: str) -> None:
        self.store.delete(where={"user": user})

    def close(self) -> None:
        """It has no close."""
