"""Many clients that keep asking a server, each on a connection of its own: asyncio streams, so that asking costs little."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Asked = tuple[str, str, dict[str, Any]]
"""What to call it, the path, the body of a POST."""


@dataclass
class Load:
    """What many clients saw: seconds of every answer by name, and what went wrong."""

    seconds: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return sum(len(times) for times in self.times.values())

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def all(self) -> list[float]:
        return sorted(second for times in self.times.values() for second in times)


def loaded(url: str, asks: Callable[[int], Iterator[Asked]], *, clients: int, seconds: float) -> Load:
    """Let ``clients`` ask what ``asks`` gives each of them, one after another, for some seconds."""
    return asyncio.run(_loaded(url, asks, clients, seconds))


async def _loaded(url: str, asks: Callable[[int], Iterator[Asked]], clients: int, seconds: float) -> Load:
    load = Load()
    host, _, port = url.removeprefix("http://").rpartition(":")
    begun = time.perf_counter()
    await asyncio.gather(*(_client(load, host, int(port), asks(number), begun + seconds) for number in range(clients)))
    load.seconds = time.perf_counter() - begun
    return load


async def _client(load: Load, host: str, port: int, asks: Iterator[Asked], until: float) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for name, path, body in asks:
            began = time.perf_counter()
            if began > until:
                return
            content = json.dumps(body).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(head.encode() + content)
            status, size = await _answer(reader)
            load.times.setdefault(name, []).append(time.perf_counter() - began)
            if status != 200:
                load.errors.append(f"{name}: {status}")
            elif name == "search":
                load.sizes.append(size)
    except (OSError, asyncio.IncompleteReadError) as error:
        load.errors.append(repr(error))
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head[9:12]), length
