"""A store that an older version wrote is brought up to date when it is opened, and loses nothing."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.core.learning.scripted import Scripted, fact

from agentmem_core import AgentMem, StoreUnavailableError
from agentmem_core.storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION

OPTIONS = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
LIKES_TEA = fact("Ana likes tea", "Ana|likes|tea")


def of_version_1(folder: Path) -> list[str]:
    """A store as the first version left it; answers the ids of what is in it."""
    with AgentMem(folder, **OPTIONS) as memory:  # type: ignore[arg-type]  # plain names
        ids = memory.add(["I like tea", "我喜欢茶"]).ids
        ids += memory.add([{"role": "user", "content": "I like tea", "name": "Ana"}]).ids
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
    assert {"lessons", "learnt", "lessons_by_user"} <= names


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
