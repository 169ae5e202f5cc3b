"""No test of the adapter reads or writes the memory of whoever runs it."""

import pytest

from agentmem_core import AgentMem
from langchain_agentmem import opening


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """A home and a default store of the test's own; what the adapter keeps open is let go afterwards."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "default"))
    monkeypatch.setenv("AGENTMEM_DURABILITY", "normal")  # a killed machine is the core's test
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    yield
    opening._KEPT.clear()


@pytest.fixture
def client():
    """A store in memory, for the user ana."""
    with AgentMem(":memory:", user_id="ana") as opened:
        yield opened
