"""The tables about learning: which rows were learnt from, and what waits to be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from agentmem_core.model import Scope
from agentmem_core.ports import Lesson
from agentmem_core.storage.sqlite.rows import (
    LESSON_COLUMNS,
    WITHIN,
    lesson_of,
    lesson_values,
    readable,
    to_micros,
    within,
)

_SELECT = f"SELECT {', '.join(LESSON_COLUMNS)}, number FROM lessons"
_INSERT = f"INSERT INTO lessons ({', '.join(LESSON_COLUMNS)}) VALUES ({', '.join('?' * len(LESSON_COLUMNS))})"
_UPDATE = f"UPDATE lessons SET {', '.join(f'{column} = ?' for column in LESSON_COLUMNS)} WHERE number = ?"
_OLDER = """
SELECT 1 FROM lessons older WHERE older.tenant = lessons.tenant AND older.user_id = lessons.user_id
AND older.number < lessons.number AND NOT older.failed
"""
_CHUNK = 500


class LessonTables:
    """Reading and writing them over one connection; what is written needs its transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """For as long as the connection's transaction lasts."""
        self._db = connection

    def learnt(self, rows: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for start in range(0, len(rows), _CHUNK):
            some = [int(row) for row in rows[start : start + _CHUNK]]
            sql = f"SELECT row FROM learnt WHERE row IN ({', '.join('?' * len(some))})"
            found.update(row for (row,) in self._db.execute(sql, some))
        return found

    def lesson(self, number: int) -> Lesson | None:
        found = self._lessons("WHERE number = ?", (number,))
        return found[0] if found else None

    def lessons(
        self,
        tenant: str | None = None,
        user_id: str | None = None,
        *,
        failed: bool | None = None,
        holder: str | None = None,
        after: int = 0,
        limit: int = 1_000,
    ) -> list[Lesson]:
        given = {"tenant": tenant, "user_id": user_id, "failed": failed, "holder": holder}
        exact = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(["number > ?", *(f"{name} = ?" for name in exact)])
        return self._lessons(f"WHERE {where} ORDER BY number LIMIT ?", (after, *exact.values(), limit))

    def due_lesson(self, tenant: str, now: datetime) -> Lesson | None:
        # the plus keeps the index out: by number the first that fits is found at once, by tenant all that wait are looked at
        where = f"WHERE +tenant = ? AND NOT failed AND due_at <= ? AND NOT EXISTS ({_OLDER}) ORDER BY number LIMIT 1"
        found = self._lessons(where, (tenant, to_micros(now)))
        return found[0] if found else None

    def waiting_lessons(self, tenant: str, user_id: str | None = None) -> tuple[int, int]:
        sql = "SELECT failed, count(*) FROM lessons WHERE tenant = :tenant AND (:user IS NULL OR user_id = :user) GROUP BY failed"
        counts = dict(self._db.execute(sql, {"tenant": tenant, "user": user_id}).fetchall())
        return counts.get(0, 0), counts.get(1, 0)

    def deferred_lessons(self, tenant: str, user_id: str | None = None, *, until: datetime) -> int:
        sql = (
            "SELECT count(*) FROM lessons WHERE tenant = :tenant AND (:user IS NULL OR user_id = :user) "
            "AND NOT failed AND holder IS NULL AND due_at > :until"
        )
        given = {"tenant": tenant, "user": user_id, "until": to_micros(until)}
        return int(self._db.execute(sql, given).fetchone()[0])

    def mark_learnt(self, rows: Sequence[int]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO learnt (row) VALUES (?)", [(int(row),) for row in rows])

    def put_lesson(self, lesson: Lesson) -> int:
        if not lesson.number:
            return int(self._db.execute(_INSERT, lesson_values(lesson)).lastrowid or 0)
        self._db.execute(_UPDATE, (*lesson_values(lesson), lesson.number))
        return lesson.number

    def drop_lesson(self, number: int) -> None:
        self._db.execute("DELETE FROM lessons WHERE number = ?", (number,))

    def erase_lessons(self, scope: Scope) -> None:
        self._db.execute(f"DELETE FROM lessons WHERE {WITHIN}", within(scope))

    def _lessons(self, where: str, values: tuple[object, ...] | dict[str, object]) -> list[Lesson]:
        rows = self._db.execute(f"{_SELECT} {where}", values).fetchall()
        with readable():
            return [lesson_of(row) for row in rows]
