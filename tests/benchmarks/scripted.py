"""Language models that say what a test tells them to."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from agentmem_core.ports import Prompt, Reply, Usage


class Scripted:
    """A user's model; ``says`` answers a prompt, or raises."""

    def __init__(self, name: str, says: Callable[[Prompt], str]) -> None:
        self.name, self._says = name, says
        self.seen: list[Prompt] = []
        self._lock = Lock()

    def ask(self, prompt: Prompt) -> Reply:
        with self._lock:
            self.seen.append(prompt)
        return Reply(self._says(prompt), Usage(1, 100, 10))

    async def aask(self, prompt: Prompt) -> Reply:
        return self.ask(prompt)
