"""Every ledger keeps the promises of the port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentmem_core.ports import Ledger
from agentmem_core.storage import sqlite
from agentmem_core.storage.sqlite import SqliteLedger
from agentmem_core.testing import LedgerSuite, MemoryLedger
from agentmem_core.testing.ledger_samples import a_partition, a_record, put


class _Bounded(LedgerSuite):
    def test_the_log_of_changes_does_not_grow_without_bound(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        rows = [record.row for record in put(ledger, part, *(a_record(f"{n}") for n in range(500)))]
        with ledger.writing() as writer:
            for _ in range(50):
                writer.erase(part.id, rows)
        with ledger.reading() as reader:
            assert reader.changed(part.id, after=0) is None


class TestSqliteInAFolder(_Bounded):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[SqliteLedger]:
        with closing(SqliteLedger(tmp_path, durability="normal")) as ledger:
            yield ledger

    def test_what_was_committed_is_there_after_opening_again(self, ledger: SqliteLedger, tmp_path: Path) -> None:
        part = a_partition(ledger)
        before = put(ledger, part, a_record("1", metadata={"a": 1}), a_record("2"))
        ledger.close()
        with closing(SqliteLedger(tmp_path)) as again, again.reading() as reader:
            assert [reader.by_id(part.id, record.memory.id) for record in before] == before

    def test_two_ledgers_on_one_folder_see_each_other(self, ledger: SqliteLedger, tmp_path: Path) -> None:
        with closing(SqliteLedger(tmp_path)) as other:
            part = a_partition(other)
            [record] = put(other, part, a_record("theirs"))
            with ledger.reading() as reader:
                assert reader.by_id(part.id, record.memory.id) == record


class TestSqliteInMemory(_Bounded):
    @pytest.fixture
    def ledger(self) -> Iterator[SqliteLedger]:
        with closing(SqliteLedger(None)) as ledger:
            yield ledger


class TestMemoryLedger(_Bounded):
    @pytest.fixture
    def ledger(self) -> MemoryLedger:
        return MemoryLedger()


def test_no_statement_numbers_its_values():
    """Python 3.12.0 to 3.12.3 takes ``?1`` for a name, and warns; no other version tells."""
    sources = [path.read_text(encoding="utf-8") for path in Path(sqlite.__file__).parent.glob("*.py")]
    assert any("= ?" in source for source in sources)
    assert not [line for source in sources for line in source.splitlines() if re.search(r"[ (]\?\d", line)]
