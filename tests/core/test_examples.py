"""The examples of the core run as a newcomer runs them: in a clean home, without a network, with a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, home: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENTMEM_")}
    done = subprocess.run(
        [sys.executable, EXAMPLES / name],
        env={**clean, "HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_quickstart_answers_its_questions_twice(tmp_path):
    told = run("quickstart.py", tmp_path)
    assert told.count("12 of 12") >= 2, told


@pytest.mark.timeout(600)
def test_a_day_with_eight_agents_is_all_there_the_next_day(tmp_path):
    told = run("eight_agents.py", tmp_path)
    today, tomorrow = told.split("== The next day")
    assert "now: Ana works at the maritime museum now; a month ago: Ana works at the city archive" in today
    assert "It needs 1.5 bar" in today
    assert "caravela-1755" not in told
    assert "她有备用钥匙" in tomorrow
    for name in ("core", "working", "episodic", "semantic", "procedural", "resource", "knowledge", "contextual"):
        assert f"  {name}: " in tomorrow
        assert f"  {name}: 0" not in tomorrow


@pytest.mark.timeout(600)
def test_a_chat_service_knows_its_users_again_and_tells_nobody_else(tmp_path):
    told = run("http_chat.py", tmp_path)
    assert "You told me: I moved to Lisbon in May" in told
    assert told.rstrip().endswith("-> I do not know yet.")


@pytest.mark.timeout(600)
def test_what_two_conversations_teach(tmp_path):
    told = run("learning.py", tmp_path)
    assert "== in April: " in told
    assert "UPDATE" in told
