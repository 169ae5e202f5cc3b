"""The server of ``agentmem_http``: ``agentmem serve`` with one of the benchmark's embedders, which have no name to say there."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from embedding import EMBEDDINGS

from agentmem_core.config import Config
from agentmem_core.connect import connect
from agentmem_core.server.serving import serve
from agentmem_core.server.settings import ServerSettings

if __name__ == "__main__":
    path, embedder = sys.argv[1:]
    backend = connect(Config(path=path, embedder=EMBEDDINGS[embedder]()))
    serve(ServerSettings(port=0, path=path), backend=backend)
