"""What a ledger promises of a row that is put behind those of a partition that was seen before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentmem_core.ports import Fingerprint, Ledger, Listing, Partition, Record
from agentmem_core.testing.ledger_samples import HASHING, NOON, a_partition, a_record, edited, put


class LedgerAppending:
    """Part of ``LedgerSuite``."""

    def test_an_appended_row_is_like_an_inserted_one(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        record = a_record(
            "里斯本", digest=b"d", session_id="s", metadata={"a": [1]}, access_count=2, last_accessed_at=NOON
        )
        put(ledger, other, record)
        with ledger.writing() as writer:
            after = writer.append(part, record)
            mine, theirs = writer.by_id(part.id, record.memory.id), writer.by_id(other.id, record.memory.id)
        assert after == _now(ledger, part) == replace(part, last_row=part.last_row + 1)
        assert mine is not None
        assert theirs is not None
        scope = mine.memory.scope
        assert mine == replace(theirs.with_memory(scope=scope), row=part.last_row + 1)

    def test_appending_follows_what_others_have_done_since(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two] = put(ledger, part, a_record("one"), a_record("two"))
        with ledger.writing() as writer:
            writer.rewrite(edited(one, "another"))
            writer.erase(part.id, [two.row])
        with ledger.writing() as writer:
            after = writer.append(part, a_record("three"))
        assert after == _now(ledger, part)
        assert after is not None
        assert (after.last_row, after.epoch) == (two.row + 1, part.epoch + 1)

    @pytest.mark.parametrize("again", ["id", "digest"])
    def test_what_stands_already_is_not_appended(self, ledger: Ledger, again: str) -> None:
        part = a_partition(ledger)
        [one] = put(ledger, part, a_record("one", digest=b"d"))
        second = a_record("two", id=one.memory.id) if again == "id" else a_record("two", digest=b"d")
        before = _now(ledger, part)
        with ledger.writing() as writer:
            assert writer.append(part, second) is None
            [row] = writer.insert(part.id, [a_record("three")])
        assert row == one.row + 1
        assert before is not None
        assert _now(ledger, part) == replace(before, last_row=row)
        assert _contents(ledger, part) == ["one", "three"]

    def test_nothing_is_appended_to_what_is_gone_or_another(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        with ledger.writing() as writer:
            writer.erase(other.id, None)
            assert writer.append(other, a_record("bob's")) is None
            assert writer.partition("acme", "memories", "bob") is None
            writer.adopt(part.collection.id, Fingerprint("other", "m", HASHING.dimension))
            assert writer.append(part, a_record("ana's")) is None
        assert _contents(ledger, part) == []

    @pytest.mark.parametrize(
        "taker", [("acme", "memories", "bob"), ("zen", "memories", "ana"), ("acme", "notes", "ana")]
    )
    def test_what_was_undone_is_not_mistaken_for_what_came_after(
        self, ledger: Ledger, taker: tuple[str, str, str]
    ) -> None:
        undone: list[Partition] = []
        with pytest.raises(KeyError, match="stop"):
            _make_and_fail(ledger, undone)
        with ledger.writing() as writer:
            writer.insert(writer.ensure_partition(*taker, HASHING).id, [a_record("theirs")])
            assert writer.append(undone[0], a_record("mine")) is None
            assert writer.again(undone[0]) is None
        assert not ledger.glance(undone[0], [undone[0].last_row])

    def test_an_appended_row_goes_with_its_transaction(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with pytest.raises(KeyError, match="stop"):
            _append_and_fail(ledger, part, a_record("one", digest=b"d"))
        assert _now(ledger, part) == part
        assert _contents(ledger, part) == []


def _make_and_fail(ledger: Ledger, made: list[Partition]) -> None:
    with ledger.writing() as writer:
        part = writer.ensure_partition("acme", "memories", "ana", HASHING)
        writer.insert(part.id, [a_record("undone")])
        made.extend(filter(None, [writer.again(part)]))
        raise KeyError("stop")


def _append_and_fail(ledger: Ledger, part: Partition, record: Record) -> None:
    with ledger.writing() as writer:
        writer.append(part, record)
        raise KeyError("stop")


def _now(ledger: Ledger, part: Partition) -> Partition | None:
    with ledger.reading() as reader:
        return reader.again(part)


def _contents(ledger: Ledger, part: Partition) -> list[str]:
    with ledger.reading() as reader:
        return [record.memory.content for record in reader.walk(part.id, Listing(10))]
