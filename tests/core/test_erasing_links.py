"""Erasing one memory costs the same however many links its user has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from agentmem_core import AgentMem
from agentmem_core.storage.sqlite import FILE_NAME
from agentmem_core.storage.sqlite.writer import SqliteWriter


def steps(folder: Path, others: int) -> tuple[int, int]:
    """The links that go with one memory of a user with ``others`` more, and the hundreds of steps that SQLite takes for it."""
    with AgentMem(folder, user_id="ana", embedder="hashing") as memory:
        tea = memory.add("Ana knows tea").ids[0]
        cup = memory.semantic.learn("a cup holds tea", subject="cup", predicate="holds", object="tea").id
        memory.relate(tea, "about", cup)
        memory.relate(cup, "about", tea)
    with closing(sqlite3.connect(folder / FILE_NAME, isolation_level=None)) as database:
        partition = database.execute("SELECT id FROM partitions").fetchone()[0]
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO links VALUES (?, ?, 'knows', ?, ?, ?, 1.0, '{}', NULL)",
            [(partition, f"a{number}", f"b{number % 9}", number, f"f{number}") for number in range(others)],
        )
        (row,) = database.execute("SELECT row FROM memories WHERE id = ?", (cup,)).fetchone()
        before = database.execute("SELECT count(*) FROM links").fetchone()[0]
        taken = 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        database.set_progress_handler(step, 100)
        erased = SqliteWriter(database).erase(partition, [row])
        database.set_progress_handler(None, 0)
        assert database.execute("SELECT count(*) FROM links").fetchone()[0] == before - erased.links
        ends = database.execute("SELECT count(*) FROM links WHERE ? IN (source, target, fact)", (cup,)).fetchone()[0]
        assert ends == 0
        return erased.links, taken


def test_erasing_one_memory_walks_over_no_links_of_others(tmp_path):
    few, many = steps(tmp_path / "few", 10), steps(tmp_path / "many", 20_000)
    assert few[0] == many[0] == 3
    assert many[1] <= few[1] + 20
