"""What an operation is, and how one is built from what a caller gave."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import ValidationError

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.explaining import explain
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Value

T = TypeVar("T")
V = TypeVar("V", bound=Value)

Access = Literal["read", "write", "admin"]
"""What a caller must be allowed: to look, to change what is in the scope, or to see to the store and to all of its users."""

MEMORIES = "memories"
"""The collection that memories live in; adapters bring vectors of their own into others."""


class Op(Value, Generic[T]):
    """One verb as a frozen value, typed by its answer; a ``Backend`` executes it.

    ``repeatable`` says that doing it twice is the same as doing it once, so that it may be tried again; ``access`` is what a
    caller must be allowed.
    """

    repeatable: ClassVar[bool] = False
    access: ClassVar[Access] = "write"

    scope: Scope = Scope()

    @classmethod
    def answer(cls) -> Any:
        """The type of its answer, as ``class Search(Op[list[Hit]])`` says it."""
        for kind in cls.__mro__:
            given = getattr(kind, "__pydantic_generic_metadata__", {"args": ()})["args"]
            if given:
                return given[0]
        raise TypeError(f"{cls.__name__} does not say what it answers")


class AgentOp(Op[T], Generic[T]):
    """A verb of one of the eight agents."""

    agent: ClassVar[str] = ""
    verb: ClassVar[str] = ""


def build(kind: type[V], /, **given: Any) -> V:
    """A checked value, or an ``InvalidInputError`` that names the argument and says what is wrong with it."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise InvalidInputError(explain(error)) from None
