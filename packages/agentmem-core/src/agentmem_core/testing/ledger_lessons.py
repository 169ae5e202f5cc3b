"""The part of the ledger's suite about learning: what was learnt from, and what waits to be."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from agentmem_core.model import Scope
from agentmem_core.ports import Ledger, Lesson
from agentmem_core.testing.ledger_samples import NOON, a_partition, a_record, put

ANA = Scope(tenant="acme", user_id="ana", agent_id="travel", session_id="会话")
BEN = Scope(tenant="acme", user_id="ben")
HOUR = timedelta(hours=1)


def a_lesson(scope: Scope = ANA, *turns: str, due: timedelta = timedelta(0)) -> Lesson:
    """Turns that wait since noon."""
    return Lesson(scope, turns or ("one", "two"), queued_at=NOON, due_at=NOON + due)


def queue(ledger: Ledger, *lessons: Lesson) -> list[int]:
    """Lessons put into a ledger in one transaction; their numbers."""
    with ledger.writing() as writer:
        return [writer.put_lesson(lesson) for lesson in lessons]


def due(ledger: Ledger, after: timedelta = timedelta(0)) -> int | None:
    """The number of the lesson to be taken so long after noon."""
    with ledger.reading() as reader:
        found = reader.due_lesson("acme", NOON + after)
    return None if found is None else found.number


class LedgerLessons:
    """Rows that were learnt from, and the queue."""

    def test_rows_that_were_learnt_from_are_known_until_they_are_erased(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        one, two, three = put(ledger, part, a_record("one"), a_record("two"), a_record("three"))
        rows = [one.row, two.row, three.row]
        with ledger.writing() as writer:
            writer.mark_learnt([one.row, two.row])
            writer.mark_learnt([two.row])
        with ledger.reading() as reader:
            assert reader.learnt(rows) == {one.row, two.row}
            assert reader.learnt([]) == set()
        with ledger.writing() as writer:
            writer.erase(part.id, [one.row])
            assert writer.learnt(rows) == {two.row}
            writer.erase(part.id, None)
        with ledger.reading() as reader:
            assert reader.learnt(rows) == set()

    def test_a_lesson_is_kept_as_it_is_and_changed_by_its_number(self, ledger: Ledger) -> None:
        [number] = queue(ledger, a_lesson())
        with ledger.reading() as reader:
            lesson = reader.lesson(number)
        assert lesson is not None
        assert lesson == replace(a_lesson(), number=number)
        changed = replace(lesson, attempts=2, holder="me", failed=True, error="因为", due_at=NOON + HOUR)
        assert queue(ledger, changed) == [number]
        with ledger.reading() as reader:
            assert reader.lessons() == [changed]
            assert reader.lesson(number + 1) is None

    def test_a_lesson_that_is_dropped_is_gone_and_its_number_is_not_given_again(self, ledger: Ledger) -> None:
        [number] = queue(ledger, a_lesson())
        with ledger.writing() as writer:
            writer.drop_lesson(number)
            writer.drop_lesson(number)
        with ledger.reading() as reader:
            assert reader.lessons() == []
        assert queue(ledger, a_lesson()) > [number]

    def test_the_oldest_lesson_of_a_user_is_taken_first(self, ledger: Ledger) -> None:
        first, second, third = queue(ledger, a_lesson(due=HOUR), a_lesson(), a_lesson(BEN))
        assert due(ledger) == third
        assert due(ledger, HOUR) == first
        with ledger.writing() as writer:
            writer.drop_lesson(first)
        assert due(ledger) == second

    def test_a_lesson_that_has_failed_holds_nobody_up(self, ledger: Ledger) -> None:
        [first, second] = queue(ledger, a_lesson(), a_lesson())
        queue(ledger, replace(a_lesson(), number=first, failed=True))
        assert due(ledger) == second
        with ledger.reading() as reader:
            assert reader.waiting_lessons("acme") == (1, 1)
            assert reader.waiting_lessons("other") == (0, 0)
            assert reader.due_lesson("other", NOON) is None

    def test_lessons_are_told_by_tenant_and_user(self, ledger: Ledger) -> None:
        numbers = queue(ledger, a_lesson(), a_lesson(BEN), a_lesson(Scope(tenant="other", user_id="ana")))
        with ledger.reading() as reader:
            assert [item.number for item in reader.lessons("acme")] == numbers[:2]
            assert [item.number for item in reader.lessons("acme", "ana")] == numbers[:1]
            assert [item.number for item in reader.lessons(limit=2)] == numbers[:2]
            assert [item.number for item in reader.lessons(after=numbers[0])] == numbers[1:]

    def test_lessons_are_told_by_their_state_and_counted(self, ledger: Ledger) -> None:
        held, failed, later, _, foreign = queue(
            ledger,
            replace(a_lesson(due=HOUR), holder="me"),
            replace(a_lesson(), failed=True),
            a_lesson(due=HOUR),
            a_lesson(),
            replace(a_lesson(BEN), failed=True, holder="you", due_at=NOON + HOUR),
        )
        with ledger.reading() as reader:
            assert [item.number for item in reader.lessons("acme", holder="me")] == [held]
            assert [item.number for item in reader.lessons("acme", failed=True)] == [failed, foreign]
            assert failed not in [item.number for item in reader.lessons("acme", "ana", failed=False)]
            assert reader.waiting_lessons("acme") == (3, 2)
            assert reader.waiting_lessons("acme", "ben") == (0, 1)
            assert reader.deferred_lessons("acme", until=NOON) == 1, "only that which nobody holds"
            assert reader.deferred_lessons("acme", "ana", until=NOON) == 1
            assert reader.deferred_lessons("acme", "ben", until=NOON) == 0
            assert reader.deferred_lessons("acme", until=NOON + HOUR) == 0
            assert reader.lesson(later) is not None

    def test_lessons_are_erased_by_scope(self, ledger: Ledger) -> None:
        numbers = queue(ledger, a_lesson(), a_lesson(Scope(tenant="acme", user_id="ana")), a_lesson(BEN))
        with ledger.writing() as writer:
            writer.erase_lessons(Scope(tenant="acme", user_id="ana", session_id="会话"))
        with ledger.reading() as reader:
            assert [item.number for item in reader.lessons()] == numbers[1:]
        with ledger.writing() as writer:
            writer.erase_lessons(Scope(tenant="acme", user_id="ana"))
        with ledger.reading() as reader:
            assert [item.number for item in reader.lessons()] == numbers[2:]

    def test_a_transaction_that_fails_queues_nothing(self, ledger: Ledger) -> None:
        with suppress(KeyError), ledger.writing() as writer:
            writer.put_lesson(a_lesson())
            writer.mark_learnt([1])
            raise KeyError("stop")
        with ledger.reading() as reader:
            assert (reader.lessons(), reader.learnt([1])) == ([], set())
