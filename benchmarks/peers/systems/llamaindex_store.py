"""LlamaIndex over a Chroma collection: ``VectorStoreIndex.from_vector_store``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from embedding import Embed


class System:
    """The user is metadata of every node."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        import chromadb
        from llama_index.core import VectorStoreIndex
        from llama_index.core.base.embeddings.base import BaseEmbedding
        from llama_index.vector_stores.chroma import ChromaVectorStore

        class Given(BaseEmbedding):
            def _get_query_embedding(self, query: str) -> list[float]:
                return embed([query])[0]

            def _get_text_embedding(self, text: str) -> list[float]:
                return embed([text])[0]

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return embed(texts)

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return embed([query])[0]

        client = chromadb.PersistentClient(str(folder / "chroma"))
        self.collection: Any = client.get_or_create_collection("memories")
        store = ChromaVectorStore(chroma_collection=self.collection)
        self.index: Any = VectorStoreIndex.from_vector_store(store, embed_model=Given())

    def _node(self, text: str, user: str, tag: str) -> Any:
        from llama_index.core.schema import TextNode

        aside = ["user", "tag"]  # else they would be embedded with the text
        return TextNode(
            text=text, metadata={"user": user, "tag": tag},
            excluded_embed_metadata_keys=aside, excluded_llm_metadata_keys=aside,
        )  # fmt: skip

    def add(self, text: str, user: str, tag: str = "none") -> str:
        node = self._node(text, user, tag)
        self.index.insert_nodes([node])
        return str(node.node_id)

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        self.index.insert_nodes([self._node(*row) for row in zip(texts, users, tags, strict=True)])
        return len(texts)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        from llama_index.core.vector_stores import MetadataFilter, MetadataFilters

        wanted = {"user": user} | ({"tag": tag} if tag else {})
        filters = MetadataFilters(filters=[MetadataFilter(key=key, value=value) for key, value in wanted.items()])
        found = self.index.as_retriever(similarity_top_k=limit, filters=filters).retrieve(query)
        return [item.node.get_content() for item in found]

    def get(self, memory_id: str, user: str) -> str:
        return str(self.collection.get(ids=[memory_id])["documents"][0])

    def delete_user(self, user: str) -> None:
        self.collection.delete(where={"user": user})

    def close(self) -> None:
        """It has no close."""
