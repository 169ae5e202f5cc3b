"""The conformance suite of ``VectorIndex``: inherit it and give it an index."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from agentmem_core.ports import VectorIndex

SPACE, OTHER = "space-1", "space-2"
DIMENSION = 16


def unit_vectors(count: int, *, seed: int = 0, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """Random directions, the same every time."""
    made = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    scaled: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return scaled


class VectorIndexSuite:
    """What every ``VectorIndex`` must do; approximate ones may miss one in twenty."""

    @pytest.fixture
    def index(self) -> VectorIndex:
        """An empty index with the right to write, closed after the test."""
        raise NotImplementedError("override the fixture `index`")

    def test_the_writer_stays_the_writer(self, index: VectorIndex) -> None:
        assert index.acquire() is True
        assert index.acquire() is True

    def test_an_unknown_space_is_empty(self, index: VectorIndex) -> None:
        assert index.count(SPACE) == 0
        near = index.query(SPACE, unit_vectors(1)[0], 5)
        assert len(near.rows) == len(near.similarities) == 0

    def test_a_row_is_nearest_to_its_own_vector(self, index: VectorIndex) -> None:
        vectors = unit_vectors(50)
        rows = [2**33 + 7 * number for number in range(50)]
        index.upsert(SPACE, rows, vectors)
        assert index.count(SPACE) == 50
        for number in range(0, 50, 7):
            near = index.query(SPACE, vectors[number], 3)
            assert near.rows[0] == rows[number]
            assert near.similarities[0] == pytest.approx(1.0, abs=1e-4)

    def test_similarities_are_cosines_best_first(self, index: VectorIndex) -> None:
        vectors = unit_vectors(40)
        index.upsert(SPACE, range(40), vectors)
        wanted = unit_vectors(1, seed=9)[0]
        near = index.query(SPACE, wanted, 40)
        assert near.rows.dtype == np.int64
        assert sorted(near.rows) == list(range(40))
        assert np.allclose(near.similarities, vectors[near.rows] @ wanted, atol=1e-4)
        assert (np.diff(near.similarities) <= 1e-6).all()

    def test_at_least_95_of_100_nearest_rows_are_found(self, index: VectorIndex) -> None:
        vectors = unit_vectors(2_000)
        index.upsert(SPACE, range(2_000), vectors)
        found = 0
        for wanted in unit_vectors(20, seed=3):
            best = set(np.argsort(-(vectors @ wanted))[:10].tolist())
            found += len(best & set(index.query(SPACE, wanted, 10).rows.tolist()))
        assert found >= 190

    def test_fewer_rows_than_asked_for_only_when_there_are_no_more(self, index: VectorIndex) -> None:
        index.upsert(SPACE, range(30), unit_vectors(30))
        for limit, expected in ((1, 1), (29, 29), (30, 30), (500, 30)):
            assert len(index.query(SPACE, unit_vectors(1, seed=5)[0], limit).rows) == expected

    def test_putting_a_row_again_replaces_its_vector(self, index: VectorIndex) -> None:
        vectors = unit_vectors(20)
        index.upsert(SPACE, range(20), vectors)
        index.upsert(SPACE, [3], -vectors[3:4])
        assert index.count(SPACE) == 20
        near = index.query(SPACE, -vectors[3], 1)
        assert (near.rows[0], near.similarities[0]) == (3, pytest.approx(1.0, abs=1e-4))

    def test_removed_rows_are_not_found_and_unknown_ones_are_no_error(self, index: VectorIndex) -> None:
        vectors = unit_vectors(20)
        index.upsert(SPACE, range(20), vectors)
        index.remove(SPACE, [4, 5, 999])
        index.remove(OTHER, [1])
        index.remove(SPACE, [])
        assert index.count(SPACE) == 18
        assert not {4, 5} & set(index.query(SPACE, vectors[4], 20).rows.tolist())

    def test_a_removed_row_can_come_back(self, index: VectorIndex) -> None:
        vectors = unit_vectors(5)
        index.upsert(SPACE, range(5), vectors)
        index.remove(SPACE, [2])
        index.upsert(SPACE, [2], vectors[2:3])
        assert index.query(SPACE, vectors[2], 1).rows.tolist() == [2]

    def test_spaces_are_apart_and_may_differ_in_dimension(self, index: VectorIndex) -> None:
        index.upsert(SPACE, [1, 2], unit_vectors(2))
        index.upsert(OTHER, [1], unit_vectors(1, dimension=3))
        index.drop(SPACE)
        assert (index.count(SPACE), index.count(OTHER)) == (0, 1)
        assert index.query(OTHER, unit_vectors(1, dimension=3)[0], 5).rows.tolist() == [1]

    def test_spaces_are_told_by_name_once_there_is_something_in_them(self, index: VectorIndex) -> None:
        assert index.spaces() == []
        index.query(SPACE, unit_vectors(1)[0], 1)
        index.count(SPACE)
        index.remove(SPACE, [1])
        index.drop(SPACE)
        assert index.spaces() == []
        index.upsert(OTHER, [1], unit_vectors(1))
        index.upsert(SPACE, [1], unit_vectors(1))
        assert sorted(index.spaces()) == [SPACE, OTHER]
        index.drop(OTHER)
        assert index.spaces() == [SPACE]
        index.reset()
        assert index.spaces() == []

    def test_a_dropped_space_can_be_made_anew_with_another_dimension(self, index: VectorIndex) -> None:
        index.upsert(SPACE, [1], unit_vectors(1))
        index.drop(SPACE)
        index.drop(SPACE)
        index.upsert(SPACE, [7], unit_vectors(1, dimension=5))
        assert index.query(SPACE, unit_vectors(1, dimension=5)[0], 5).rows.tolist() == [7]

    def test_after_a_reset_nothing_is_there_and_writing_works(self, index: VectorIndex) -> None:
        index.upsert(SPACE, [1], unit_vectors(1))
        index.upsert(OTHER, [1], unit_vectors(1))
        index.reset()
        assert (index.count(SPACE), index.count(OTHER)) == (0, 0)
        index.upsert(SPACE, [2], unit_vectors(1))
        assert index.count(SPACE) == 1

    def test_a_reset_of_an_empty_index_is_no_error(self, index: VectorIndex) -> None:
        index.reset()
        assert index.count(SPACE) == 0

    def test_queries_from_several_threads_agree(self, index: VectorIndex) -> None:
        vectors = unit_vectors(100)
        index.upsert(SPACE, range(100), vectors)
        expected = index.query(SPACE, vectors[0], 10).rows.tolist()
        answers: list[list[int]] = []

        def ask() -> None:
            answers.append(index.query(SPACE, vectors[0], 10).rows.tolist())

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert answers == [expected] * 8

    def test_closing_twice_is_no_error(self, index: VectorIndex) -> None:
        index.upsert(SPACE, [1], unit_vectors(1))
        index.close()
        index.close()
