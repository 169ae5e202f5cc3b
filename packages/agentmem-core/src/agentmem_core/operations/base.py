"""What an operation is, and how one is built from what a caller gave."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Value, explain

T = TypeVar("T")
V = TypeVar("V", bound=Value)

MEMORIES = "memories"
"""The collection that memories live in; adapters bring vectors of their own into others."""


class Op(Value, Generic[T]):
    """One verb as a frozen value, typed by its answer; a ``Backend`` executes it."""

    scope: Scope = Scope()


def build(kind: type[V], /, **given: Any) -> V:
    """A checked value, or an ``InvalidInputError`` that names the argument and says what is wrong with it."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise InvalidInputError(explain(error)) from None
