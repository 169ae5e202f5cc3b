"""Every backend keeps the promises of the port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from agentmem_core import AgentMem
from agentmem_core.connect import Config, connect
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.engine import EmbeddedBackend, searching
from agentmem_core.errors import AgentMemError
from agentmem_core.operations import Op, Reindex
from agentmem_core.ports import Backend, Fingerprint
from agentmem_core.testing import BackendSuite, BruteForceIndex, in_memory_backend
from agentmem_core.testing.backend_asking import ANA, Asking, item

T = TypeVar("T")


class TestSqliteInAFolder(BackendSuite):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Backend]:
        config = Config(path=tmp_path / "store", embedder="hashing", index="none", durability="normal")
        with closing(connect(config)) as backend:
            yield backend


class TestSqliteInMemory(BackendSuite):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        with closing(connect(Config(path=":memory:", embedder="hashing"))) as backend:
            yield backend


class TestInMemoryBackend(BackendSuite):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        with closing(in_memory_backend()) as backend:
            yield backend

    def test_it_serves_the_client(self) -> None:
        with AgentMem(backend=in_memory_backend(), user_id="ana") as memory:
            memory.add("I moved to Lisbon in May")
            assert memory.search("Lisbon")[0].memory.content == "I moved to Lisbon in May"


class _Level(Asking):
    """Waits after every call until the index is level with the ledger, so that the index answers the next one."""

    backend: EmbeddedBackend

    def __call__(self, op: Op[T]) -> T:
        answer = super().__call__(op)
        assert self.backend._engine.follower.wait(60)
        return answer


class TestBeyondTheExactLimit(BackendSuite):
    """The same promises when a few rows are too many for an exact search, so that the index answers."""

    @pytest.fixture
    def backend(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
        monkeypatch.setattr(searching, "_EXACT_SHARE", 0)
        with closing(in_memory_backend(index=BruteForceIndex(), exact_limit=2)) as backend:
            yield backend

    @pytest.fixture
    def run(self, backend: EmbeddedBackend) -> Asking:
        return _Level(backend, "sync")

    def test_the_index_is_what_answers(self, run: Asking) -> None:
        run.add(*(f"tea {n}" for n in range(30)))
        assert len(run.found("tea 7", mode="dense", limit=3)) == 3
        assert isinstance(run.backend, EmbeddedBackend)
        index = run.backend._engine.follower._index
        assert isinstance(index, BruteForceIndex)
        assert [len(rows) for rows in index._spaces.values()] == [30]


class _LateEmbedder:
    """An embedder that learns its dimension from its first answer, as one behind a network does."""

    def __init__(self, dimension: int) -> None:
        self._inner = HashingEmbedder(str(dimension))
        self._dimension: int | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("late", "model", self._dimension)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        vectors = self._inner.embed(texts, kind=kind)
        self._dimension = vectors.shape[1]
        return vectors


class TestAnEmbedderThatLearnsItsDimension(BackendSuite):
    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        with closing(connect(Config(path=":memory:", embedder=_LateEmbedder(24)))) as backend:
            yield backend

    @pytest.fixture
    def run(self, backend: Backend) -> Asking:
        return Asking(backend, "sync")


def test_a_reindex_resumed_by_a_new_process_knows_the_dimension(tmp_path: Path) -> None:
    with closing(connect(Config(path=tmp_path, embedder="hashing", index="none"))) as backend:
        run = Asking(backend, "sync")
        run.add("green tea", "black coffee")
        assert not run(Reindex(scope=ANA, embedder=_LateEmbedder(24))).finished
    with closing(connect(Config(path=tmp_path, embedder="hashing", index="none"))) as backend:
        run = Asking(backend, "sync")
        assert run(Reindex(scope=ANA, embedder=_LateEmbedder(24))).finished
        assert run.found("green tea", mode="dense")[0] == "green tea"
    with closing(connect(Config(path=tmp_path, embedder=_LateEmbedder(24), index="none"))) as backend:
        assert Asking(backend, "sync").found("green tea")[0] == "green tea"


def test_a_reindex_of_an_empty_store_lets_the_first_memory_in(tmp_path: Path) -> None:
    with closing(connect(Config(path=tmp_path, embedder="hashing", index="none"))) as backend:
        run = Asking(backend, "sync")
        [memory] = run.add("text")
        run.forget(memory.id)
        while not run(Reindex(scope=ANA, embedder=_LateEmbedder(24))).finished:
            pass
        run.add("green tea")
        assert run.found("green tea") == ["green tea"]


class _InterruptedEmbedder(HashingEmbedder):
    """Lets something happen while it is at work, as it does when another process is at work too."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().embed(texts, kind=kind)


@pytest.mark.parametrize("verb", ["add", "update", "restore", "import", "replace"])
def test_a_change_of_embedder_by_another_process_mixes_no_vectors(verb: str, tmp_path: Path) -> None:
    mine = _InterruptedEmbedder()
    with (
        closing(connect(Config(path=tmp_path, embedder=mine, index="none"))) as backend,
        closing(connect(Config(path=tmp_path, embedder="hashing", index="none"))) as other,
    ):
        run, elsewhere = Asking(backend, "sync"), Asking(other, "sync")
        [memory, _] = run.add(item("green tea", id="x"), "black coffee")
        run.update(memory.id, content="red wine")
        [record, *_] = run.export()
        calls: dict[str, Callable[[], object]] = {
            "add": lambda: run.add("white milk"),
            "update": lambda: run.update(memory.id, content="white milk"),
            "restore": lambda: run.restore(memory.id, 1),
            "import": lambda: run.import_([{**record, "id": "new", "content": "white milk", "history": []}]),
            "replace": lambda: run.add(item("white milk", id="x"), on_conflict="replace"),
        }

        def reindex() -> None:
            while not elsewhere(Reindex(scope=ANA, embedder="hashing:16")).finished:
                pass

        mine.meanwhile = reindex
        with suppress(AgentMemError):
            calls[verb]()
        assert elsewhere.found("black coffee", mode="dense")[0] == "black coffee"
        for content in elsewhere.contents():
            assert elsewhere.found(content, mode="dense")[0] == content
