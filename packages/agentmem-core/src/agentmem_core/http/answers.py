"""What a server answered, and what it means: the operation's answer, or the error it stands for. Nothing here waits."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from agentmem_core.errors import (
    AgentMemError,
    AuthenticationError,
    BadAnswerError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServerUnavailableError,
    StoreClosedError,
    TooLargeError,
)
from agentmem_core.http.problems import MEDIA_TYPE, Problem, error_of
from agentmem_core.http.routes import Route
from agentmem_core.model.explaining import explain
from agentmem_core.retrying import retry_after

LARGEST = 256 * 1024 * 1024
"""Bytes of an answer, unpacked; more than any operation answers."""

_LARGEST_PROBLEM = 1_000_000
_SHOWN = 2_000
"""Characters of a server's message that are repeated."""

_PASSING_CODES = {"rate_limited", "server_unavailable", "store_busy", "timed_out"}
_PASSING_STATUS = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; the names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """What the body claims to be."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again."""
        return retry_after(self.headers.get("retry-after"), datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is an error. ``passing``: it may be gone at the next attempt; ``unsure``: it may have been done all the same."""

    error: AgentMemError
    passing: bool = False
    unsure: bool = False
    retry_after: float | None = None


class Unpacking:
    """A body as it comes, bounded however small it was packed."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        """``BadAnswerError`` when it is packed in a way we did not ask for."""
        self._largest = LARGEST if status < 400 else _LARGEST_PROBLEM
        self._parts: list[bytes] = []
        self._size = 0
        packed = headers.get("content-encoding", "identity").strip().lower()
        if packed not in {"identity", "gzip", ""}:
            raise BadAnswerError(f"its answer is packed as {packed[:40]!r}, which nobody asked for")
        self._gzip = zlib.decompressobj(wbits=31) if packed == "gzip" else None

    def take(self, part: bytes) -> None:
        """The next bytes; ``BadAnswerError`` when it is too much."""
        try:
            part = part if self._gzip is None else self._gzip.decompress(part, self._largest + 1 - self._size)
        except zlib.error:
            raise BadAnswerError("its answer claims to be gzip, and is not") from None
        self._size += len(part)
        if self._size > self._largest:
            raise BadAnswerError(f"its answer is larger than {self._largest:,} bytes; ask for less at a time")
        self._parts.append(part)

    def whole(self) -> bytes:
        """All of it."""
        if self._gzip is not None and self._parts and not self._gzip.eof:
            raise BadAnswerError("its answer ends in the middle")
        return b"".join(self._parts)


def read(route: Route, answer: Answer) -> Any:
    """The operation's answer, or a ``Refusal``."""
    if 200 <= answer.status < 300:
        return _value(route, answer)
    return _refused(answer)


def _value(route: Route, answer: Answer) -> Any:
    if answer.media_type != "application/json":
        kind = answer.media_type[:80] or "nothing"
        raise BadAnswerError(f"its answer to {route.name} is {kind}, not JSON; is it a server of AgentMem?")
    try:
        return route.answer.validate_json(answer.body)
    except ValidationError as error:
        return _of_a_newer_server(route, answer.body, error)


def _of_a_newer_server(route: Route, body: bytes, error: ValidationError) -> Any:
    """The answer without the fields that this version does not know."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswerError(f"its answer to {route.name} is no JSON, or not all of it") from None
    while all(detail["type"] == "extra_forbidden" for detail in error.errors(include_url=False, include_input=False)):
        dropped = [_drop(given, detail["loc"]) for detail in error.errors(include_url=False, include_input=False)]
        if not any(dropped):
            break
        try:
            return route.answer.validate_json(json.dumps(given))
        except ValidationError as found:
            error = found
    raise BadAnswerError(
        f"its answer to {route.name} is not what this version of AgentMem expects ({explain(error)[:500]}); "
        "is it a server of AgentMem, and of a version near this one?"
    )


def _drop(given: Any, place: tuple[int | str, ...]) -> bool:
    """Take one field out; steps of the place that only name a branch of a type are passed over."""
    *way, last = place
    for step in way:
        try:
            given = given[step]
        except (KeyError, IndexError, TypeError):
            continue
    return isinstance(given, dict) and given.pop(last, _NOTHING) is not _NOTHING


_NOTHING = object()


def _refused(answer: Answer) -> Refusal:
    problem = _problem(answer)
    if problem is None:
        return _without_a_problem(answer)
    error = error_of(problem)
    if problem.request_id:
        error.add_note(f"the server calls this request {problem.request_id[:100]}")
    pause = problem.retry_after if problem.retry_after is not None else answer.retry_after
    if isinstance(error, RateLimitedError):
        error.retry_after = pause
    if isinstance(error, StoreClosedError):  # the server's store, not this client
        return Refusal(
            ServerUnavailableError("it is stopping; ask again"), passing=True, unsure=True, retry_after=pause
        )
    unsure = type(error) in {ServerError, ServerUnavailableError}
    return Refusal(error, passing=error.code in _PASSING_CODES, unsure=unsure, retry_after=pause)


def _problem(answer: Answer) -> Problem | None:
    if answer.media_type != MEDIA_TYPE:
        return None
    try:
        problem = Problem.model_validate_json(answer.body)
    except ValidationError:
        return None
    return problem.model_copy(
        update={"status": answer.status, "detail": problem.detail[:_SHOWN], "title": problem.title[:_SHOWN]}
    )


def _without_a_problem(answer: Answer) -> Refusal:
    """What something between us and the server says, a proxy for example."""
    status, pause = answer.status, answer.retry_after
    said = f"it answered {status} without saying why, so something in between may have"
    if 300 <= status < 400:
        return Refusal(BadAnswerError(f"it answered {status}: it is elsewhere. Redirects are not followed, so that no key "
                                      f"gets to where it was not meant for; make api_url the address itself{_to(answer)}"))  # fmt: skip
    if status in {401, 403}:
        kind = AuthenticationError if status == 401 else PermissionDeniedError
        return Refusal(kind(f"{said}; check api_key"))
    if status == 413:
        return Refusal(TooLargeError("this is more than the server, or a proxy before it, takes in one request"))
    if status in _PASSING_STATUS:
        error = RateLimitedError(said, pause) if status == 429 else ServerUnavailableError(said)
        return Refusal(error, passing=True, unsure=status != 429, retry_after=pause)
    return Refusal(
        BadAnswerError(f"it answered {status}, and not as AgentMem does; check the path in api_url"),
        unsure=status >= 500,
    )


def _to(answer: Answer) -> str:
    """Where a redirect leads, without what could be a secret in it."""
    place = answer.headers.get("location", "").partition("?")[0].partition("#")[0][:200]
    host = place.partition("//")[2].partition("/")[0]
    return f" ({place})" if place.isprintable() and host and "@" not in host else ""
