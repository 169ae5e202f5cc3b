"""Vectors, for hosts that compare by themselves."""

from __future__ import annotations

from typing import ClassVar, Literal

from agentmem_core.model.values import Name, Text
from agentmem_core.operations.base import MEMORIES, Access, Op


class Embed(Op[list[list[float]]]):
    """What the store's embedder makes of texts: one vector a text, in order; nothing is stored."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    texts: tuple[Text, ...]
    kind: Literal["document", "query"] = "document"


class Vectors(Op[dict[str, list[float]]]):
    """The vectors of the memories with these ids; unknown ids, and memories without a vector, are left out."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    ids: tuple[Name, ...]
    collection: Name = MEMORIES
