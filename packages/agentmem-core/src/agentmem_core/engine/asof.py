"""A partition as it was remembered at a moment in the past."""

from __future__ import annotations

from datetime import datetime

from agentmem_core.engine.cached import CachedView
from agentmem_core.engine.drafting import text_to_embed
from agentmem_core.engine.engine import GIVEN, Engine
from agentmem_core.model import Memory, Version
from agentmem_core.ports import Feature, LedgerReader, Partition
from agentmem_core.recall.text import indexed_words

_KEPT = ("content", "metadata", "importance", "version")


class Past:
    """What each row said at ``as_of``, for the rows that were edited since.

    A memory told to us later than ``as_of``, but true before (``valid_from``), answers with its first version.
    """

    def __init__(self, engine: Engine, reader: LedgerReader, partition: Partition, as_of: datetime) -> None:
        """Reads the versions of the rows that were edited since."""
        edited = [
            row
            for row, updated_at in reader.values(partition.id, "updated_at", after=0)
            if isinstance(updated_at, datetime) and updated_at > as_of
        ]
        self._engine, self._reader, self._partition = engine, reader, partition
        self._then: dict[int, Version] = {}
        for row in edited:
            versions = reader.versions(row)
            if len(versions) > 1:
                then = next((version for version in reversed(versions) if version.changed_at <= as_of), versions[0])
                self._then[row] = then

    def view(self) -> CachedView:
        """A view of its own with the words and vectors of then."""
        cached = CachedView(self._partition, vectors=True)
        cached.follow(self._reader, self._partition)
        features = self._reader.features_of([*self._then], vectors=True)
        cached.view.replace([self._older(feature) for feature in features], [*self._then])
        for name, field in (("updated_at", "changed_at"), *((same, same) for same in _KEPT)):
            cached.then[name] = {row: getattr(then, field) for row, then in self._then.items()}
        return cached

    def memory(self, row: int, memory: Memory) -> Memory:
        """The memory with the content, metadata and importance of then."""
        then = self._then.get(row)
        if then is None:
            return memory
        return memory.model_copy(
            update={
                "content": then.content,
                "metadata": then.metadata,
                "importance": then.importance,
                "version": then.version,
                "updated_at": then.changed_at,
            }
        )

    def __bool__(self) -> bool:
        """Whether anything was edited since."""
        return bool(self._then)

    def _older(self, feature: Feature) -> Feature:
        content = self._then[feature.row].content
        vector = feature.vector
        if self._partition.collection.embedder.provider != GIVEN.provider:
            vector = self._engine.embed([text_to_embed(content, feature.name)], "document")[0].tobytes()
        return feature._replace(words=indexed_words(content, feature.name), vector=vector)
