"""A system in its own process, as its callers see it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.peers.environments import Peer, interpreter

_CHILD = Path(__file__).parent / "child.py"


class PeerError(RuntimeError):
    """A system could not do what it was asked."""


class Asked:
    """Starts the system in a folder of its own; every verb answers how many seconds the system took inside its process."""

    def __init__(self, peer: Peer, folder: Path, embedder: str) -> None:
        """``started`` is how long it took to import and open it, in seconds."""
        self.peer, self.folder = peer, folder / peer.name.replace(" ", "-")
        self.folder.mkdir(parents=True)
        surroundings = {
            **os.environ,
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "true",
        }
        surroundings.pop("PYTHONPATH", None)
        log = (self.folder / "stderr.log").open("w")
        self._process = subprocess.Popen(  # noqa: S603 - our own script in an environment of our own making
            [str(interpreter(peer)), str(_CHILD), peer.module, str(self.folder), embedder, *peer.options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=surroundings, cwd=self.folder,
        )  # fmt: skip
        log.close()
        try:
            self.started: float = self._answer()["seconds"]
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        try:
            if kind is None:
                self.ask("close")
        finally:
            self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            with self._process.stdout, self._process.stdin:
                pass
        except BrokenPipeError:
            pass  # what was still to be sent has nobody to read it
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, verb: str, **given: Any) -> tuple[float, Any]:
        """Seconds, and the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"verb": verb, **given}) + "\n")
        self._process.stdin.flush()
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
            said = (self.folder / "stderr.log").read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise PeerError(f"{self.peer.name} ended: {said}")
        answer: dict[str, Any] = json.loads(line)
        return answer
