"""The OpenAPI document and the page made of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from agentmem_core.server.exchange import JSON, Exchange
from agentmem_core.server.reference import html

HTML = b"text/html; charset=utf-8"
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Pages:
    """Made when they are first asked for."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        """What makes the document."""
        self._make = make

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document."""
        return self._make()

    @cached_property
    def as_json(self) -> bytes:
        """As it is sent."""
        return to_json(self.document)

    @cached_property
    def as_html(self) -> bytes:
        """For people."""
        return html(self.document)


class OpenApi:
    """``GET /openapi.json``."""

    name = "openapi"

    def __init__(self, pages: Pages) -> None:
        """Anyone may read what can be asked."""
        self._pages = pages

    async def __call__(self, exchange: Exchange) -> None:
        """The document."""
        await exchange.answer(200, self._pages.as_json, JSON)


class Docs:
    """``GET /docs``."""

    name = "docs"

    def __init__(self, pages: Pages) -> None:
        """Anyone may read what can be asked."""
        self._pages = pages

    async def __call__(self, exchange: Exchange) -> None:
        """The page; it has a style, and no scripts."""
        content = self._pages.as_html
        length = str(len(content)).encode()
        await exchange.begin(200, HTML, ((b"content-length", length), (b"content-security-policy", _POLICY)))
        await exchange.send(content)
