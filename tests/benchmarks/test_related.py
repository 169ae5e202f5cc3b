"""The table of related words is what the embedder's vectors say."""

from __future__ import annotations

import pytest
from benchmarks.related import LEAST, MOST, vectors

from agentmem_core.recall.related import related


def test_the_table_has_the_nearest_stems_and_their_cosine() -> None:
    stems, unit = vectors()
    place = {stem: number for number, stem in enumerate(stems)}
    for stem in stems[::40]:
        cosines = unit @ unit[place[stem]]
        told = related(stem)
        for other, share in told:
            assert float(cosines[place[other]]) == pytest.approx(share, abs=0.011)
        cosines[[place[stem], *(place[other] for other, _ in told)]] = -1
        least = told[-1][1] if len(told) == MOST else LEAST
        assert float(cosines.max()) <= least + 0.011
