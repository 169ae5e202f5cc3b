"""Local Qdrant's folder: one SQLite file a collection, with each point as a pickle.

A pickle can run any program. These are read by an unpickler that knows one name, the point itself, which it gives to a bag of
fields without behaviour; a pickle that names anything else is not read.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.parts import mapping
from agentmem_core.moving.record import Misfit
from agentmem_core.moving.sqlite_file import reading


@dataclass(frozen=True, slots=True)
class QdrantStore:
    """One collection."""

    collection: str
    path: Path


@dataclass(frozen=True, slots=True)
class QdrantPoint:
    """One point, without its vector."""

    id: str
    payload: dict[str, Any]


class _Bag:
    """The fields of a pickled point."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Harmless(pickle.Unpickler):
    """Resolves the class of a point, to a bag, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("qdrant_client.") and name == "PointStruct":
            return _Bag
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def qdrant_stores(folder: Path) -> list[QdrantStore]:
    """The collections in a folder of local Qdrant, or in one directly below."""
    found = sorted({*folder.glob("collection/*/storage.sqlite"), *folder.glob("*/collection/*/storage.sqlite")})
    return [QdrantStore(path.parent.name, path) for path in found]


def qdrant_points(store: QdrantStore) -> Iterator[QdrantPoint | Misfit]:
    """The points in the order they were added."""
    with reading(store.path) as file:
        if "point" not in file.columns("points"):
            raise InvalidInputError(f"{store.path}: has no table of points, so it is none of local Qdrant's")
        for number, (raw,) in enumerate(file.rows("SELECT point FROM points ORDER BY rowid")):
            yield _point(raw, f"{store.collection} point {number}")


def _point(raw: Any, place: str) -> QdrantPoint | Misfit:
    try:
        found: Any = _Harmless(io.BytesIO(raw)).load()
    except Exception as error:  # noqa: BLE001 - a damaged pickle raises whatever it likes; each is told
        return Misfit(place, f"its point cannot be read safely ({type(error).__name__})")
    fields = mapping(getattr(found, "state", None))
    fields = mapping(fields.get("__dict__")) or fields
    if "id" not in fields:
        return Misfit(place, "its point has no id")
    return QdrantPoint(str(fields["id"]), mapping(fields.get("payload")))
