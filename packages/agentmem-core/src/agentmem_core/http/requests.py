"""How an operation becomes a request, and a request the operation again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from agentmem_core.errors import InvalidInputError
from agentmem_core.http.routes import Route, ScopeNames
from agentmem_core.model.explaining import explain
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Value
from agentmem_core.operations.base import Op

V = TypeVar("V", bound=Value)

_NOWHERE = Scope()
_SCOPE = tuple(ScopeNames.model_fields)
_SECRETS = {"secrets": True}
"""A sealed value travels as it is to where it is sealed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: ``path`` is quoted, ``body`` is JSON."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What came: an operation that does not know yet whose memory it is about."""

    op: type[Op[Any]]
    fields: Mapping[str, Any]
    names: ScopeNames

    def within(self, scope: Scope) -> Op[Any]:
        """The operation, whose fields have been checked already."""
        if len(self.fields) + 1 == len(self.op.model_fields):
            return self.op.trusted(**self.fields, scope=scope)
        return self.op.model_construct(**self.fields, scope=scope)


def request_of(route: Route, op: Op[Any]) -> Request:
    """The request for an operation. Only what is not the default is sent, so that an older server understands what it can."""
    try:
        given: dict[str, Any] = op.model_dump(mode="json", exclude={"scope"}, exclude_defaults=True, context=_SECRETS)
    except PydanticSerializationError as error:
        raise InvalidInputError(
            f"{route.name}: holds what cannot be sent to a server, only JSON can be ({error})"
        ) from None
    path = route.path.format_map({name: _quoted(given.pop(name)) for name in route.in_path})
    given |= names_of(op.scope)
    if route.by_query:
        return Request(route.method, path, tuple(_pairs(given)))
    return Request(route.method, path, body=to_json(given))


def names_of(scope: Scope) -> dict[str, str]:
    """The names that a server could not know by itself."""
    return {name: value for name in _SCOPE if (value := getattr(scope, name)) != getattr(_NOWHERE, name)}


def call_of(route: Route, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: bytes) -> Call:
    """The operation in a request; ``path`` holds what the path names, unquoted. ``InvalidInputError`` says what is wrong."""
    try:
        given = route.path_values.model_validate(dict(path)) if route.in_path else None
        said = (
            route.request.model_validate(_unpaired(route, query))
            if route.by_query
            else route.request.model_validate_json(body or b"{}")
        )
    except ValidationError as error:
        raise InvalidInputError(explain(error, "query" if route.by_query else "body")) from None
    fields = dict(said.__dict__)
    names = ScopeNames.trusted(**{name: fields.pop(name) for name in _SCOPE})
    if query and not route.by_query:
        names = _named_twice(names, query)
    return Call(route.op, route.fields(fields if given is None else {**given.__dict__, **fields}), names)


def _named_twice(names: ScopeNames, query: Sequence[tuple[str, str]]) -> ScopeNames:
    """Whose memory it is, where the query of a request with a body says so too; what else it says would be heeded by nobody."""
    asked = dict(query)
    if len(asked) < len(query):
        raise InvalidInputError("query: says something twice")
    try:
        also = ScopeNames.model_validate(asked)
    except ValidationError as error:
        raise InvalidInputError(f"in the query: {explain(error, 'query')}") from None
    given = {name: value for name in _SCOPE if (value := getattr(also, name)) is not None}
    for name, value in given.items():
        if getattr(names, name) not in (None, value):
            raise InvalidInputError(f"{name}: the query says another than the body; name it once")
    return names.model_copy(update=given)


def _quoted(name: str) -> str:
    """A name as one part of a path; dots alone would be taken for a way through folders."""
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")


def _pairs(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, item if isinstance(item, str) else json.dumps(item))
        for name, value in given.items()
        for item in (value if isinstance(value, list) else [value])
    ]


def _unpaired(route: Route, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    several = {name for name, field in route.request.model_fields.items() if "tuple" in str(field.annotation)}
    found: dict[str, Any] = {}
    for name, value in query:
        if name in several:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise InvalidInputError(f"{name}: is given twice")
        else:
            found[name] = _parsed(value) if name == "filters" else value
    return found


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise InvalidInputError('filters: must be JSON, for example {"city": "Lisbon"}') from None
