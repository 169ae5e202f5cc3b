"""The three frameworks side by side, away from the developer's own data; only where all of them are installed."""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from unittest import mock

import pytest

from crewai_agentmem.generation import Generation, generation

ALL = generation() is Generation.TODAY and all(map(find_spec, ("langchain_classic", "llama_index")))
collect_ignore_glob = [] if ALL else ["test_*.py"]

if ALL:
    away = tempfile.mkdtemp(prefix="agentmem-together-")  # importing CrewAI already writes into the home
    atexit.register(shutil.rmtree, away, ignore_errors=True)
    with mock.patch.dict(os.environ, {"HOME": away, "CREWAI_STORAGE_DIR": away}):
        import crewai  # noqa: F401 - before any test module does


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home, a default store and a folder for CrewAI of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "default"))
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "crew"))
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    for name in ("OPENAI_API_KEY", "AGENTMEM_API_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path):
    """Where the store lies that all of them use."""
    return tmp_path / "store"
