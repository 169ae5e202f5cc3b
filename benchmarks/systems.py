"""The systems that are compared, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from agentmem_core import AgentMem, AgentMemError
from agentmem_core.embedders.wordllama import WordLlamaEmbedder
from benchmarks.chats import Turn
from benchmarks.finding import Ours, Store, System, Texts
from benchmarks.peers.asking import Asked
from benchmarks.peers.environments import MEMPALACE, PEERS, PeerError
from benchmarks.reference import Bm25

BATCH = 200


class PlainBm25(Texts):
    """BM25 and nothing else."""

    def __init__(self) -> None:
        """Nothing known."""
        super().__init__()
        self._ranked: dict[str, tuple[Bm25, list[str]]] = {}

    def tell(self, user: str, texts: Sequence[str]) -> None:
        """Index them."""
        self._ranked[user] = Bm25(texts), list(texts)

    def ask(self, user: str, query: str, limit: int) -> tuple[float, list[str]]:
        """Those that share a word."""
        index, texts = self._ranked[user]
        begun = perf_counter()
        best = index.search(query, limit)
        return perf_counter() - begun, [texts[number] for number in best]


class PlainDense(Texts):
    """The cosine of the bundled embedder and nothing else, exact, in numpy."""

    def __init__(self) -> None:
        """Nothing known."""
        super().__init__()
        self._embedder = WordLlamaEmbedder()
        self._kept: dict[str, tuple[NDArray[np.float32], list[str]]] = {}

    def tell(self, user: str, texts: Sequence[str]) -> None:
        """Embed them."""
        self._kept[user] = self._embedder.embed(list(texts), kind="document"), list(texts)

    def ask(self, user: str, query: str, limit: int) -> tuple[float, list[str]]:
        """The nearest."""
        vectors, texts = self._kept[user]
        begun = perf_counter()
        order = np.argsort(-(vectors @ self._embedder.embed([query], kind="query")[0]), kind="stable")[:limit]
        return perf_counter() - begun, [texts[number] for number in order]


class Peer(Texts):
    """Another memory, in its own process and environment, with the bundled embedder."""

    def __init__(self, asked: Asked, form: Callable[[Turn], str]) -> None:
        """``asked`` is running."""
        super().__init__(form)
        self._asked = asked

    def tell(self, user: str, texts: Sequence[str]) -> None:
        """Add them in order."""
        for start in range(0, len(texts), BATCH):
            self._asked.ask("add_many", texts=list(texts[start : start + BATCH]), user=user)

    def ask(self, user: str, query: str, limit: int) -> tuple[float, list[str]]:
        """Search; seconds are those inside its process."""
        seconds, texts = self._asked.ask("search", query=query, user=user, limit=limit)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise PeerError(f"{self._asked.peer.name}, search: answered no list of texts: {texts!r:.200}")
        return seconds, texts


HYBRID, SESSIONS = "AgentMem hybrid", "AgentMem hybrid, sessions"
_OURS = {
    HYBRID: ("wordllama", "hybrid", False),
    SESSIONS: ("wordllama", "hybrid", True),
    "AgentMem dense": ("wordllama", "dense", False),
    "AgentMem lexical": ("wordllama", "lexical", False),
    "AgentMem hybrid, hashing": ("hashing", "hybrid", False),
    "AgentMem dense, hashing": ("hashing", "dense", False),
}
_PLAIN: dict[str, Callable[[], Texts]] = {"plain BM25": PlainBm25, "plain dense": PlainDense}
_PEERS = {
    name + suffix: (name, form)
    for name in ("mem0 on Chroma", "langchain-chroma", MEMPALACE)
    for suffix, form in (("", attrgetter("text")), (", dated", attrgetter("dated")))
}
OFFLINE = (*_OURS, *_PLAIN)
SYSTEMS = (*OFFLINE, *_PEERS)


def named(embedder: str) -> str:
    """What ours with an embedder of the caller's is called."""
    return f"{HYBRID} with {embedder}"


def opened(names: Sequence[str], place: Path, stack: ExitStack, drop: Callable[[str, str], None]) -> dict[str, System]:
    """The systems by name, closed with ``stack``; of one that cannot be started ``drop`` is told why."""
    stores: dict[tuple[str, bool], Store] = {}
    systems: dict[str, System] = {}
    for number, name in enumerate(names):
        try:
            if name in _OURS or name.startswith(named("")):
                embedder, mode, sessions = _OURS.get(name) or (name.removeprefix(named("")), "hybrid", False)
                key = embedder, sessions
                if key not in stores:
                    folder = place / f"ours-{number}"
                    memory = stack.enter_context(AgentMem(folder, embedder=embedder, durability="normal"))
                    stores[key] = Store(memory, sessions=sessions)
                systems[name] = Ours(stores[key], mode)
            elif name in _PLAIN:
                systems[name] = _PLAIN[name]()
            else:
                peer, form = _PEERS[name]
                asked = Asked(PEERS[peer], place / f"peer-{number}", "bundled")
                stack.callback(asked.close)
                systems[name] = Peer(asked, form)
        except (PeerError, OSError, AgentMemError) as error:
            drop(name, str(error))
    return systems


def each(systems: dict[str, System], ask: Callable[[str, System], None], drop: Callable[[str, str], None]) -> None:
    """Let every system have its turn; one that fails is out."""
    for name, system in list(systems.items()):
        try:
            ask(name, system)
        except (PeerError, OSError, ValueError) as error:  # it said so, its process ended, or what it said is no JSON
            drop(name, str(error))
            del systems[name]
