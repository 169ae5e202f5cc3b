"""A process that answers the searches of a server, and ends when that lets go of it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import cast

from pydantic_core import from_json, to_json

from agentmem_core.embedded import reading_engine
from agentmem_core.engine import EmbeddedBackend, Engine
from agentmem_core.engine.searching import search, search_at_once
from agentmem_core.errors import AgentMemError, EmbedderMismatchError, StoreError
from agentmem_core.http import ROUTE_OF, call_of
from agentmem_core.model import Hit, Scope
from agentmem_core.operations import Search
from agentmem_core.server.garbage import seldom_collected
from agentmem_core.server.logs import log_to
from agentmem_core.server.readers.frames import Frame, Kind, Unpacking, told
from agentmem_core.server.rendered import json_of_hits
from agentmem_core.server.touched import MOST
from agentmem_core.settings import chosen, current

log = logging.getLogger("agentmem_core.server")

_ROUTE = ROUTE_OF[Search]
_THREADS = 2
"""For searches that are not short."""
_PART = 262_144
_GATHERED = 0.002
"""Seconds of answers that leave together while more is asked: each waking of the server costs as much as a part of a search."""
_TO_END = 4.0
"""Seconds for what is under way when the server has let go."""


class Reader:
    """Answers what comes over a connection: short searches at once, in order, the others by threads."""

    def __init__(self, link: socket.socket, engine: Engine) -> None:
        """Nothing has come."""
        self._link = link
        self._engine = engine
        self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="agentmem-reader")
        self._sending = threading.Lock()
        self._gathered: list[bytes] = []
        self._since = 0.0

    def serve(self, frames: Unpacking) -> None:
        """Until the other end is closed."""
        while data := self._link.recv(_PART):
            for frame in frames.feed(data):
                self._take(frame)
                if self._gathered and perf_counter() - self._since > _GATHERED:
                    self._send_gathered()
            self._send_gathered()

    def close(self) -> None:
        """What is under way is finished."""
        self._workers.shutdown(cancel_futures=True)

    def _take(self, frame: Frame) -> None:
        if frame.kind == Kind.SETTLE:
            self._workers.submit(self._settle, frame)
        elif (answer := self._at_once(frame)) is None:
            self._workers.submit(self._at_length, frame)
        else:
            if not self._gathered:
                self._since = perf_counter()
            self._gathered.append(answer)

    def _at_once(self, frame: Frame) -> bytes | None:
        """The answer to a short search; None for any other, and where anything goes wrong: a thread has the time to say what."""
        try:
            hits = search_at_once(self._engine, _asked(frame))
            answer = None if hits is None else _found(frame.number, hits)
        except Exception:  # noqa: BLE001 - the thread meets it again
            return None
        if hits is not None and self._engine.note_found([hit.place for hit in hits]):
            self._workers.submit(self._engine.flush_touches)
        return answer

    def _at_length(self, frame: Frame) -> None:
        try:
            answer = self._searched(frame)
        except (EmbedderMismatchError, StoreError):
            answer = declined(frame.number)
        except AgentMemError as error:
            content = told(error)
            answer = (
                declined(frame.number)
                if content is None
                else Frame(frame.number, Kind.FAILED, content=content).packed()
            )
        except Exception:
            log.exception("a reader could not answer a search; the server does")
            answer = declined(frame.number)
        self._send(answer)

    def _searched(self, frame: Frame) -> bytes:
        """The answer; where the vectors of a user are too many for memory the server looks, which has the index."""
        engine, op = self._engine, _asked(frame)
        place = (op.scope.tenant, op.collection, op.scope.user_id)
        partition = engine.seen.partition(place)
        if partition is None:
            with engine.ledger.reading() as reader:
                partition = reader.partition(*place)
        if partition is not None and engine.views.is_large(partition):
            return declined(frame.number, large=True)
        return _found(frame.number, search(engine, op))

    def _settle(self, frame: Frame) -> None:
        """Uses are written; what was erased, or may have been, is no longer in memory."""
        self._engine.flush_touches()
        if frame.content:
            self._engine.views.clear()
        self._send(Frame(frame.number, Kind.SETTLED).packed())

    def _send_gathered(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._send(b"".join(gathered))

    def _send(self, content: bytes) -> None:
        with self._sending:
            self._link.sendall(content)


def declined(number: int, *, large: bool = False) -> bytes:
    """The server is to answer this itself; where it is ``large``, whatever else is asked of that user too."""
    return Frame(number, Kind.DECLINED, b"large" if large else b"").packed()


def _asked(frame: Frame) -> Search:
    """The search in a request, within the scope that the server has decided."""
    tenant, user_id, agent_id, session_id = from_json(frame.about)
    scope = Scope.trusted(tenant=tenant, user_id=user_id, agent_id=agent_id, session_id=session_id)
    return cast("Search", call_of(_ROUTE, {}, (), frame.content).within(scope))


def _found(number: int, hits: list[Hit]) -> bytes:
    ids = [hit.memory.id for hit in hits[:MOST]]
    return Frame(number, Kind.FOUND, to_json([ids, len(hits)]), json_of_hits(hits)).packed()


def main() -> int:
    """Begin with what the server says, on the connection that is in the place of standard input."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the end is told by the connection alone
        signal.signal(number, signal.SIG_IGN)
    log_to()
    try:
        link = socket.socket(fileno=os.dup(0))
    except OSError:
        sys.stderr.write("a reader is started by agentmem serve --readers N, not by hand\n")
        return 2
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    frames = Unpacking()
    opening: list[Frame] = []
    while not opening:
        data = link.recv(_PART)
        if not data:
            return 0
        opening = frames.feed(data)
    try:
        _serve(link, frames, opening[0])
    except ConnectionError:
        log.debug("the server has let go")
    except AgentMemError:
        log.exception("a reader cannot open the store")
        return 1
    return 0


def _serve(link: socket.socket, frames: Unpacking, opening: Frame) -> None:
    """Open the store as it is said, answer, and close it."""
    said = from_json(opening.content)
    with link, chosen(config=said["config"], profile=said["profile"]):
        engine = reading_engine(
            Path(said["folder"]), current(), ledger=tuple(said["ledger"]) if said["ledger"] else None, embedder=said["embedder"], exact_limit=said["exact_limit"],
            cache_bytes=said["cache_bytes"],
        )  # fmt: skip
        with closing(EmbeddedBackend(engine)):
            if hasattr(engine.embedder, "instant"):
                engine.embed(["ready"], "query")
            reader = Reader(link, engine)
            link.sendall(Frame(opening.number, Kind.READY).packed())
            try:
                with seldom_collected():
                    reader.serve(frames)
            finally:
                _end_anyway()
                reader.close()


def _end_anyway() -> None:
    """A search that does not come to an end must not outlive the server."""
    timer = threading.Timer(_TO_END, os._exit, (1,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
