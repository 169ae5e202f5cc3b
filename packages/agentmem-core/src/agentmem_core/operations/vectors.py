"""Vectors, for hosts that compare by themselves."""

from __future__ import annotations

from typing import Literal

from agentmem_core.model.values import Name, Text
from agentmem_core.operations.base import MEMORIES, Op


class Embed(Op[list[list[float]]]):
    """What the store's embedder makes of texts: one vector a text, in order; nothing is stored."""

    texts: tuple[Text, ...]
    kind: Literal["document", "query"] = "document"


class Vectors(Op[dict[str, list[float]]]):
    """The vectors of the memories with these ids; unknown ids, and memories without a vector, are left out."""

    ids: tuple[Name, ...]
    collection: Name = MEMORIES
