"""The examples run as a reader runs them, and assert what they show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("langchain_*.py"))


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(tmp_path, example):
    for arguments in ([], [str(tmp_path / "kept")]):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning:langchain_core", str(example), *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
