"""What a ``MemoryLedger`` knows about learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agentmem_core.model import Scope
from agentmem_core.ports import Lesson
from agentmem_core.testing.memory_state import State


class MemoryLessonReader:
    """Answers from one committed state."""

    _state: State

    def learnt(self, rows: Sequence[int]) -> set[int]:
        return {int(row) for row in rows if row in self._state.learnt}

    def lesson(self, number: int) -> Lesson | None:
        return self._state.lessons.get(number)

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
        waiting = (self._state.lessons[number] for number in sorted(self._state.lessons) if number > after)
        mine = [
            item
            for item in waiting
            if tenant in (None, item.scope.tenant)
            and user_id in (None, item.scope.user_id)
            and failed in (None, item.failed)
            and holder in (None, item.holder)
        ]
        return mine[:limit]

    def due_lesson(self, tenant: str, now: datetime) -> Lesson | None:
        behind: set[tuple[str, str]] = set()
        for lesson in self.lessons(tenant, limit=len(self._state.lessons)):
            user = (lesson.scope.tenant, lesson.scope.user_id)
            if lesson.failed or user in behind:
                continue
            if lesson.due_at <= now:
                return lesson
            behind.add(user)
        return None

    def waiting_lessons(self, tenant: str, user_id: str | None = None) -> tuple[int, int]:
        mine = self.lessons(tenant, user_id, limit=len(self._state.lessons))
        failed = sum(lesson.failed for lesson in mine)
        return len(mine) - failed, failed

    def deferred_lessons(self, tenant: str, user_id: str | None = None, *, until: datetime) -> int:
        mine = self.lessons(tenant, user_id, failed=False, limit=len(self._state.lessons))
        return sum(lesson.holder is None and lesson.due_at > until for lesson in mine)


class MemoryLessonWriter(MemoryLessonReader):
    """Writes to the state of a transaction."""

    def mark_learnt(self, rows: Sequence[int]) -> None:
        self._state.learnt |= {int(row) for row in rows}

    def put_lesson(self, lesson: Lesson) -> int:
        number = lesson.number
        if not number:
            number = self._state.last_lesson = self._state.last_lesson + 1
        elif number not in self._state.lessons:
            return number
        self._state.lessons[number] = replace(lesson, number=number)
        return number

    def drop_lesson(self, number: int) -> None:
        self._state.lessons.pop(number, None)

    def erase_lessons(self, scope: Scope) -> None:
        self._state.lessons = {
            number: lesson for number, lesson in self._state.lessons.items() if not scope.admits(lesson.scope)
        }
