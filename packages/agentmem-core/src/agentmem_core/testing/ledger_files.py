"""The part of the ledger's suite about what hangs on rows beside their content: files, history, the audit."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from agentmem_core.model import AuditEntry, Scope
from agentmem_core.ports import Ledger, Partition
from agentmem_core.testing.ledger_samples import NOON, a_partition, a_record, edited, put

ONE, TWO = "1" * 64, "2" * 64
ANA = Scope(tenant="acme", user_id="ana")


def attach(ledger: Ledger, *pairs: tuple[int, str]) -> None:
    """Let rows hold files, in one transaction."""
    with ledger.writing() as writer:
        for row, digest in pairs:
            writer.attach(row, digest)


def held(ledger: Ledger, partition: Partition) -> list[tuple[int, str]]:
    """What the rows of a partition hold."""
    with ledger.reading() as reader:
        return reader.attachments(partition.id)


def said(ledger: Ledger, scope: Scope = ANA, *, after: int = 0, limit: int = 100) -> list[str]:
    """The subjects of the audit in a scope."""
    with ledger.reading() as reader:
        return [entry.subject for entry in reader.audit(scope, after=after, limit=limit)]


def entry(
    subject: str,
    scope: Scope = ANA,
    *,
    operation: str = "test.done",
    target: str | None = None,
    reason: str | None = None,
) -> AuditEntry:
    """Something that was done at noon."""
    return AuditEntry(at=NOON, operation=operation, scope=scope, subject=subject, target=target, reason=reason)


class LedgerFiles:
    """Attachments, rewritten history and the audit."""

    def test_a_row_holds_a_file_once(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        one, two = put(ledger, part, a_record("one"), a_record("two"))
        attach(ledger, (two.row, ONE), (one.row, TWO), (one.row, TWO))
        assert held(ledger, part) == [(one.row, TWO), (two.row, ONE)]
        with ledger.reading() as reader:
            assert reader.attachments(part.id, [two.row]) == [(two.row, ONE)]
            assert reader.attachments(part.id, []) == []
            assert reader.attached([ONE, TWO, "3" * 64]) == {ONE, TWO}
            assert reader.attached([]) == set()

    def test_a_partition_shows_its_own_files_only(self, ledger: Ledger) -> None:
        ana, ben = a_partition(ledger), a_partition(ledger, "ben")
        (mine,), (his,) = put(ledger, ana, a_record("mine")), put(ledger, ben, a_record("his"))
        attach(ledger, (mine.row, ONE), (his.row, ONE))
        assert held(ledger, ana) == [(mine.row, ONE)]
        assert held(ledger, ben) == [(his.row, ONE)]

    def test_erasing_rows_ends_their_hold_and_says_of_what(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        one, two = put(ledger, part, a_record("one"), a_record("two"))
        attach(ledger, (one.row, ONE), (two.row, ONE), (two.row, TWO))
        with ledger.writing() as writer:
            assert writer.erase(part.id, [one.row]).digests == {ONE}
            assert writer.attached([ONE, TWO]) == {ONE, TWO}
        with ledger.writing() as writer:
            assert writer.erase(part.id, None).digests == {ONE, TWO}
        with ledger.reading() as reader:
            assert reader.attached([ONE, TWO]) == set()

    def test_a_row_in_the_trash_still_holds_its_file(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        (gone,) = put(ledger, part, a_record("gone", deleted_at=NOON))
        attach(ledger, (gone.row, ONE))
        assert held(ledger, part) == [(gone.row, ONE)]

    def test_a_failed_transaction_attaches_and_writes_down_nothing(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        (one,) = put(ledger, part, a_record("one"))
        with suppress(RuntimeError), ledger.writing() as writer:
            writer.attach(one.row, ONE)
            writer.append_audit(entry("never"))
            raise RuntimeError
        assert held(ledger, part) == []
        assert said(ledger) == []

    def test_earlier_versions_are_rewritten_and_the_current_one_is_not(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        (first,) = put(ledger, part, a_record("one", metadata={"key": "old"}))
        with ledger.writing() as writer:
            writer.rewrite(edited(first, "two", metadata={"key": "newer"}))
        with ledger.writing() as writer:
            before = writer.versions(first.row)
            writer.rewrite_history(first.row, [before[0].model_copy(update={"metadata": {"key": "new"}})])
        with ledger.reading() as reader:
            after = reader.versions(first.row)
        assert [version.metadata for version in after] == [{"key": "new"}, {"key": "newer"}]
        assert after[0].model_copy(update={"metadata": before[0].metadata}) == before[0]
        assert after[1] == before[1]

    def test_the_audit_tells_what_was_written_in_order(self, ledger: Ledger) -> None:
        agent = ANA.model_copy(update={"agent_id": "a", "session_id": "s"})
        with ledger.writing() as writer:
            writer.append_audit(entry("one", reason="because 因为", target="x"))
            writer.append_audit(
                entry("two", agent).model_copy(update={"details": {"n": [1]}, "at": NOON + timedelta(1)})
            )
        with ledger.reading() as reader:
            one, two = reader.audit(ANA)
        assert one == entry("one", reason="because 因为", target="x").model_copy(update={"number": one.number})
        assert (two.scope, two.details, two.at) == (agent, {"n": [1]}, NOON + timedelta(1))
        assert 0 < one.number < two.number
        assert said(ledger, limit=1) == ["one"]
        assert said(ledger, after=one.number) == ["two"]
        assert said(ledger, agent) == ["two"]
        assert said(ledger, ANA.model_copy(update={"agent_id": "b"})) == []

    def test_the_audit_of_others_is_not_told(self, ledger: Ledger) -> None:
        with ledger.writing() as writer:
            writer.append_audit(entry("mine"))
            writer.append_audit(entry("his", Scope(tenant="acme", user_id="ben")))
            writer.append_audit(entry("theirs", Scope(tenant="other", user_id="ana")))
            writer.append_audit(entry("else", operation="test.else"))
        assert said(ledger) == ["mine", "else"]
        with ledger.reading() as reader:
            assert [item.subject for item in reader.audit(ANA, operation="test.else")] == ["else"]

    def test_the_audit_is_erased_by_scope_or_by_what_it_is_about(self, ledger: Ledger) -> None:
        agent = ANA.model_copy(update={"agent_id": "a"})
        ben = Scope(tenant="acme", user_id="ben")
        with ledger.writing() as writer:
            for subject, scope, target in (("1", ANA, "x"), ("2", ANA, "y"), ("3", agent, "z"), ("4", ben, "x")):
                writer.append_audit(entry(subject, scope, target=target))
        with ledger.writing() as writer:
            writer.erase_audit(ANA, ["x", "unknown"])
        assert said(ledger) == ["2", "3"]
        with ledger.writing() as writer:
            writer.erase_audit(agent)
        assert said(ledger) == ["2"]
        with ledger.writing() as writer:
            writer.erase_audit(ANA)
            writer.append_audit(entry("5"))
        assert said(ledger) == ["5"]
        assert said(ledger, ben) == ["4"]
