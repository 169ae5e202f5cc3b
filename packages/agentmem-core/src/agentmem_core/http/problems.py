"""Errors as problem documents (RFC 9457), and the errors that problem documents stand for."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from pydantic import ConfigDict

from agentmem_core.errors import (
    AgentMemError,
    AuthenticationError,
    ConflictError,
    EmbedderError,
    EmbedderMismatchError,
    InvalidInputError,
    ModelError,
    NotConfiguredError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServerUnavailableError,
    StoreError,
    StoreFullError,
    TimedOutError,
    TooLargeError,
    VaultError,
)
from agentmem_core.model.values import Value

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:agentmem:error:"

STATUS: dict[type[AgentMemError], int] = {
    InvalidInputError: 422,
    TooLargeError: 413,
    AuthenticationError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitedError: 429,
    NotConfiguredError: 409,
    NotSupportedError: 501,
    EmbedderError: 502,
    EmbedderMismatchError: 409,
    ModelError: 502,
    TimedOutError: 504,
    VaultError: 409,
    StoreError: 503,
    StoreFullError: 507,
    ServerError: 500,
    ServerUnavailableError: 503,
}
"""The status of an error, or else that of the error it is a kind of."""

BY_CODE: dict[str, type[AgentMemError]] = {
    kind.code: kind
    for _, kind in inspect.getmembers(sys.modules[AgentMemError.__module__], inspect.isclass)
    if issubclass(kind, AgentMemError)
}


UNKNOWN_ROUTE = "unknown_route"
"""The code of a 404 (or 405) of a server that has no such operation, unlike one that has no such memory."""


class Problem(Value):
    """What went wrong: ``code`` is that of our error, ``detail`` says what to do."""

    model_config = ConfigDict(extra="ignore")

    type: str = f"{TYPE}error"
    title: str = ""
    status: int
    detail: str = ""
    code: str = "error"
    request_id: str | None = None
    retry_after: float | None = None
    """Seconds after which it may be tried again."""


def status_of(error: AgentMemError) -> int:
    """The status it is answered with."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem_of(error: AgentMemError, request_id: str | None = None) -> Problem:
    """The document that says an error."""
    doc = (type(error).__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return Problem(
        type=TYPE + error.code, title=doc, status=status_of(error), detail=str(error), code=error.code,
        request_id=request_id, retry_after=getattr(error, "retry_after", None),
    )  # fmt: skip


def error_of(problem: Problem) -> AgentMemError:
    """The error that a document says; one of a code that this version does not know is told by its status."""
    if problem.code == UNKNOWN_ROUTE:
        return NotSupportedError(
            "the server has no such operation: it is older than this client, or its path in api_url is wrong"
        )
    kind = BY_CODE.get(problem.code) or _by_status(problem.status)
    more: dict[str, Any] = {}
    if issubclass(kind, RateLimitedError):
        more["retry_after"] = problem.retry_after
    return kind(problem.detail or problem.title or f"the server answered {problem.status}", **more)


def _by_status(status: int) -> type[AgentMemError]:
    found = {number: kind for kind, number in reversed(STATUS.items())}
    if status in found:
        return found[status]
    return InvalidInputError if 400 <= status < 500 else ServerError
