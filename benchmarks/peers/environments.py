"""The systems, how each is set up, and an environment for each, made once and kept in the platform's cache folder."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import platformdirs

from benchmarks.timing import ROOT

_CORE = ROOT / "packages" / "agentmem-core"


class PeerError(RuntimeError):
    """A system cannot be installed or started, or could not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A system: the module that drives it, what it is told, and what must be installed for it."""

    name: str
    module: str
    configured: str
    """How it is set up, for the reader of the results."""
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    """Kinds of work that it cannot do."""
    pace: float = 1.0
    """Seconds that loading 1,000 memories takes, about; for what a run says of its time."""


_LOADS = hasattr(sqlite3.Connection, "enable_load_extension")
"""Some Pythons' sqlite3 cannot load sqlite-vec; pysqlite3 takes its place there."""
_LANGGRAPH = ("langgraph", "langgraph-checkpoint-sqlite", *(() if _LOADS else ("pysqlite3-binary",)))
_MEM0 = "infer=False, so its model is never asked; embedder as LangChain Embeddings; threshold=0; history in a file, its default"
_CHROMA = "PersistentClient, defaults (HNSW, squared L2); user and tag as metadata, `where` in the query"
PEERS = {
    peer.name: peer
    for peer in (
        Peer("agentmem", "agentmem", "AgentMem(folder): durability full, hybrid search, the defaults", pace=0.5),
        Peer(
            "agentmem over HTTP", "agentmem_http",
            "a server of its own process on loopback, without keys; AgentMem(api_url=...), the defaults", pace=1.0,
        ),
        Peer("mem0 on Chroma", "mem0_memory", _MEM0, ("mem0ai", "langchain", "chromadb"), ("chroma",), pace=15),
        Peer(
            "mem0 on Qdrant", "mem0_memory", f"{_MEM0}; Qdrant in a folder, on_disk=True",
            ("mem0ai", "langchain", "chromadb"), ("qdrant",), pace=15,
        ),
        Peer(
            "LangGraph InMemoryStore", "langgraph_store", "an index over the field `text`, a namespace a user",
            _LANGGRAPH, ("memory",), ("cold",), pace=1,
        ),
        Peer(
            "LangGraph SqliteStore", "langgraph_store", "the same in a file (sqlite-vec), its own journal settings",
            _LANGGRAPH, ("sqlite",), pace=1,
        ),
        Peer(
            "CrewAI on LanceDB", "crewai_memory",
            "Memory with every field given, so no model is asked; a scope a user, the tag as category; recall shallow, which is the "
            "faster one; writes drained before an add is done", ("crewai>=1.14.7,<2", "lancedb"), lacks=("get",), pace=30,
        ),
        Peer(
            "LlamaIndex on Chroma", "llamaindex_store", f"VectorStoreIndex over a Chroma collection; {_CHROMA}",
            ("llama-index-core", "llama-index-vector-stores-chroma"), pace=4,
        ),
        Peer("langchain-chroma", "langchain_chroma_store", f"Chroma(persist_directory=...); {_CHROMA}", ("langchain-chroma",), pace=2),
        Peer("Chroma", "chroma", _CHROMA, ("chromadb",), pace=2),
        Peer(
            "Chroma without a filter", "chroma", "the same, asked without `where`: what it costs to search everything",
            ("chromadb",), ("unfiltered",), ("add", "batch", "parts", "filtered", "get", "delete", "memory", "disk", "cold"), pace=2,
        ),
        Peer(
            "numpy and SQLite by hand", "by_hand",
            "the limit: WAL, synchronous FULL, a commit an add; the same words and vectors, BM25 and cosine over a user's rows in memory, "
            "nothing else; nothing is checked, shared or forgotten", pace=0.3,
        ),
        Peer(
            "MemPalace", "mempalace_palace",
            "file_conversation_exchange a turn, a wing a user; search_memories with its defaults (Chroma, reranked with BM25); the "
            "embedder behind its openai-compat interface on loopback, which its times include",
            ("mempalace",), lacks=("filtered", "get", "delete"), pace=20,
        ),
    )
}  # fmt: skip
OURS, MEM0, BY_HAND, UNFILTERED, MEMPALACE = (
    "agentmem", "mem0 on Chroma", "numpy and SQLite by hand", "Chroma without a filter", "MemPalace",
)  # fmt: skip
COMPARED = tuple(name for name in PEERS if name not in {MEMPALACE, UNFILTERED})
"""Whose speed is compared unless names are given. MemPalace's embedder is asked over HTTP, so that its times would say little."""


def interpreter(peer: Peer) -> Path:
    """The Python of a system's environment, which is made when there is none; our own systems run in ours."""
    if not peer.needs:
        return Path(sys.executable)
    digest = blake2b("\n".join(peer.needs).encode(), digest_size=6).hexdigest()
    place = Path(platformdirs.user_cache_dir("agentmem-benchmarks")) / digest
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        print(f"installing {', '.join(peer.needs)} for {peer.name}", file=sys.stderr, flush=True)
        _run(peer, "uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(place))
        _run(peer, "uv", "pip", "install", "--quiet", "--python", str(python), *peer.needs, str(_CORE))
        (place / "ready").touch()
    return python


def _run(peer: Peer, *command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)  # noqa: S603 - our own table
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise PeerError(f"{peer.name} cannot be installed: {' '.join(str(said).split())[-400:]}") from error
