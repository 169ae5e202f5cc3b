"""One question to a model as a sequence of requests and pauses, without any I/O: who drives it sends and waits, in either colour."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agentmem_core.errors import ModelError
from agentmem_core.llms.answers import reply_of
from agentmem_core.llms.dialects import Dialect, Outgoing
from agentmem_core.llms.places import Place
from agentmem_core.llms.providers import Provider
from agentmem_core.llms.reading import fields, items, text
from agentmem_core.llms.ways import another_way, first_way
from agentmem_core.ports import Prompt, Reply
from agentmem_core.retrying import AGAIN, Patience, retry_after

_REFUSED = {400, 404, 422}
_NO_CREDIT = {"insufficient_quota", "insufficient_user_quota", "billing_hard_limit_reached"}


@dataclass(frozen=True, slots=True)
class Send:
    """Send this and answer with what came; ``left`` is how many seconds there are for it."""

    outgoing: Outgoing
    left: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer of a server."""

    status: int
    content_type: str
    body: bytes
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer: what happened, and whether it may go better ``again``."""

    what: str
    again: bool = True


Flow = Generator[Send | Wait, Received | Lost | None, Reply]


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a request did not bring an answer."""

    what: str
    reason: str = ""
    status: int = 0
    again: bool = False
    told: float | None = None


class Asking:
    """What a model has learnt of its server, and the flow of each question."""

    def __init__(
        self, name: str, model: str, provider: Provider, place: Place, dialect: Dialect, patience: Patience
    ) -> None:
        self._name = name
        self._model = model
        self._provider = provider
        self._place = place
        self._dialect = dialect
        self._patience = patience
        self._way = first_way(provider)

    def flow(self, prompt: Prompt) -> Flow:
        """Send, read, leave out what is refused, wait and send again; ends with a reply or a ``ModelError``."""
        started = time.monotonic()
        way, tried = self._way, 0
        while True:
            left = self._patience.deadline - (time.monotonic() - started)
            got = yield Send(self._dialect.write(prompt, self._model, way, self._provider), left)
            payload, trouble = self._read(got)
            if trouble is None:
                self._way = way
                return reply_of(self._dialect.read(payload), prompt, self._name)
            if trouble.status in _REFUSED:
                other = another_way(
                    way, trouble.reason, self._provider, self._dialect.after, structured=prompt.schema is not None
                )
                if other is not None:
                    way = other
                    continue
            tried += 1
            elapsed = time.monotonic() - started
            jitter = random.random()  # noqa: S311 - spreads callers, guards nothing
            pause = self._patience.pause(tried, trouble.told, elapsed, jitter) if trouble.again else None
            if pause is None:
                raise ModelError(self._told(trouble, tried))
            yield Wait(pause)

    def _read(self, got: Received | Lost | None) -> tuple[Mapping[str, Any], _Trouble | None]:
        if not isinstance(got, Received):
            return {}, _Trouble(got.what, again=got.again) if got is not None else _Trouble("was not asked")
        payload = _json(got.body)
        if not 200 <= got.status < 300:
            return {}, self._refused(got, payload)
        if not isinstance(payload, Mapping):
            kind = got.content_type.split(";")[0].strip() or "something"
            return {}, _Trouble(f"answered with {kind} that is no JSON object; check the address")
        if payload.get("error") and not payload.get("choices"):  # some gateways tell errors with status 200
            status = fields(payload["error"]).get("code")
            hidden = Received(status if isinstance(status, int) else 400, got.content_type, got.body, got.retry_after)
            return {}, self._refused(hidden, payload)
        return payload, None

    def _refused(self, got: Received, payload: Any) -> _Trouble:
        reason, codes = _reason(payload, got)
        final = bool(codes & _NO_CREDIT)
        return _Trouble(
            f"answered {got.status}",
            self._place.hidden(reason),
            got.status,
            again=got.status in AGAIN and not final,
            told=retry_after(got.retry_after, datetime.now(UTC)),
        )

    def _told(self, trouble: _Trouble, tried: int) -> str:
        reason = " ".join(trouble.reason.split())[:300]
        parts = [f"the model {self._name}: {self._place.url} {trouble.what}", *([reason] if reason else [])]
        told = ": ".join(parts)
        if tried > 1:
            told += f", {tried} times"
        if trouble.told is not None and trouble.told > self._patience.longest:
            return f"{told}; it asks to wait {trouble.told:,.0f} s"
        advice = self._advice(trouble.status)
        return f"{told}; {advice}" if advice else told

    def _advice(self, status: int) -> str:
        if status in {401, 403}:
            keys = " or ".join(self._provider.keys) or "what it needs"
            return f"check the key ({keys})"
        if status == 404:
            return f"check the name of the model ({self._model}) and the address"
        return "check the address: it leads elsewhere" if 300 <= status < 400 else ""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _reason(payload: Any, got: Received) -> tuple[str, set[str]]:
    """A server's own words, wherever its kind of server puts them, and its words for programs."""
    found = fields(items(payload)[0]) if items(payload) else fields(payload)
    error = fields(found.get("error"))
    places = [
        error.get("message"),
        found.get("error"),
        found.get("message"),
        found.get("Message"),
        found.get("error_msg"),
    ]
    said = next((said for place in places if (said := text(place).strip())), "")
    if not said and found.get("detail"):
        detail = found["detail"]
        said = text(detail) or json.dumps(detail, ensure_ascii=False)
    if not said and isinstance(payload, str):
        said = text(payload)
    if not said and payload is None and "html" not in got.content_type:
        said = got.body[:300].decode("utf-8", "replace")
    codes = {text(each) for holder in (error, found) for each in (holder.get("code"), holder.get("type"))}
    metadata = text(fields(error.get("metadata")).get("raw"))  # OpenRouter: what the provider behind it said
    param = text(error.get("param"))
    more = [each for each in (metadata[:200], param if param not in said else "") if each]
    return " ".join([said, *(f"({each})" for each in more)]).strip(), codes
