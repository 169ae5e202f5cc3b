"""The table of links: read by an end, by a relation, or by the fact that they stand for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from agentmem_core.model import Link
from agentmem_core.storage.sqlite.rows import link_of, readable, to_micros


class LinkTable:
    """Reading it over one connection."""

    _db: sqlite3.Connection

    def links(
        self,
        partition: int,
        *,
        memory_id: str | None = None,
        source: str | None = None,
        target: str | None = None,
        relation: str | None = None,
        fact: str | None = None,
        open_after: datetime | None = None,
    ) -> list[Link]:
        exact = {"source": source, "target": target, "relation": relation, "fact": fact}
        given = {name: value for name, value in exact.items() if value is not None}
        where = ["partition = :partition", *(f"{name} = :{name}" for name in given)]
        if open_after is not None:
            where.append("(valid_to IS NULL OR valid_to > :open_after)")
        ends = ["TRUE"] if memory_id is None else ["source = :end", "target = :end"]
        rows = self._db.execute(
            f"{' UNION '.join(_links_where([*where, end]) for end in ends)} ORDER BY valid_from, source, relation, target",
            {"partition": partition, "end": memory_id, "open_after": to_micros(open_after), **given},
        ).fetchall()
        with readable():
            return [link_of(row) for row in rows]

    def relations(self, partition: int, source: str) -> list[str]:
        rows = self._db.execute(
            "SELECT DISTINCT relation FROM links WHERE partition = ? AND source = ? ORDER BY relation",
            (partition, source),
        )
        return [relation for (relation,) in rows]


def _links_where(where: Sequence[str]) -> str:
    """Links by an index that is named: left alone, SQLite walks over all of a user's for those of one target or one fact."""
    columns = {condition.split(" ", 1)[0] for condition in where}
    index, more = "", ""
    if "fact" in columns:
        index, more = " INDEXED BY links_by_fact", " AND fact != ''"
    elif "target" in columns and "source" not in columns:
        index = " INDEXED BY links_by_target"
    selected = "SELECT source, relation, target, weight, metadata, valid_from, valid_to, fact FROM links"
    return f"{selected}{index} WHERE {' AND '.join(where)}{more}"
