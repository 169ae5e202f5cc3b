"""What becomes of a reading connection when something goes wrong while it is lent."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from agentmem_core import AgentMem, NotFoundError, StoreError
from agentmem_core.storage.sqlite.connections import Connections

TABLES = "SELECT count(*) FROM sqlite_master"


@pytest.fixture
def connections(tmp_path: Path):
    AgentMem(tmp_path, embedder="hashing").close()
    opened = Connections(tmp_path / "agentmem.db", "normal")
    yield opened
    opened.close()


def test_an_error_of_somebody_elses_leaves_the_connection_as_it_was(connections: Connections) -> None:
    with connections.reading() as first:
        first.execute(TABLES)
    with suppress(KeyError), connections.reading() as connection:
        assert connection is first
        connection.execute(TABLES)
        raise KeyError
    with connections.reading() as again:
        assert again is first
        assert again.execute(TABLES).fetchone()[0] > 5


def test_one_that_fails_is_closed(connections: Connections) -> None:
    with connections.reading() as first:
        first.execute(TABLES)
    with pytest.raises(StoreError), connections.reading() as connection:
        connection.execute("SELECT nothing FROM nowhere")
    with connections.reading() as again:
        assert again is not first
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.execute(TABLES)


def test_what_is_read_after_an_error_is_what_is_there_then(tmp_path: Path) -> None:
    """The transaction of before is over: no old view of the file goes on."""
    with AgentMem(tmp_path, embedder="hashing") as memory, AgentMem(tmp_path, embedder="hashing") as other:
        memory.add("one")
        for number in range(3):
            with pytest.raises(NotFoundError):
                memory.get("mem_00000000000000000000000000")
            other.add(f"another {number}")
            assert memory.stats().memories == number + 2
