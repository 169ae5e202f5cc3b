"""MemPalace: a wing a user, every turn filed as its integrations file one."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from embedding import Embed


class System:
    """``file_conversation_exchange`` and ``search_memories``; the embedder is given through its ``openai-compat`` interface."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.server = _serving(embed)
        os.environ |= {
            "MEMPALACE_EMBEDDING_MODEL": "openai-compat",
            "MEMPALACE_EMBEDDING_API_URL": f"http://127.0.0.1:{self.server.server_port}",
            "MEMPALACE_EMBEDDING_API_MODEL": "given",
            "MEMPALACE_PALACE_PATH": str(folder / "palace"),
            "ANONYMIZED_TELEMETRY": "False",
        }
        from mempalace.palace import get_collection

        self.palace = str(folder / "palace")
        self.drawers: Any = get_collection(self.palace)

    def add(self, text: str, user: str, tag: str = "conversations") -> str:
        from mempalace.convo_miner import file_conversation_exchange

        made = file_conversation_exchange(
            self.drawers, wing=user, room="conversations", text=text, source_file=f"{user}.jsonl", agent="benchmark"
        )
        return str(made)

    def add_many(self, texts: list[str], user: str, tag: str = "conversations") -> int:
        for text in texts:
            self.add(text, user)
        return len(texts)

    def search(self, query: str, user: str, limit: int) -> list[str]:
        from mempalace.config import sanitize_name
        from mempalace.searcher import search_memories

        found = search_memories(query, self.palace, wing=sanitize_name(user, "wing"), n_results=limit)
        if "error" in found:
            raise RuntimeError(str(found["error"]))
        return [str(hit["text"]) for hit in found["results"]]

    def close(self) -> None:
        self.server.shutdown()


def _serving(embed: Embed) -> ThreadingHTTPServer:
    """The embedder as OpenAI's interface has it, on loopback."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
            rows = [{"index": at, "embedding": vector} for at, vector in enumerate(embed(texts))]
            said = json.dumps({"object": "list", "data": rows}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            """Nothing: it would fill the error stream."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
