"""Exports and imports as streams of JSON Lines: the same files that ``AgentMem.export`` writes, a part at a time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

from agentmem_core.client.files import Gathering, Reading, Writing
from agentmem_core.errors import AgentMemError, InvalidInputError, TooLargeError
from agentmem_core.http import Call, Route, call_of
from agentmem_core.model import Scope, Transferred
from agentmem_core.model.values import Value
from agentmem_core.operations import Export, Import, build
from agentmem_core.server.exchange import Exchange, Refused
from agentmem_core.server.gate import Caller
from agentmem_core.server.running import Deadline
from agentmem_core.server.service import Service, require_media

MEDIA = b"application/x-ndjson"
_PAGE = 100
_LONG_LINE = 256_000
"""Bytes beyond which a line is read in a thread: it holds a file."""


class Exported(Value):
    """Which memories: the scope's, or with ``everyone`` those of all users of the tenant."""

    everyone: bool = False


class Imported(Value):
    """Whose they become: with ``keep_users`` they stay with the users they came from."""

    keep_users: bool = True


EXPORT = Route(Export, "GET", "/v1/export", "export", Exported)
IMPORT = Route(Import, "GET", "/v1/import", "import", Imported, lambda given: {**given, "records": ()})
"""As it is read: what stands in the query; the body is the file, which is posted."""


class Exporting:
    """``GET /v1/export``."""

    name = "export"

    def __init__(self, service: Service) -> None:
        """Pages of the backend's export, one after another."""
        self._service = service

    async def __call__(self, exchange: Exchange) -> None:
        """The first page decides whether there is an answer; a failure after it breaks the connection off."""
        service = self._service
        caller = await service.admit(exchange)
        call = call_of(EXPORT, {}, exchange.query(), b"")
        if call.fields["everyone"] and call.names.user_id is not None:
            raise InvalidInputError("export: everyone=true takes every user; leave out user_id, or everyone")
        op = _page(call, await service.scope(exchange, caller, call), None)
        await service.check(exchange, caller, op)
        with service.load.stream(exchange):
            records, cursor = await service.do(exchange, op)
            gone = asyncio.ensure_future(exchange.disconnected())
            try:
                await self._write(exchange, op, records, cursor, gone)
            finally:
                gone.cancel()

    async def _write(
        self, exchange: Exchange, op: Export, records: Any, cursor: str | None, gone: asyncio.Future[None]
    ) -> None:
        text = io.StringIO()
        with Writing(text) as writing:
            more = await asyncio.to_thread(writing.take, records, cursor)
            if exchange.method == "HEAD":
                await exchange.answer(200, b"", MEDIA)
                return
            await exchange.begin(200, MEDIA, ((b"content-disposition", b'attachment; filename="agentmem.jsonl"'),))
            while not gone.done():
                await self._service.tell(exchange, text.getvalue().encode(), more=more)
                text.seek(0)
                text.truncate()
                if not more:
                    return
                await self._service.recheck(exchange, op)
                records, cursor = await self._service.do(exchange, op.model_copy(update={"cursor": writing.cursor}))
                more = await asyncio.to_thread(writing.take, records, cursor)
        exchange.code = "given_up"


class Importing:
    """``POST /v1/import``."""

    name = "import"

    def __init__(self, service: Service) -> None:
        """Batches for the backend, as they come."""
        self._service = service

    async def __call__(self, exchange: Exchange) -> None:
        """What came before a broken line is kept; sent again, it is skipped."""
        service = self._service
        caller = await service.admit(exchange)
        await service.require_role(exchange, caller, Import)
        call = call_of(IMPORT, {}, exchange.query(), b"")
        if not exchange.read:
            require_media(exchange, "x-ndjson", "ndjson", "jsonl", "octet-stream", "json")
        counted = Reading(())
        with service.load.stream(exchange):
            try:
                async for records in self._batches(exchange):
                    counted.take(await self._write(exchange, caller, call, records))
            except InvalidInputError as error:
                raise _with_count(error, counted.done) from error
        await exchange.answer(200, counted.done.model_dump_json().encode())

    async def _write(
        self, exchange: Exchange, caller: Caller, call: Call, records: tuple[dict[str, Any], ...]
    ) -> Transferred:
        scope = await self._service.scope(exchange, caller, call)
        op = build(Import, scope=scope, records=records, keep_users=call.fields["keep_users"])
        await self._service.recheck(exchange, op)
        return await self._service.perform(exchange, caller, op, _itself)

    async def _batches(self, exchange: Exchange) -> AsyncIterator[tuple[dict[str, Any], ...]]:
        gathering = Gathering()
        async for line in self._lines(exchange, gathering):
            take = gathering.line
            batch = await asyncio.to_thread(take, line) if len(line) > _LONG_LINE else take(line)
            if batch:
                yield batch
                self._service.load.release(exchange)
        if batch := gathering.rest():
            yield batch

    async def _lines(self, exchange: Exchange, gathering: Gathering) -> AsyncIterator[str]:
        limit = self._service.settings.file_body_bytes
        rest = bytearray()
        more = True
        while more:
            chunk, more = await self._chunk(exchange)
            start = len(rest)
            rest += chunk
            done = 0
            while (end := rest.find(b"\n", max(start, done))) >= 0:
                yield _text(bytes(rest[done:end]), gathering.number + 1)
                done = end + 1
            del rest[:done]
            if len(rest) > limit:
                raise TooLargeError(f"source: line {gathering.number + 1} is longer than {limit:,} bytes")
        if rest:
            yield _text(bytes(rest), gathering.number + 1)

    async def _chunk(self, exchange: Exchange) -> tuple[bytes, bool]:
        service = self._service
        try:
            with Deadline(service.settings.timeout, exchange):
                chunk, more = await exchange.chunk()
        except AgentMemError as error:
            raise Refused(exchange.problem(error).model_copy(update={"status": 408})) from error
        service.load.hold(exchange, len(chunk))
        return chunk, more


def _page(call: Call, scope: Scope, cursor: str | None) -> Export:
    return build(Export, scope=scope, everyone=call.fields["everyone"], cursor=cursor, limit=_PAGE)


def _text(line: bytes, number: int) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"source: line {number} is not UTF-8 text, so it is no export of AgentMem") from error


def _with_count(error: InvalidInputError, done: Transferred) -> InvalidInputError:
    if not done.memories:
        return error
    return type(error)(
        f"{error}; {done.memories:,} memories before it are imported, and are skipped when it is sent again"
    )


def _itself(answer: Transferred) -> Transferred:
    return answer
