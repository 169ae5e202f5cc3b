"""What people are remembered by is not for other users of the machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from agentmem_core import AgentMem

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")


def opened(folder: Path, **options: Any) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", **options})


def modes(folder: Path) -> dict[str, int]:
    """The mode of every file of the ledger."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def _open_umask():
    """As lax as a umask can be."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_folder_and_its_files_are_for_their_owner_alone(tmp_path):
    folder = tmp_path / "above" / "store"
    with opened(folder) as memory:
        memory.add("I am allergic to peanuts")
        assert modes(folder) == {"agentmem.db": 0o600, "agentmem.db-wal": 0o600, "agentmem.db-shm": 0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        memory.compact()
    with opened(folder) as memory:
        memory.add("I moved to Lisbon")
        assert set(modes(folder).values()) == {0o600}


def test_a_folder_that_stood_before_keeps_its_mode_and_its_files_are_private(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    with opened(folder) as memory:
        memory.add("I am allergic to peanuts")
        assert set(modes(folder).values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_mode_that_somebody_gave_is_kept(tmp_path):
    with opened(tmp_path) as memory:
        memory.add("for the whole team")
    (tmp_path / "agentmem.db").chmod(0o660)
    with opened(tmp_path) as memory:
        memory.add("for all of us")
        memory.compact()
        assert set(modes(tmp_path).values()) == {0o660}
