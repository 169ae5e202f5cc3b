"""Every vector index keeps the promises of the port."""

from __future__ import annotations

import os
import subprocess
import sys
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

    def test_a_damaged_header_is_no_obstacle(self, index: ChromaIndex, tmp_path: Path) -> None:
        """Neither a torn one nor one of another version says which slots are used; Chroma judges them itself."""
        for number, start in enumerate((b"", b"\x01\0\0\0", b"\x02" + bytes(99))):
            space = f"{SPACE}-{number}"
            index.upsert(space, range(5), unit_vectors(5))
            index.close()
            (header,) = tmp_path.glob(f"chroma/{space}.*/*/header.bin")
            header.write_bytes(start)
            assert index.acquire()
            assert index.count(space) == 5


BEGUN = """
import sys
from pathlib import Path
from agentmem_core.storage.chroma import ChromaIndex, index as chroma_index
from agentmem_core.testing.index_suite import SPACE, unit_vectors

folder, step = Path(sys.argv[1]), sys.argv[2]
if step == "killed":
    chroma_index.blank_unused = lambda folder: True  # as if it had ended just before
index = ChromaIndex(folder)
assert index.acquire()
vectors = unit_vectors(50)
if step == "persisted":
    for _ in range(25):
        index.upsert(SPACE, range(50), vectors)
elif step != "taken":
    index.upsert(SPACE, range(50), vectors)
if step == "opened":
    index.close()
    assert index.acquire()
if step != "taken":
    assert index.count(SPACE) == 50
    assert index.query(SPACE, vectors[7], 1).rows.tolist() == [7]
    assert index.query(SPACE, vectors[49], 1).rows.tolist() == [49]
"""


def unused(folder: Path, step: str) -> dict[str, int]:
    """How many bytes of the first hundred slots are set although no row is there, in a process whose ``malloc`` fills what it gives."""
    subprocess.run([sys.executable, "-c", BEGUN, folder, step], check=True, env={**os.environ, "MALLOC_PERTURB_": "85"})
    used = 50 if step == "persisted" else 0
    assert len([*folder.rglob("index_metadata.pickle")]) == (used > 0)
    return {
        path.name: len(text[used * len(text) // 100 :].replace(b"\0", b""))
        for path in folder.rglob("*.bin")
        if path.name in {"data_level0.bin", "length.bin"} and (text := path.read_bytes())
    }


CLEAN = {"data_level0.bin": 0, "length.bin": 0}


@pytest.mark.parametrize("step", ["begun", "opened", "persisted"])
def test_no_memory_of_the_process_is_in_the_files_of_the_index(step: str, tmp_path: Path) -> None:
    """Chroma writes slots that it has not filled yet: what was forgotten, or a key, may have stood in them."""
    assert unused(tmp_path, step) == CLEAN


@pytest.mark.parametrize("step", ["taken", "begun"])
def test_what_a_killed_process_left_of_its_memory_goes_when_the_next_has_the_index(step: str, tmp_path: Path) -> None:
    assert min(unused(tmp_path, "killed").values()) > 0, "the test sees what is there"
    assert unused(tmp_path, step) == CLEAN
