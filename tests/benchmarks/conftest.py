"""The benchmarks lie beside the packages, not in them: where only wheels and tests are, there is nothing to test."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if find_spec("benchmarks") else ["test_*.py"]

ITEM: dict[str, Any] = {
    "question_id": "q_one",
    "question_type": "single-session-user",
    "question": "Which instrument do I play?",
    "answer": "The cello",
    "question_date": "2023/06/01 (Thu) 10:00",
    "haystack_session_ids": ["later", "answer_77"],
    "haystack_dates": ["2023/05/25 (Thu) 10:00", "2023/05/20 (Sat) 02:21"],
    "haystack_sessions": [
        [{"role": "user", "content": "What shall I cook tonight?"}, {"role": "assistant", "content": "Lentils?"}],
        [
            {"role": "user", "content": "I play the cello, and my strings broke.", "has_answer": True},
            {"role": "assistant", "content": "Steel strings last longer."},
            {"role": "user", "content": "   "},
        ],
    ],
    "answer_session_ids": ["answer_77"],
}


@pytest.fixture
def item() -> dict[str, Any]:
    """An item in LongMemEval's format, to be changed at will."""
    return copy.deepcopy(ITEM)


@pytest.fixture
def longmemeval(tmp_path: Path) -> Callable[..., Path]:
    """Writes items into a file."""

    def write(*items: Any) -> Path:
        file = tmp_path / "longmemeval.json"
        file.write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
        return file

    return write
