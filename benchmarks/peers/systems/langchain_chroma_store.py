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

    def add(self, text: str, user: str, tag: str = "none") -> str:
        return self.store.add_texts([text], [{"user": user, "tag": tag}])[0]

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        rows = [{"user": user, "tag": tag} for user, tag in zip(users, tags, strict=True)]
        return len(self.store.add_texts(texts, rows))

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        where = {"$and": [{"user": user}, {"tag": tag}]} if tag else {"user": user}
        return [found.page_content for found in self.store.similarity_search(query, limit, filter=where)]

    def get(self, memory_id: str, user: str) -> str:
        return self.store.get_by_ids([memory_id])[0].page_content

    def delete_user(self, user: str) -> None:
        self.store.delete(where={"user": user})

    def close(self) -> None:
        """It has no close."""
