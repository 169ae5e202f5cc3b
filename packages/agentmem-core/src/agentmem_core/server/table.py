"""Which operation a method and a path stand for, by the path as it came: what is quoted in it belongs to a name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Mapping
from typing import Protocol
from urllib.parse import unquote

from agentmem_core.errors import InvalidInputError
from agentmem_core.server.exchange import Exchange


class Endpoint(Protocol):
    """What answers a request."""

    @property
    def name(self) -> str:
        """What logs and metrics call it."""
        ...

    def __call__(self, exchange: Exchange, /) -> Awaitable[None]:
        """Answer it."""
        ...


Methods = Mapping[str, Endpoint]


class Table:
    """Paths without names in a dictionary, those with names as patterns."""

    def __init__(self, rows: Iterable[tuple[str, str, Endpoint]]) -> None:
        """Rows of method, path with ``{names}``, endpoint."""
        self._plain: dict[str, dict[str, Endpoint]] = {}
        self._named: dict[str, tuple[re.Pattern[str], dict[str, Endpoint]]] = {}
        for method, path, endpoint in rows:
            if "{" in path:
                pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
                self._named.setdefault(path, (pattern, {}))[1][method] = endpoint
            else:
                self._plain.setdefault(path, {})[method] = endpoint

    def find(self, method: str, path: str) -> tuple[Endpoint, str, dict[str, str]] | None:
        """The endpoint, the path as the table has it, and what the path names."""
        wanted = "GET" if method == "HEAD" else method
        plain = self._plain.get(path)
        if plain is not None and wanted in plain:
            return plain[wanted], path, {}
        for shown, (pattern, methods) in self._named.items():
            if wanted in methods and (found := pattern.fullmatch(path)):
                return methods[wanted], shown, {name: _unquoted(part) for name, part in found.groupdict().items()}
        return None

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods that a path has; none when there is no such path."""
        methods = set(self._plain.get(path, ()))
        for pattern, more in self._named.values():
            if pattern.fullmatch(path):
                methods |= set(more)
        if "GET" in methods:
            methods.add("HEAD")
        return tuple(sorted(methods))


def _unquoted(part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidInputError("the path is not percent-encoded UTF-8") from error
