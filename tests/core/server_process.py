"""A server in a process of its own, for tests: started on a free port of loopback, stopped by its own pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LISTENING = "listening on "
PLAIN = (sys.executable, "-m", "agentmem_core.server")


@dataclass
class ServerProcess:
    """What runs: ``url`` is where, ``log`` what it wrote to standard error so far."""

    process: subprocess.Popen[str]
    url: str
    path: Path
    log: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        """Send a signal and wait; answers the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """As the power does: kill -9."""
        self.stop(signal.SIGKILL)


def _read(stream: Iterable[str], into: list[str]) -> None:
    for line in stream:
        into.append(line)  # noqa: PERF402 - others look at it meanwhile


@contextmanager
def serving(
    path: Path, *more: str, port: int = 0, command: Sequence[str] = PLAIN, env: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A server over the store in ``path``; ``more`` are arguments, ``env`` adds to the environment (``hashing`` embeds)."""
    path.mkdir(parents=True, exist_ok=True)
    surroundings = {
        **os.environ, "HOME": str(path), "AGENTMEM_EMBEDDER": "hashing", "AGENTMEM_INDEX": "none", "PYTHONUNBUFFERED": "1",
        **(env or {}),
    }  # fmt: skip
    surroundings.pop("AGENTMEM_API_URL", None)
    arguments = [*command, "--host", "127.0.0.1", "--port", str(port), "--path", str(path), *more]
    process = subprocess.Popen(
        arguments, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log: list[str] = []
    reader = threading.Thread(target=_read, args=(process.stderr, log), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        if not line.startswith(LISTENING):
            process.kill()
            reader.join(10)
            raise AssertionError(f"the server did not start: {line}{''.join(log)}")
        yield ServerProcess(process, line.removeprefix(LISTENING).strip(), path, log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join(10)
        process.stdout.close()
        process.stderr.close()
