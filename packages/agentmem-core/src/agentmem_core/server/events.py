"""Changes as server-sent events, each to those who may know of it."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentmem_core.errors import AgentMemError, InvalidInputError, PermissionDeniedError
from agentmem_core.http import ScopeNames
from agentmem_core.model import Scope
from agentmem_core.operations import StatsOf, build
from agentmem_core.server.changes import Change
from agentmem_core.server.exchange import Exchange, Gone
from agentmem_core.server.gate import Caller, WatchingGate
from agentmem_core.server.service import Service

MEDIA = b"text/event-stream; charset=utf-8"
_KNOWN = frozenset({"tenant", "user_id"})
_AT_ONCE = 100
_LOOK_SECONDS = 0.5
"""Between two looks whether a reader may still know."""


@dataclass
class Feed:
    """The last changes in the order they were made, numbered; a reader that is further behind is told that it missed some."""

    kept: int
    boot: str = field(default_factory=lambda: secrets.token_hex(4))
    """Numbers begin anew with the process, so its name is a part of them."""

    def __post_init__(self) -> None:
        """Nothing has changed yet."""
        self._changes: list[Change] = []
        self._first = 1
        self._news = asyncio.Event()

    @property
    def end(self) -> int:
        """The number that the next change will have."""
        return self._first + len(self._changes)

    def publish(self, changes: Sequence[Change]) -> None:
        """Keep them and wake the readers."""
        if not changes:
            return
        self._changes += changes
        if len(self._changes) > 2 * self.kept:
            surplus = len(self._changes) - self.kept
            del self._changes[:surplus]
            self._first += surplus
        self._news.set()
        self._news = asyncio.Event()

    def since(self, number: int) -> tuple[list[tuple[int, Change]], bool]:
        """Some changes from ``number`` on, and whether some before them are no longer known."""
        start = max(number, self._first)
        found = self._changes[start - self._first : start - self._first + _AT_ONCE]
        return list(enumerate(found, start)), number < self._first

    async def news(self, seconds: float) -> None:
        """Until something changes, but not longer than that."""
        event = self._news
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    def number_of(self, last: str) -> int | None:
        """Where to go on after an event of that id; None when it was of another process."""
        found = re.fullmatch(r"([0-9a-f]{8})-(\d{1,18})", last)
        if found is None or found[1] != self.boot or int(found[2]) >= self.end:
            return None
        return int(found[2]) + 1

    def id_of(self, number: int) -> str:
        """The id of a change."""
        return f"{self.boot}-{number}"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose changes are told: those of a tenant, and of one user if it is named."""

    tenant: str
    user_id: str | None

    def admits(self, change: Change) -> bool:
        """Whether it is one of them."""
        return change.tenant == self.tenant and (self.user_id is None or change.user_id == self.user_id)


class Events:
    """``GET /v1/events``."""

    name = "events"

    def __init__(self, service: Service, feed: Feed) -> None:
        """Readers of one feed."""
        self._service = service
        self._feed = feed

    async def __call__(self, exchange: Exchange) -> None:
        """Tell what changes until the reader goes, may no longer know, or the server ends."""
        service = self._service
        caller = await service.admit(exchange)
        reach = _reach(exchange, caller)
        try:
            await service.check(exchange, caller, _stands_for(reach))
        except PermissionDeniedError as error:
            if reach.user_id is None:
                raise PermissionDeniedError(
                    "user_id: is missing; to hear of all users of the tenant needs a key of role admin"
                ) from error
            raise
        last = exchange.headers.get(b"last-event-id", b"").decode("latin-1")
        with service.load.stream(exchange):
            if exchange.method == "HEAD":
                await exchange.answer(200, b"", MEDIA)
                return
            await exchange.begin(200, MEDIA, ((b"x-accel-buffering", b"no"),))
            ending = (
                self._tell(exchange, reach, last), exchange.disconnected(), service.load.closing.wait(),
                self._until_refused(exchange, reach),
            )  # fmt: skip
            ends = [asyncio.ensure_future(end) for end in ending]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
                found = await asyncio.gather(*ends, return_exceptions=True)
            if any(isinstance(end, Gone) for end in found):
                raise Gone
            await service.tell(exchange, b"", more=False)

    async def _tell(self, exchange: Exchange, reach: Reach, last: str) -> None:
        feed, tell, heartbeat = self._feed, self._service.tell, self._service.settings.heartbeat
        number = feed.number_of(last) if last else feed.end
        lost = number is None
        if number is None:
            number = feed.end
        await tell(exchange, _said(feed.id_of(number - 1), "missed" if lost else "ready", {}), more=True)
        asked = time.monotonic()
        while True:
            found, missed = feed.since(number)
            said = [_said(feed.id_of(found[0][0] - 1), "missed", {})] if missed and found else []
            said += [_said(feed.id_of(at), change.kind, change.said()) for at, change in found if reach.admits(change)]
            if said:
                await tell(exchange, b"".join(said), more=True)
            number = found[-1][0] + 1 if found else number
            if time.monotonic() - asked >= heartbeat:
                asked = time.monotonic()
                await tell(exchange, b": still here\n\n", more=True)
            if number == feed.end:
                await feed.news(heartbeat)

    async def _until_refused(self, exchange: Exchange, reach: Reach) -> None:
        """A key that was revoked meanwhile hears no more, whether it reads or not."""
        service, op = self._service, _stands_for(reach)
        heartbeat = service.settings.heartbeat
        pause = min(_LOOK_SECONDS, heartbeat) if isinstance(service.gate, WatchingGate) else heartbeat
        while True:
            await asyncio.sleep(pause)
            try:
                if not await service.recheck(exchange, op):  # such a gate counts it as one more request
                    service.gate.allow(await service.admit(exchange), op)
            except AgentMemError:
                return


def _reach(exchange: Exchange, caller: Caller) -> Reach:
    """A key of one user hears of that user, others of the user that they name, or else of the tenant."""
    given = exchange.query()
    said = dict(given)
    if unknown := sorted(said.keys() - _KNOWN):
        raise InvalidInputError(f"{unknown[0]}: is not an argument of this call")
    if len(said) != len(given):
        raise InvalidInputError("an argument is given twice")
    scope = caller.scope(build(ScopeNames, **said))
    return Reach(scope.tenant, scope.user_id if "user_id" in said or caller.user_id is not None else None)


def _stands_for(reach: Reach) -> StatsOf:
    """Who may count the memories of a user, or of everyone, may know that they change."""
    scope = Scope(tenant=reach.tenant, user_id=reach.user_id or "default")
    return StatsOf(scope=scope, everyone=reach.user_id is None)


def _said(event_id: str, kind: str, data: dict[str, Any]) -> bytes:
    return f"id: {event_id}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
