"""Every test has a home, a store and a working folder of its own."""

from __future__ import annotations

import pytest

from agentmem_core import AgentMem


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AGENTMEM_PATH", str(tmp_path / "default"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def client(tmp_path):
    with AgentMem(tmp_path / "store", user_id="ana") as opened:
        yield opened
