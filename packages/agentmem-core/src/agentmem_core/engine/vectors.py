"""Vectors read and made, for hosts that compare by themselves."""

from __future__ import annotations

import numpy as np

from agentmem_core.engine.engine import Engine, exists
from agentmem_core.operations import Embed, Vectors


def embed(engine: Engine, op: Embed) -> list[list[float]]:
    """One vector a text, in order."""
    if not op.texts:
        return []
    made: list[list[float]] = engine.embed(op.texts, op.kind).tolist()
    return made


def vectors(engine: Engine, op: Vectors) -> dict[str, list[float]]:
    """Those of memories that exist in the scope and have not expired, as they were given or made."""
    now = engine.clock()
    found: dict[str, list[float]] = {}
    with engine.ledger.reading() as reader:
        partition = reader.partition(op.scope.tenant, op.collection, op.scope.user_id)
        if partition is None:
            return found
        for memory_id in op.ids:
            record = reader.by_id(partition.id, memory_id)
            if record is None or record.vector is None or not op.scope.admits(record.memory.scope):
                continue
            if exists(record, now):
                found[memory_id] = np.frombuffer(record.vector, np.float32).tolist()
    return found
