"""What an operation is, and how one is built from what a caller gave."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Value

T = TypeVar("T")
V = TypeVar("V", bound=Value)

MEMORIES = "memories"
"""The collection that memories live in; adapters bring vectors of their own into others."""


class Op(Value, Generic[T]):
    """One verb as a frozen value, typed by its answer; a ``Backend`` executes it."""

    scope: Scope = Scope()


def build(kind: type[V], **given: Any) -> V:
    """A checked value, or an ``InvalidInputError`` that names the argument and says what is wrong with it."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise InvalidInputError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """A pydantic error in one line a caller can act on, without the content that was given."""
    lines: list[str] = []
    for detail in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in detail["loc"] if not _is_union_branch(part)) or "argument"
        problem = _WORDS.get(detail["type"], detail["msg"]).removeprefix("Value error, ")
        given: Any = detail.get("input")
        shown = f", got {given!r}" if isinstance(given, int | float) else ""
        line = f"{where}: {problem}{shown}"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)


def _is_union_branch(part: Any) -> bool:
    return isinstance(part, str) and ("[" in part or part[:1].isupper())


_WORDS = {
    "timezone_aware": "is a naive datetime; give it a time zone, for example datetime.now(UTC)",
    "extra_forbidden": "is not an argument of this call",
    "missing": "is missing",
    "datetime_type": "must be an aware datetime or an ISO 8601 text",
    "bool_type": "must be True or False",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text (str)",
}
