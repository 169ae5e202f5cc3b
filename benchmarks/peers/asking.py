"""A system in its own process, as its callers see it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.peers.environments import Peer, PeerError, interpreter
from benchmarks.timing import environment

_CHILD = Path(__file__).parent / "child.py"
_ENDING = 60
"""Seconds that a process may take to end."""


class Asked:
    """Starts the system in a folder of its own; every verb answers how many seconds the system took inside its process."""

    def __init__(self, peer: Peer, folder: Path, embedder: str) -> None:
        """``started`` is how long it took to import and open it, in seconds; ``versions`` are those of what it needs."""
        self.peer, self.folder = peer, folder / peer.name.replace(" ", "-")
        self._embedder = embedder
        self._python = interpreter(peer)
        self.folder.mkdir(parents=True)
        self._start()

    def _start(self) -> None:
        surroundings = {
            **environment(),
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "true",
        }
        surroundings.pop("PYTHONPATH", None)
        needs = " ".join(self.peer.needs)
        with (self.folder / "stderr.log").open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own script in an environment of our own making
                [str(self._python), str(_CHILD), self.peer.module, str(self.folder), self._embedder, needs, *self.peer.options],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=surroundings, cwd=self.folder,
            )  # fmt: skip
        try:
            said = self._answer()
        except BaseException:
            self._end()
            raise
        self.started: float = said["seconds"]
        self.versions: dict[str, str] = said["answer"]

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process.poll() is None

    def close(self) -> None:
        """Close the system and end its process; one that is gone, or fails as it closes, has ended all the same."""
        try:
            if self.running:
                self.ask("close")
        except PeerError:
            pass  # what it said before stands
        finally:
            self._end()

    def cold(self, query: str, user: str) -> float:
        """Seconds from the start of a new process over the same folder to the answer of a first search."""
        self.close()
        begun = time.perf_counter()
        self._start()
        self.ask("search", query=query, user=user, limit=10)
        return time.perf_counter() - begun

    def ask(self, verb: str, **given: Any) -> tuple[float, Any]:
        """Seconds, and the answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"verb": verb, **given}) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise PeerError(self._gone()) from error
        said = self._answer()
        if "error" in said:
            raise PeerError(f"{self.peer.name}, {verb}: {said['error']}")
        return float(said.get("seconds", 0.0)), said.get("answer")

    def bytes_on_disk(self) -> int:
        """What its folder holds."""
        return sum(
            file.stat().st_size for file in self.folder.rglob("*") if file.is_file() and file.name != "stderr.log"
        )

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(self._gone())
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise PeerError(f"{self.peer.name} answered what is no JSON: {line[:200]}") from error
        return answer

    def _gone(self) -> str:
        said = (self.folder / "stderr.log").read_text(encoding="utf-8", errors="replace")[-2_000:]
        return f"{self.peer.name} ended: {said}"

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                pass  # what was still to be sent has nobody to read it
        try:
            self._process.wait(timeout=_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
