"""What is sent, how often, and what comes of it: decided here, done by the backend in one colour or the other."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from agentmem_core.errors import (
    AgentMemError,
    BadAnswerError,
    NotSupportedError,
    RateLimitedError,
    ServerError,
    ServerUnavailableError,
    TimedOutError,
)
from agentmem_core.http.address import Address
from agentmem_core.http.answers import Answer, Refusal, read
from agentmem_core.http.requests import Request, request_of
from agentmem_core.http.routes import ROUTE_OF, Route
from agentmem_core.http.telling import is_told_once, told_once
from agentmem_core.operations import Op
from agentmem_core.ports.cancelling import CANCELLATION

T = TypeVar("T")

_STRANGER = 2.0
"""Seconds for which a server is tried that never answered: the address may be wrong."""

_KNOWN = 15.0
"""Seconds for which one is tried that did: it may be restarting."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send this; ``connect`` and ``left`` are seconds, the second for all of it."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    connect: float
    left: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait as many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back. ``sent``: but the server may have heard it."""

    why: str
    sent: bool


Outcome = Answer | NoAnswer | BadAnswerError | None
"""What came of a step: an answer, none, one that cannot be read, or of a pause nothing."""

Conversation = Generator[Attempt | Pause, Outcome, T]


class Speaker:
    """Speaks with one server; remembers whether it was ever there."""

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is sent yet."""
        self._address = address
        self._clock = clock
        self._met = False
        self._headers = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "agentmem-core"}
        if address.key is not None:
            self._headers["authorization"] = f"Bearer {address.key}"

    def ask(self, op: Op[T]) -> Conversation[T]:
        """Steps to do one after the other, until there is an answer or an error."""
        route = ROUTE_OF.get(type(op))
        if route is None:
            raise NotSupportedError(f"a server has no operation {type(op).__name__}")
        op = told_once(op)
        request = request_of(route, op)
        repeatable = op.repeatable or is_told_once(op)
        _begin(op)
        begun, pause = self._clock(), _FIRST_PAUSE
        lost = False
        """Whether an attempt may have been carried out without our hearing of it."""
        while True:
            outcome = yield self._attempt(request, begun)
            refusal = self._judged(route, outcome)
            if not isinstance(refusal, Refusal):
                return cast("T", refusal)
            lost = lost or refusal.unsure
            again = refusal.passing and (repeatable or not refusal.unsure)
            seconds = max(refusal.retry_after or 0.0, pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            if not again or self._clock() + seconds - begun > min(
                _KNOWN if self._met else _STRANGER, self._address.total
            ):
                raise self._told(refusal.error, op, lost=lost)
            pause = min(2 * pause, _LONGEST_PAUSE)
            yield Pause(seconds)

    def _attempt(self, request: Request, begun: float) -> Attempt:
        left = max(self._address.total - (self._clock() - begun), 0.001)
        url = self._address.url + request.path + (f"?{urlencode(request.query)}" if request.query else "")
        headers = self._headers if request.body is None else {**self._headers, "content-type": "application/json"}
        return Attempt(request.method, url, headers, request.body, min(self._address.connect, left), left)

    def _judged(self, route: Route, outcome: Outcome) -> Any:
        """The operation's answer, or a ``Refusal``."""
        if isinstance(outcome, Answer):
            try:
                found = read(route, outcome)
            except BadAnswerError as error:
                return Refusal(error, unsure=True)
            self._met = self._met or not isinstance(found, Refusal) or not isinstance(found.error, BadAnswerError)
            return found
        if isinstance(outcome, NoAnswer):
            return Refusal(ServerUnavailableError(outcome.why), passing=True, unsure=outcome.sent)
        return Refusal(outcome or BadAnswerError("it answered nothing"), unsure=True)

    def _told(self, error: AgentMemError, op: Op[Any], *, lost: bool) -> AgentMemError:
        """The error as the caller gets it: with the address where it is about the server, and with what is not known."""
        text = self._address.hide(str(error))
        if isinstance(error, ServerUnavailableError | BadAnswerError) or type(error) is ServerError:
            text = f"{self._address.url}: {text}"
        unsure = lost and op.access != "read" and isinstance(error, ServerError | TimedOutError)
        if unsure and not isinstance(error, RateLimitedError):
            text = f"{text}. {type(op).__name__} may or may not have been done; look before you repeat it"
        error.args = (text,)
        return error


def _begin(op: Op[Any]) -> None:
    """What was sent may be done: a caller who gives up must wait for the answer, unless it was only a question."""
    cancellation = CANCELLATION.get()
    if cancellation is not None and op.access != "read":
        cancellation.begin_write()
