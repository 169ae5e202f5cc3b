"""The vector index on Chroma: one Chroma collection for each large partition, in a folder beside the ledger.

A collection of its own needs no filter, whose cost in Chroma grows with everything that is stored (42 ms at 100,000 rows
against 3 ms without). It holds row numbers and vectors only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from agentmem_core.errors import StoreError
from agentmem_core.ports import Near

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

T = TypeVar("T")

FOLDER = "chroma"
LOCK = "chroma.lock"
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}}
_UPSERT_LIMIT = 5_000


class DamagedIndexError(StoreError):
    """Chroma failed on its own files; the index is to be thrown away and built again."""

    code = "index_damaged"


class ChromaIndex:
    """A ``VectorIndex`` in ``folder/chroma``. ``chromadb`` is imported when the first space is touched."""

    def __init__(self, folder: Path) -> None:
        """Cheap: nothing is opened yet."""
        self._folder = folder / FOLDER
        self._lock = FileLock(folder / LOCK, thread_local=False)
        self._client: ClientAPI | None = None
        self._collections: dict[str, Any] = {}

    def acquire(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(f"the lock of the index cannot be taken: {error}") from error
        return True

    def upsert(self, space: str, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        collection = self._collection(space)
        for start in range(0, len(rows), _UPSERT_LIMIT):
            part = slice(start, start + _UPSERT_LIMIT)
            names = [str(row) for row in rows[part]]
            guarded(partial(collection.upsert, ids=names, embeddings=vectors[part]))

    def remove(self, space: str, rows: Sequence[int]) -> None:
        collection = self._collection(space)
        for start in range(0, len(rows), _UPSERT_LIMIT):
            names = [str(row) for row in rows[start : start + _UPSERT_LIMIT]]
            guarded(partial(collection.delete, ids=names))

    def query(self, space: str, vector: NDArray[np.float32], limit: int) -> Near:
        collection = self._collection(space)
        held = guarded(collection.count)
        limit = min(limit, held)
        if not limit:
            return Near(np.empty(0, np.int64), np.empty(0, np.float32))
        found = guarded(
            lambda: collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        )
        rows = np.array([int(name) for name in found["ids"][0]], np.int64)
        if len(rows) < limit:
            raise DamagedIndexError(f"Chroma found {len(rows)} of {limit} rows although it counts {held}")
        return Near(rows, 1.0 - np.array(found["distances"][0], np.float32))

    def count(self, space: str) -> int:
        return int(guarded(self._collection(space).count))

    def drop(self, space: str) -> None:
        self._collections.pop(space, None)
        client = self._open()
        if any(getattr(item, "name", item) == space for item in guarded(client.list_collections)):
            guarded(lambda: client.delete_collection(space))

    def reset(self) -> None:
        """Start over in a folder of another name, since Chroma keeps a broken one open inside the process."""
        newest = self._newest()
        self._shut()
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / str(newest + 1)).mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self._shut()
        self._lock.release(force=True)

    def _collection(self, space: str) -> Any:
        found = self._collections.get(space)
        if found is None:
            client = self._open()
            found = self._collections[space] = guarded(
                lambda: client.get_or_create_collection(
                    space,
                    embedding_function=None,
                    configuration=_CONFIGURATION,
                )
            )
        return found

    def _open(self) -> ClientAPI:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            path = self._folder / str(self._newest())
            path.mkdir(parents=True, exist_ok=True)
            self._client = guarded(
                lambda: chromadb.PersistentClient(str(path), settings=Settings(anonymized_telemetry=False))
            )
        return self._client

    def _shut(self) -> None:
        client, self._client = self._client, None
        self._collections.clear()
        close = getattr(client, "close", None)
        if close is not None:
            try:
                guarded(close)
            except DamagedIndexError:
                return

    def _newest(self) -> int:
        try:
            return max((int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()), default=1)
        except OSError:
            return 1


def guarded(call: Callable[[], T]) -> T:
    """Chroma's failures as one kind of ours: its native part also raises outside of ``Exception``."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise DamagedIndexError(f"Chroma failed on the index: {error!r}") from error
