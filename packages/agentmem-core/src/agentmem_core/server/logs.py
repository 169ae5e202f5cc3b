"""Logs as JSON, a line an event: what was asked and how it went, never what was said, never a key."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from agentmem_core.errors import AgentMemError
from agentmem_core.server.exchange import Exchange

LOGGER = "agentmem_core.server"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_GATHERED = 0.02
"""Seconds in which lines gather."""

_as_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
_requests = logging.getLogger(f"{LOGGER}.requests")


class JsonLines(logging.Formatter):
    """One JSON object a record; what was given as ``extra`` are fields of it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line."""
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            extra["error"] = _where(record.exc_info[1])
        return _line(record.created, record.levelname.lower(), record.name, record.getMessage(), extra)


def _line(moment: float, level: str, name: str, message: str, extra: Mapping[str, Any]) -> str:
    time = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return _as_json({"time": time, "level": level, "logger": name, "message": message, **extra})


def _where(error: BaseException | None) -> list[dict[str, Any]]:
    """The kind of each error of a chain and the lines it came through; only our own messages never hold what somebody wrote."""
    chain: list[dict[str, Any]] = []
    while error is not None and len(chain) < 8:
        lines: list[str] = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            lines.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        said = {"kind": type(error).__qualname__, "lines": lines[-20:]}
        chain.append(said | {"message": str(error)} if isinstance(error, AgentMemError) else said)
        error = error.__cause__ or error.__context__
    return chain


class Lines(logging.StreamHandler[TextIO]):
    """Writes to a stream; what an event loop only informs of leaves together, some milliseconds later, and before anything else.

    A write for each of many lines takes as long as all the rest of a short request.
    """

    def __init__(self, stream: TextIO) -> None:
        """Nothing waits to leave."""
        super().__init__(stream)
        self._gathered: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def is_plain(self) -> bool:
        """Whether it writes every record of level INFO, and as our own formatter does."""
        return type(self.formatter) is JsonLines and not self.filters and self.level <= logging.INFO

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, or keep it for a moment."""
        loop = asyncio._get_running_loop() if record.levelno <= logging.INFO else None  # noqa: SLF001 - asks, and does not raise
        if loop is None:
            self._leave()
            super().emit(record)
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler: what cannot be logged must not end what was logged
            self.handleError(record)
            return
        self._keep(line, loop)

    def inform(self, line: str) -> None:
        """What would come of a record of level INFO, on an event loop."""
        self.acquire()
        try:
            self._keep(line, asyncio.get_running_loop())
        finally:
            self.release()

    def _keep(self, line: str, loop: asyncio.AbstractEventLoop) -> None:
        if not self._gathered or loop is not self._loop:
            self._loop = loop
            loop.call_later(_GATHERED, self.flush)
        self._gathered.append(line + self.terminator)

    def flush(self) -> None:
        """Everything has left."""
        self.acquire()
        try:
            self._leave()
        finally:
            self.release()
        super().flush()

    def _leave(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            with suppress(OSError, ValueError):  # nobody reads any more
                self.stream.write("".join(gathered))


def log_to(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Log everything of this process as JSON lines; for a process that is a server and nothing else."""
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(level)
    logging.captureWarnings(capture=True)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # not told


def log_request(exchange: Exchange) -> None:
    """One line for an exchange that is over; probes that went well are not worth one."""
    if not _requests.isEnabledFor(logging.INFO) or (
        exchange.operation in {"live", "ready", "metrics"} and exchange.code == "ok"
    ):
        return
    extra = {
        "request_id": exchange.request_id, "method": exchange.method, "route": exchange.route,
        "operation": exchange.operation, "code": exchange.code, "status": exchange.status,
        "ms": round(exchange.seconds * 1000, 2), "caller": None if exchange.caller is None else exchange.caller.name,
    }  # fmt: skip
    lines = _lines_alone(_requests)
    if lines is not None:
        lines.inform(_line(time.time(), "info", _requests.name, "request", extra))
        return
    record = _requests.makeRecord(_requests.name, logging.INFO, "", 0, "request", (), None, extra=extra)
    _requests.handle(record)  # not by info(), which looks for the line of code that calls it


def _lines_alone(logger: logging.Logger) -> Lines | None:
    """Our handler where nobody else has a say in what is logged: then a line needs no record, which costs as much as the line."""
    only: Lines | None = None
    here: logging.Logger | None = logger
    if logger.filters or logging.getLogRecordFactory() is not logging.LogRecord:
        return None
    while here is not None:
        for handler in here.handlers:
            if only is not None or type(handler) is not Lines or not handler.is_plain():
                return None
            only = handler
        here = here.parent if here.propagate else None
    return only
