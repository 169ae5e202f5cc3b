"""Whether a partition is as it was, and some of its memories, in one statement: a transaction by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from agentmem_core.ports import Packed, Partition
from agentmem_core.storage.sqlite.rows import MEMORIES, OF_MEMORY, SELECTED_MEMORY, pack

AT_A_GLANCE = 500
"""So many rows are read so at most."""
_STATE = "p.last_row, p.change, p.epoch, c.generation, c.dimension, p.user_id, c.name, c.tenant"
"""Whose it is belongs to it: the number of a partition whose transaction was undone is the next one's."""
_OF_STATE = 8
_STANDING = "FROM partitions p JOIN collections c ON c.id = p.collection"


@lru_cache(maxsize=128)
def glance(count: int) -> str:
    """Selects a partition's state, and then so many rows of those that live; the values are the rows' numbers, and its own."""
    if not count:
        return f"SELECT {_STATE} {_STANDING} WHERE p.id = ?"
    rows = ", ".join(["(?)"] * count)
    nothing = ", NULL" * (OF_MEMORY - _OF_STATE)
    return (
        f"WITH wanted(row) AS (VALUES {rows}) SELECT {_STATE}{nothing} {_STANDING} WHERE p.id = ? UNION ALL "
        f"SELECT {SELECTED_MEMORY} FROM wanted CROSS JOIN {MEMORIES} WHERE m.row = wanted.row AND m.deleted_at IS NULL"
    )


def state_of(partition: Partition) -> tuple[int | str | None, ...]:
    """The state that is selected where nothing has changed since."""
    known = partition.collection
    return (
        partition.last_row, partition.change, partition.epoch, known.generation, known.embedder.dimension,
        partition.user_id, known.name, known.tenant,
    )  # fmt: skip


def told(partition: Partition, selected: Sequence[tuple[Any, ...]]) -> dict[int, Packed] | None:
    """The memories that were selected, by row; None where the partition is gone or another."""
    if not selected or selected[0][:_OF_STATE] != state_of(partition):
        return None
    return {row[0]: pack(row) for row in selected[1:]}
