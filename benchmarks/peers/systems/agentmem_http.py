"""AgentMem behind a server in a process of its own, on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agentmem import System as Embedded
from embedding import EMBEDDINGS, Embed

from agentmem_core import AgentMem


class System(Embedded):
    """``AgentMem(api_url=...)``; the server embeds, with the same embedder."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        name = next(name for name, made in EMBEDDINGS.items() if made.__name__ in embed.__qualname__)
        command = [sys.executable, str(Path(__file__).with_name("agentmem_server.py")), str(folder / "store"), name]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own server
        assert self.server.stdout is not None
        url = next(word for line in self.server.stdout for word in line.split() if word.startswith("http://"))
        self.memory = AgentMem(api_url=url.rstrip("."))
        self.processes = (self.server.pid,)

    def close(self) -> None:
        super().close()
        self.server.terminate()
        self.server.wait()
