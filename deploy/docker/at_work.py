"""The image's environment at work while it is built: what is not here fails the build, not the first start.

What it imports leaves its bytecode, which a read-only image could not write later.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from agentmem_core import AgentMem

LISTENING = "listening on "
ROWS, EXACT, PATIENCE = 600, 200, 60.0
agentmem = str(Path(sys.executable).with_name("agentmem"))


def index_of(memory: AgentMem) -> str:
    return next(part.detail for part in memory.health().components if part.name == "index")


with tempfile.TemporaryDirectory() as folder:
    os.environ["HOME"] = "/nonexistent"
    os.environ["AGENTMEM_PATH"] = f"{folder}/store"

    with AgentMem(
        f"{folder}/index", exact_limit=EXACT
    ) as memory:  # beyond the limit, so that an index is used if there is one
        memory.add_many([f"note number {number}" for number in range(ROWS)])
        assert memory.search("note number 77", limit=1)[0].memory.content == "note number 77"
        wanted = "off" if os.environ["AGENTMEM_INDEX"] == "none" else "level with the ledger"
        until = time.monotonic() + PATIENCE
        while (index := index_of(memory)) != wanted:
            assert time.monotonic() < until, index
            time.sleep(0.1)

    for command in (
        ["keys", "create", "--role", "admin"], ["add", "我搬到里斯本了"], ["search", "里斯本"],
        ["doctor"], ["backup", "create", f"{folder}/backup"],
    ):  # fmt: skip
        subprocess.run([agentmem, *command], check=True, capture_output=True)

    os.environ["AGENTMEM_TOKEN_SECRET"] = "only while the image is built, never later"
    with subprocess.Popen([agentmem, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().removeprefix(LISTENING).strip()
        with urllib.request.urlopen(f"{url}/health/ready", timeout=60) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
    assert server.returncode == 0
print(f"at work: index {index}")
