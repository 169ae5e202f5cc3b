"""The part of the ledger's suite about transactions that are one, and whether a partition is as it was."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from agentmem_core.errors import StoreDamagedError
from agentmem_core.ports import Ledger, Listing, Partition
from agentmem_core.testing.ledger_samples import NOON, a_partition, a_record, edited, put


class Undone(Exception):  # noqa: N818 - what a test raises, no error of anything
    """Raised in the middle, so that it is undone."""


def contents(ledger: Ledger, partition: Partition) -> list[str]:
    """What is there, in the order it came."""
    with ledger.reading() as reader:
        return [record.memory.content for record in reader.walk(partition.id, Listing(limit=100))]


class LedgerTogether:
    """``gathering`` and ``glance``."""

    def test_transactions_that_are_gathered_are_there_when_all_are(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        seen: list[list[str]] = []
        with ledger.gathering():
            with ledger.writing() as writer:
                writer.insert(part.id, [a_record("one")])
            with ledger.writing() as writer:
                assert [record.memory.content for record in writer.walk(part.id, Listing(limit=9))] == ["one"]
                writer.insert(part.id, [a_record("two")])
            looking = threading.Thread(target=lambda: seen.append(contents(ledger, part)))
            if self.reads_while_writing(ledger):
                looking.start()
                looking.join()
        assert seen in ([], [[]])
        assert contents(ledger, part) == ["one", "two"]

    def reads_while_writing(self, ledger: Ledger) -> bool:
        """Whether others can read in the middle of a transaction; where not, they wait."""
        return ledger.is_at_hand()

    def test_one_of_them_is_undone_by_itself(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with ledger.gathering():
            put(ledger, part, a_record("one"))
            with suppress(Undone), ledger.writing() as writer:
                writer.insert(part.id, [a_record("two")])
                writer.ensure_partition("acme", "memories", "bob", part.collection.embedder)
                raise Undone
            put(ledger, part, a_record("three"))
        assert contents(ledger, part) == ["one", "three"]
        with ledger.reading() as reader:
            assert reader.partition("acme", "memories", "bob") is None

    def test_none_is_there_when_the_whole_is_undone(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with suppress(Undone), ledger.gathering():
            put(ledger, part, a_record("one"))
            put(ledger, part, a_record("two"))
            raise Undone
        assert contents(ledger, part) == []
        put(ledger, part, a_record("three"))
        assert contents(ledger, part) == ["three"]

    def test_a_glance_tells_memories_until_something_changes(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        assert ledger.glance(part, []) == {}
        [record] = put(ledger, part, a_record("one"))
        assert ledger.glance(part, [record.row]) is None
        part = a_partition(ledger)
        assert ledger.glance(part, []) == {}
        assert self.told(ledger, part, [record.row, record.row + 7]) == {record.row: "one"}
        a_partition(ledger, "bob")
        with ledger.writing() as writer:
            writer.touch([(record.row, 1, NOON)])
        assert self.told(ledger, part, [record.row]) == {record.row: "one"}
        with ledger.writing() as writer:
            writer.rewrite(edited(record, "two"))
        assert ledger.glance(part, [record.row]) is None
        part = a_partition(ledger)
        assert self.told(ledger, part, [record.row]) == {record.row: "two"}
        with ledger.writing() as writer:
            writer.erase(part.id, [record.row])
        assert ledger.glance(part, []) is None
        with ledger.writing() as writer:
            writer.erase(part.id, None)
        assert ledger.glance(part, []) is None

    def test_a_glance_tells_as_a_reader_does(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        records = put(ledger, part, *[a_record(f"number {number}") for number in range(600)])
        with ledger.writing() as writer:
            writer.rewrite(replace(records[5], deleted_at=NOON))
            writer.touch([(records[7].row, 2, NOON)])
        part = a_partition(ledger)
        for count in (1, 10, 600):
            rows = [record.row for record in records[:count]]
            with ledger.reading() as reader:
                expected = reader.by_rows(rows)
            packed = ledger.glance(part, rows)
            assert packed is not None
            assert dict(zip(packed, ledger.unpack(part, packed.values()), strict=True)) == expected
        assert ledger.glance(part, [records[5].row]) == {}

    def test_all_of_a_partition_packed_are_its_living_memories(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        records = put(ledger, part, *[a_record(f"第 {number} 条", metadata={"n": [number]}) for number in range(5)])
        put(ledger, other, a_record("of bob"))
        with ledger.writing() as writer:
            writer.rewrite(replace(records[1], deleted_at=NOON))
            writer.touch([(records[2].row, 2, NOON)])
        with ledger.reading() as reader:
            packed = list(reader.packed(part.id, limit=3))
            assert [row for row, _ in packed] == [records[place].row for place in (0, 2, 3)]
            expected = reader.by_rows([row for row, _ in packed])
            assert list(reader.packed(part.id + 100, limit=3)) == []
        assert ledger.unpack(part, [one for _, one in packed]) == list(expected.values())

    def test_what_was_packed_for_another_user_is_damage(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        [record] = put(ledger, other, a_record("of bob"))
        other = a_partition(ledger, "bob")
        packed = ledger.glance(other, [record.row])
        assert packed
        with pytest.raises(StoreDamagedError):
            ledger.unpack(part, packed.values())

    def told(self, ledger: Ledger, partition: Partition, rows: list[int]) -> dict[int, str] | None:
        """What the memories of a glance say."""
        found = ledger.glance(partition, rows)
        if found is None:
            return None
        memories = ledger.unpack(partition, found.values())
        return {row: memory.content for row, memory in zip(found, memories, strict=True)}
