"""Every vector index keeps the promises of the port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentmem_core.storage.chroma import ChromaIndex
from agentmem_core.testing import BruteForceIndex, VectorIndexSuite
from agentmem_core.testing.index_suite import SPACE, unit_vectors


class TestBruteForceIndex(VectorIndexSuite):
    @pytest.fixture
    def index(self) -> BruteForceIndex:
        return BruteForceIndex()


class TestChromaIndex(VectorIndexSuite):
    @pytest.fixture
    def index(self, tmp_path: Path) -> Iterator[ChromaIndex]:
        with closing(ChromaIndex(tmp_path)) as index:
            assert index.acquire()
            yield index

    def test_a_second_writer_is_refused_until_the_first_lets_go(self, index: ChromaIndex, tmp_path: Path) -> None:
        with closing(ChromaIndex(tmp_path)) as other:
            assert other.acquire() is False
            index.close()
            assert other.acquire() is True

    def test_rows_are_there_after_opening_again(self, index: ChromaIndex, tmp_path: Path) -> None:
        vectors = unit_vectors(20)
        index.upsert(SPACE, range(20), vectors)
        index.close()
        with closing(ChromaIndex(tmp_path)) as again:
            assert again.count(SPACE) == 20
            assert again.query(SPACE, vectors[7], 1).rows.tolist() == [7]

    def test_a_reset_leaves_nothing_of_the_rows_in_the_folder(self, index: ChromaIndex, tmp_path: Path) -> None:
        index.upsert("space-with-a-telling-name", range(20), unit_vectors(20))
        index.reset()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert all(b"telling" not in path.read_bytes() for path in files)
