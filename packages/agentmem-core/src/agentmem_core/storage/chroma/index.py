"""The vector index on Chroma: one Chroma database for each large partition, in a folder beside the ledger.

A collection of its own needs no filter, whose cost in Chroma grows with everything that is stored (42 ms at 100,000 rows
against 3 ms without). It holds row numbers and vectors only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import StoreError
from agentmem_core.ports import Near
from agentmem_core.storage.chroma.slots import blank_unused

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from filelock import FileLock

T = TypeVar("T")

FOLDER = "chroma"
LOCK = "chroma.lock"
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}}
_UPSERT_LIMIT = 5_000


class DamagedIndexError(StoreError):
    """Chroma failed on its own files; the index is to be thrown away and built again."""

    code = "index_damaged"


class ChromaIndex:
    """A ``VectorIndex`` in ``folder/chroma``, with a folder for each space: dropping one leaves no byte of it behind.

    ``chromadb`` is imported when the first space is touched. One thread at a time: Chroma begins its files with bytes out of this
    process's memory, which are blanked before the call that wrote them ends.
    """

    def __init__(self, folder: Path) -> None:
        """Cheap: nothing is opened yet."""
        self._folder = folder / FOLDER
        self._lock_file = folder / LOCK
        self._open: dict[str, tuple[ClientAPI, Any]] = {}
        self._blanked: set[str] = set()

    @cached_property
    def _lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(self._lock_file, thread_local=False)

    def acquire(self) -> bool:
        from filelock import Timeout

        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(f"the lock of the index cannot be taken: {error}") from error
        for space in self.spaces():  # whoever had it may have been killed before it came to that
            with suppress(OSError):
                self._blank(space)
        return True

    def upsert(self, space: str, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        collection = self._collection(space)
        for start in range(0, len(rows), _UPSERT_LIMIT):
            part = slice(start, start + _UPSERT_LIMIT)
            names = [str(row) for row in rows[part]]
            self._told(space, partial(collection.upsert, ids=names, embeddings=vectors[part]))

    def remove(self, space: str, rows: Sequence[int]) -> None:
        collection = self._collection(space)
        for start in range(0, len(rows), _UPSERT_LIMIT):
            names = [str(row) for row in rows[start : start + _UPSERT_LIMIT]]
            self._told(space, partial(collection.delete, ids=names))

    def query(self, space: str, vector: NDArray[np.float32], limit: int) -> Near:
        if not self._folders(space):
            return _NOTHING
        collection = self._collection(space)
        held = self._told(space, collection.count)
        limit = min(limit, held)
        if limit < 1:
            return _NOTHING
        found = self._told(
            space, lambda: collection.query(query_embeddings=vector[None, :], n_results=limit, include=["distances"])
        )
        rows = np.array([int(name) for name in found["ids"][0]], np.int64)
        if len(rows) < limit:
            raise DamagedIndexError(f"Chroma found {len(rows)} of {limit} rows although it counts {held}")
        return Near(rows, 1.0 - np.array(found["distances"][0], np.float32), held)

    def count(self, space: str) -> int:
        return int(self._told(space, self._collection(space).count)) if self._folders(space) else 0

    def spaces(self) -> list[str]:
        try:
            return sorted({path.name.rpartition(".")[0] for path in self._folder.iterdir() if "." in path.name})
        except OSError:
            return []

    def drop(self, space: str) -> None:
        self._shut(space)
        for folder in self._folders(space):
            _remove(folder)

    def reset(self) -> None:
        for space in list(self._open):
            self._shut(space)
        _remove(self._folder)

    def close(self) -> None:
        for space in list(self._open):
            self._shut(space)
        if "_lock" in vars(self):  # nobody who never asked for it has it
            self._lock.release(force=True)

    def _collection(self, space: str) -> Any:
        found = self._open.get(space)
        if found is None:
            import chromadb
            from chromadb.config import Settings

            path = next(iter(self._folders(space)), self._folder / f"{space}.{uuid4().hex[:8]}")
            if not self._folder.is_dir():
                _remove(self._folder)
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DamagedIndexError(f"the folder of the index cannot be made: {error}") from error
            client: ClientAPI = guarded(
                lambda: chromadb.PersistentClient(str(path), settings=Settings(anonymized_telemetry=False))
            )
            collection = guarded(
                lambda: client.get_or_create_collection(space, embedding_function=None, configuration=_CONFIGURATION)
            )
            found = self._open[space] = (client, collection)
        return found[1]

    def _told(self, space: str, call: Callable[[], T]) -> T:
        """What Chroma answers; it begins its files at the first call that needs them, once for each opening."""
        try:
            return guarded(call)
        finally:
            if space not in self._blanked and guarded(partial(self._blank, space)):
                self._blanked.add(space)

    def _blank(self, space: str) -> bool:
        begun = [blank_unused(folder) for folder in self._folders(space)]
        return all(begun)

    def _shut(self, space: str) -> None:
        self._blanked.discard(space)
        client, _ = self._open.pop(space, (None, None))
        close = getattr(client, "close", None)
        if close is not None:
            with suppress(DamagedIndexError):
                guarded(close)

    def _folders(self, space: str) -> list[Path]:
        """The folder of a space, with those that could not be removed before. A new one has another name than the old.

        Chroma keeps what it has opened under its path for as long as the process lives, also when the files are gone.
        """
        try:
            return sorted(path for path in self._folder.iterdir() if path.name.rpartition(".")[0] == space)
        except OSError:
            return []


_NOTHING = Near(np.empty(0, np.int64), np.empty(0, np.float32))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def guarded(call: Callable[[], T]) -> T:
    """Chroma's failures as one kind of ours: its native part also raises outside of ``Exception``."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise DamagedIndexError(f"Chroma failed on the index: {error!r}") from error
