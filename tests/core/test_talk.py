"""What turns lend to each other, against the same told turn by turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmem_core.recall import talk as talk_module
from agentmem_core.recall.talk import ANSWER, NEAR, PAUSE, Talk

ROW = st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 3), st.booleans())
"""Whether it is a turn, its session, pauses since the turn before, whether it asks."""


def a_talk(rows: list[tuple[bool, int, int, bool]]) -> Talk:
    turn, session, pauses, asks = (np.array([row[n] for row in rows]) for n in range(4))
    occurred = np.cumsum(pauses.astype(np.int64) * (PAUSE // 2))
    return Talk.of(np.flatnonzero(turn), session.astype(np.int32), occurred, asks.astype(bool))


def told_one_by_one(rows: list[tuple[bool, int, int, bool]], held: dict[int, float]) -> list[float]:
    """What one word counts in each row."""
    occurred = np.cumsum([row[2] * (PAUSE // 2) for row in rows])
    got = [held.get(n, 0.0) for n in range(len(rows))]
    for session in range(3):
        turns = [n for n, row in enumerate(rows) if row[0] and row[1] == session]
        for here, mine in enumerate(turns):
            for step in (-3, -2, -1, 1, 2, 3):
                there = here + step
                if not 0 <= there < len(turns):
                    continue
                between = [occurred[n] for n in turns[min(here, there) : max(here, there) + 1]]
                if max(np.diff(between)) > PAUSE:
                    continue
                share = ANSWER if step == -1 and rows[turns[there]][3] else NEAR[abs(step) - 1]
                got[mine] = max(got[mine], share * held.get(turns[there], 0.0))
    return got


@settings(max_examples=300)
@given(
    rows=st.lists(ROW, min_size=1, max_size=14),
    words=st.lists(st.dictionaries(st.integers(0, 13), st.sampled_from([0.0, 0.5, 1.0, 2.0])), max_size=4),
    wide=st.booleans(),
    block=st.sampled_from([1, 20, 1 << 20]),
)
def test_a_turn_takes_the_most_of_its_own_and_what_those_near_it_lend(
    rows: list[tuple[bool, int, int, bool]], words: list[dict[int, float]], block: int, *, wide: bool
) -> None:
    held = [{row: weight for row, weight in word.items() if row < len(rows)} for word in words]
    scores = np.zeros(len(rows), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(talk_module, "_BLOCK", block)
        if wide:
            patch.setattr(talk_module, "_WIDE", 0)
        a_talk(rows).lend([(np.array(list(w), np.int32), np.array(list(w.values()), np.float32)) for w in held], scores)
    expected = np.sum([told_one_by_one(rows, word) for word in held], axis=0) if held else np.zeros(len(rows))
    assert scores.tolist() == pytest.approx(expected.tolist())


def test_among_many_turns_a_rare_word_reaches_those_near_it_and_no_others() -> None:
    turns = 10_000
    talk = Talk.of(
        np.arange(turns), np.zeros(turns, np.int32), np.arange(turns, dtype=np.int64), np.zeros(turns, np.bool_)
    )
    scores = np.zeros(turns, np.float32)
    talk.lend([(np.array([0, 5_000, turns - 1], np.int32), np.ones(3, np.float32))], scores)
    assert np.flatnonzero(scores).tolist() == [0, 1, 2, 3, *range(4_997, 5_004), *range(turns - 4, turns)]
    assert scores[4_997:5_004].tolist() == pytest.approx([0.4, 0.6, 0.8, 1, 0.8, 0.6, 0.4])


def test_of_a_row_named_twice_the_last_weight_counts() -> None:
    talk = a_talk([(True, 0, 0, False), (True, 0, 0, False), (False, 0, 0, False)])
    scores = np.zeros(3, np.float32)
    talk.lend([(np.array([0, 2, 0, 2], np.int32), np.array([0.5, 0.5, 1.0, 2.0], np.float32))], scores)
    assert scores.tolist() == pytest.approx([1.0, 0.8, 2.0])
