"""AgentMem behind a server in a process of its own, on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agentmem import System as Embedded
from embedding import Embed

from agentmem_core import AgentMem


class System(Embedded):
    """``AgentMem(api_url=...)``; the server embeds with its default, which is the bundled embedder."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        command = [sys.executable, "-m", "agentmem_core.server", "--port", "0", "--path", str(folder)]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own server
        assert self.server.stdout is not None
        url = next(word for line in self.server.stdout for word in line.split() if word.startswith("http://"))
        self.memory = AgentMem(api_url=url.rstrip("."))

    def close(self) -> None:
        super().close()
        self.server.terminate()
        self.server.wait()
