"""An environment for every system, made once and kept in the platform's cache folder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import platformdirs

from benchmarks.timing import ROOT

_CORE = ROOT / "packages" / "agentmem-core"


@dataclass(frozen=True, slots=True)
class Peer:
    """A system: the module that drives it, what it is told, and what must be installed for it."""

    name: str
    module: str
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    """Verbs that it does not have."""


PEERS = {
    peer.name: peer
    for peer in (
        Peer("agentmem", "agentmem"),
        Peer("agentmem over HTTP", "agentmem_http"),
        Peer("mem0 on Chroma", "mem0_memory", ("mem0ai", "langchain"), ("chroma",)),
        Peer("mem0 on Qdrant", "mem0_memory", ("mem0ai", "langchain"), ("qdrant",)),
        Peer("LangGraph InMemoryStore", "langgraph_store", ("langgraph", "langgraph-checkpoint-sqlite"), ("memory",)),
        Peer("LangGraph SqliteStore", "langgraph_store", ("langgraph", "langgraph-checkpoint-sqlite"), ("sqlite",)),
        Peer("CrewAI on LanceDB", "crewai_memory", ("crewai>=1.14.7,<2", "lancedb"), lacks=("get",)),
        Peer("LlamaIndex on Chroma", "llamaindex_store", ("llama-index-core", "llama-index-vector-stores-chroma")),
        Peer("langchain-chroma", "langchain_chroma_store", ("langchain-chroma",)),
        Peer("Chroma", "chroma", ("chromadb",)),
        Peer("numpy and SQLite by hand", "by_hand"),
    )
}


def interpreter(peer: Peer) -> Path:
    """The Python of a system's environment, which is made when there is none; our own systems run in ours."""
    if not peer.needs:
        return Path(sys.executable)
    digest = blake2b("\n".join(peer.needs).encode(), digest_size=6).hexdigest()
    place = Path(platformdirs.user_cache_dir("agentmem-benchmarks")) / digest
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        _run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(place))
        _run("uv", "pip", "install", "--quiet", "--python", str(python), *peer.needs, str(_CORE))
        (place / "ready").touch()
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own table
