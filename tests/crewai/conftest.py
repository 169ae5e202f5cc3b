"""Crews with a scripted model, away from the developer's own data; only where today's CrewAI is installed."""

import atexit
import os
import shutil
import tempfile
from unittest import mock

import pytest

from crewai_agentmem.generation import Generation, generation, installed

TODAY = generation() is Generation.TODAY
collect_ignore_glob = [] if TODAY else ["test_*.py"]
if os.environ.get("AGENTMEM_EXPECT_CREWAI") == "today" and not TODAY:
    raise RuntimeError(f"these tests were asked for, but {installed()} is installed")

if TODAY:
    away = tempfile.mkdtemp(prefix="agentmem-crewai-")  # importing CrewAI already writes into the home
    atexit.register(shutil.rmtree, away, ignore_errors=True)
    with mock.patch.dict(os.environ, {"HOME": away, "CREWAI_STORAGE_DIR": away}):
        import crewai  # noqa: F401 - before any test module does


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home, a store and a folder for CrewAI of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "memory"))
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "crew"))
    for name in ("OPENAI_API_KEY", "AGENTMEM_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
