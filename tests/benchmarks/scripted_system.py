"""A system of the benchmarks that does what a test tells it to; ``faults`` are how it misbehaves. Imported by ``child.py`` only."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class System:
    """Keeps texts in a list, in a file, and logs what it is told."""

    def __init__(self, folder: Path, embed: Callable[..., Any], *faults: str) -> None:
        self.file, self.faults = folder / "held.json", faults
        self.held: list[list[str]] = json.loads(self.file.read_text()) if self.file.exists() else []
        self.told: list[Any] = []
        self.lock = threading.Lock()

    def _do(self, verb: str) -> None:
        if f"{verb} fails" in self.faults:
            raise RuntimeError(f"{verb} is out of order")
        if f"{verb} dies" in self.faults:
            os._exit(3)
        if f"{verb} crowded" in self.faults and threading.current_thread() is not threading.main_thread():
            raise RuntimeError("one at a time, please")

    def add(self, text: str, user: str, tag: str = "none") -> str:
        self._do("add")
        return self._keep([text], user, tag)

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        self._do("add_many")
        if "slow" in self.faults:
            time.sleep(0.05)
        self._keep(texts, user, tag)
        return len(texts)

    def _keep(self, texts: list[str], user: str, tag: str) -> str:
        with self.lock:
            self.told.append(["add", texts, user, tag])
            self.held += [[text, user, tag] for text in texts]
            self.file.write_text(json.dumps(self.held))
            return str(len(self.held) - 1)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        self._do("search")
        with self.lock:
            self.told.append(["search", query, user, tag])
            found = [text for text, owner, said in self.held if owner == user and tag in {None, said}]
        return [] if "blind" in self.faults else found[:limit]

    def get(self, memory_id: str, user: str) -> str:
        self.told.append(["get", memory_id, user])
        return self.held[int(memory_id)][0]

    def delete_user(self, user: str) -> None:
        self._do("delete_user")
        if "forgets nothing" not in self.faults:
            self.held = [row for row in self.held if row[1] != user]

    def heard(self) -> list[Any]:
        return self.told

    def close(self) -> None:
        self._do("close")
