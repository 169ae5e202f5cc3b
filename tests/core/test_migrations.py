"""A store that an older version wrote is brought up to date when it is opened, and loses nothing."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.core.learning.scripted import Scripted, fact

from agentmem_core import AgentMem, StoreTooNewError, StoreUnavailableError
from agentmem_core.storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION

OPTIONS = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
LIKES_TEA = fact("Ana likes tea", "Ana|likes|tea")


MEMORIES_OF_VERSION_2 = """
CREATE TABLE memories (
    row INTEGER PRIMARY KEY, partition INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, agent_id TEXT, session_id TEXT, role TEXT, name TEXT, speaker TEXT, importance REAL NOT NULL,
    occurred_at INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    expires_at INTEGER, valid_from INTEGER, valid_to INTEGER,
    version INTEGER NOT NULL, access_count INTEGER NOT NULL, last_accessed_at INTEGER,
    operation TEXT NOT NULL, deleted_at INTEGER, digest BLOB, given INTEGER NOT NULL, reason TEXT,
    content TEXT NOT NULL, metadata TEXT NOT NULL, entities TEXT NOT NULL, source TEXT NOT NULL,
    words TEXT NOT NULL, vector BLOB
) STRICT;
INSERT INTO memories SELECT m.row, partition, id, type, agent_id, session_id, role, name, speaker, importance, occurred_at,
    created_at, updated_at, expires_at, valid_from, valid_to, version, coalesce(u.count, 0), u.at, operation, deleted_at, digest,
    given, reason, content, metadata, entities, source, words, vector
    FROM newer m LEFT JOIN uses u ON u.row = m.row;
CREATE UNIQUE INDEX memories_by_id ON memories (partition, id);
CREATE UNIQUE INDEX memories_by_digest ON memories (partition, digest) WHERE digest IS NOT NULL;
CREATE INDEX memories_by_session ON memories (partition, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX memories_by_type ON memories (partition, type) WHERE type NOT IN ('episodic', 'semantic');
"""


def of_version_2(folder: Path) -> list[str]:
    """A store as the second version left it; answers the ids of what is in it, of which the first was used."""
    with AgentMem(folder, **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
        ids = memory.add(["I like tea", "我喜欢茶"]).ids
        ids += memory.add([{"role": "user", "content": "I like tea", "name": "Ana"}]).ids
        memory.add("I like tea")
    with closing(sqlite3.connect(folder / "agentmem.db")) as connection:
        connection.execute("ALTER TABLE memories RENAME TO newer")
        for index in ("id", "digest", "session", "type"):
            connection.execute(f"DROP INDEX memories_by_{index}")
        connection.executescript(MEMORIES_OF_VERSION_2)
        connection.execute("DROP TABLE newer")
        connection.execute("DROP TABLE uses")
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    return ids


def of_version_1(folder: Path) -> list[str]:
    """A store as the first version left it; answers the ids of what is in it."""
    ids = of_version_2(folder)
    with closing(sqlite3.connect(folder / "agentmem.db")) as connection:
        connection.execute("DROP TABLE lessons")
        connection.execute("DROP TABLE learnt")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return ids


def tables(folder: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(folder / "agentmem.db")) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return version, {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_every_version_leads_to_the_next():
    assert sorted(MIGRATIONS) == [*range(1, SCHEMA_VERSION)]


def test_a_store_of_version_1_learns(tmp_path):
    ids = of_version_1(tmp_path)
    with AgentMem(tmp_path, llm=Scripted([[LIKES_TEA]]), **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
        assert [item.id for item in memory.list()] == ids
        assert memory.learn().read == 1
        assert memory.semantic.about("Ana")[0].source == (ids[2],)
    version, names = tables(tmp_path)
    assert version == SCHEMA_VERSION
    assert {"lessons", "learnt", "lessons_by_user", "uses"} <= names


def test_a_store_of_version_2_keeps_its_uses(tmp_path):
    ids = of_version_2(tmp_path)
    with AgentMem(tmp_path, **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
        tea, chinese, turn = (memory.get(item) for item in ids)
        assert (tea.access_count, chinese.access_count, turn.access_count) == (1, 0, 0)
        assert tea.last_accessed_at is not None
        assert chinese.last_accessed_at is None
        assert memory.search("茶")[0].memory.content == "我喜欢茶"
        memory.add("I like tea")
        assert memory.get(ids[0]).access_count == 2
    version, names = tables(tmp_path)
    assert version == SCHEMA_VERSION
    assert "uses" in names


def test_many_open_it_at_once(tmp_path):
    ids = of_version_1(tmp_path)
    found: list[list[str]] = []

    def look() -> None:
        with AgentMem(tmp_path, **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
            found.append([item.id for item in memory.list()])

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ids] * 6


def test_a_database_of_another_program_is_not_brought_up_to_date(tmp_path):
    with closing(sqlite3.connect(tmp_path / "agentmem.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    with pytest.raises(StoreUnavailableError, match="another program"):
        AgentMem(tmp_path, **OPTIONS)  # type: ignore[arg-type]  # plain names
    assert tables(tmp_path) == (1, {"theirs"})


def test_one_that_has_a_store_open_while_a_newer_version_changes_it_is_told(tmp_path):
    with AgentMem(tmp_path, **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
        memory.add("I like tea")
        with closing(sqlite3.connect(tmp_path / "agentmem.db")) as newer:
            newer.execute("ALTER TABLE memories RENAME COLUMN content TO told")
        for call in (memory.list, lambda: memory.add("more"), lambda: memory.get("x")):
            with pytest.raises(StoreTooNewError, match="newer version"):
                call()
