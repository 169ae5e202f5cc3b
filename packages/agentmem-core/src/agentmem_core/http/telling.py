"""Adds that may be sent twice: what has no id gets one here, by which the server knows it when it hears it again."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from agentmem_core.model import new_id
from agentmem_core.operations import Add, Op

T = TypeVar("T")


def told_once(op: Op[T]) -> Op[T]:
    """The operation, with an id for each item of an add that would be stored anew; texts known already keep their own."""
    if type(op) is not Add:
        return op
    items = tuple(
        item if item.id is not None or item.id_if_new is not None else item.model_copy(update={"id_if_new": new_id()})
        for item in op.items
    )
    return cast("Op[T]", op.model_copy(update={"items": items}))


def is_told_once(op: Op[Any]) -> bool:
    """Whether hearing it twice is the same as hearing it once; what a model learns from it is not."""
    return type(op) is Add and not getattr(op, "infer", False)
