"""What a ledger promises of its rows: order, versions, deletion, erasure, and the marks that caches follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agentmem_core.errors import StoreError
from agentmem_core.model import Link, MemoryType
from agentmem_core.ports import Erased, Feature, Ledger, Listing, Partition, Record
from agentmem_core.testing.ledger_samples import NOON, a_partition, a_record, blob, edited, put


class LedgerRows:
    """Part of ``LedgerSuite``."""

    @pytest.fixture
    def part(self, ledger: Ledger) -> Partition:
        """An empty partition."""
        return a_partition(ledger)

    def test_a_row_is_given_back_as_it_was_put_in(self, ledger: Ledger, part: Partition) -> None:
        record = a_record(
            "Ana: ¿dónde? 里斯本 👋🏽",
            agent_id="planner", session_id="s1", digest=b"d" * 16, speaker="Ana", vector=blob(0.5, -0.25, 1e-30, 3e38),
            type=MemoryType.EPISODIC, metadata={"a": [1, 2.5, None, {"b": True}], "é": "ü", "": {}}, importance=0.25,
            entities=("Ana", "Lisbon"), source=("x", "y"), role="user", name="Ana", occurred_at=NOON - timedelta(days=1),
            updated_at=NOON + timedelta(microseconds=1), expires_at=NOON + timedelta(days=9), valid_from=NOON,
            valid_to=NOON + timedelta(days=8), version=1, access_count=3, last_accessed_at=NOON,
        )  # fmt: skip
        [found] = put(ledger, part, record)
        assert found.memory.scope.tenant == "acme"
        assert found.memory.scope.user_id == "ana"
        scope = record.memory.scope.model_copy(update={"tenant": "acme", "user_id": "ana"})
        assert found == replace(record.with_memory(scope=scope), row=found.row)

    def test_rows_ascend_in_the_order_given_and_say_their_partition(self, ledger: Ledger, part: Partition) -> None:
        first = put(ledger, part, *(a_record(f"text {n}") for n in range(3)))
        second = put(ledger, part, a_record("text 3"))
        rows = [record.row for record in [*first, *second]]
        assert rows == sorted(set(rows))
        assert {row >> 32 for row in rows} == {part.id}
        with ledger.reading() as reader:
            now = reader.partition("acme", "memories", "ana")
            assert now is not None
            assert now.last_row == rows[-1]
            assert [record.memory.content for record in reader.walk(part.id, Listing(10))] == [
                "text 0", "text 1", "text 2", "text 3",
            ]  # fmt: skip

    def test_an_id_stands_once_in_a_partition_and_again_in_another(self, ledger: Ledger, part: Partition) -> None:
        put(ledger, part, a_record("mine", id="same"))
        with pytest.raises(StoreError), ledger.writing() as writer:
            writer.insert(part.id, [a_record("before"), a_record("again", id="same")])
        with ledger.reading() as reader:
            assert [record.memory.content for record in reader.walk(part.id, Listing(10))] == ["mine"]
        other = a_partition(ledger, "bob")
        put(ledger, other, a_record("bob's", id="same"))
        with ledger.reading() as reader:
            mine, theirs = reader.by_id(part.id, "same"), reader.by_id(other.id, "same")
        assert mine is not None
        assert theirs is not None
        assert (mine.memory.content, theirs.memory.content) == ("mine", "bob's")

    def test_unknown_ids_digests_and_rows_are_nothing(self, ledger: Ledger, part: Partition) -> None:
        with ledger.reading() as reader:
            assert reader.by_id(part.id, "nobody") is None
            assert reader.by_id(987_654, "nobody") is None
            assert reader.by_digest(part.id, b"nothing") is None
            assert reader.by_rows([part.last_row + 5, 17]) == {}
            assert reader.vectors([part.last_row + 5]) == {}
            assert reader.features_of([part.last_row + 5], vectors=True) == []
            assert reader.versions(part.last_row + 5) == []
            assert reader.walk(987_654, Listing(5)) == []
            assert reader.changed(987_654, after=0) is None

    def test_a_deleted_row_is_found_by_id_and_by_nothing_else(self, ledger: Ledger, part: Partition) -> None:
        [record] = put(ledger, part, a_record(digest=b"digest"))
        with ledger.writing() as writer:
            writer.rewrite(replace(edited(record, "a text"), deleted_at=NOON, operation="delete"))
        with ledger.reading() as reader:
            found = reader.by_id(part.id, record.memory.id)
            assert found is not None
            assert found.deleted_at == NOON
            assert reader.by_digest(part.id, b"digest") is None
            assert reader.by_rows([record.row]) == {}
            assert reader.walk(part.id, Listing(5)) == []
            assert [row.row for row in reader.walk(part.id, Listing(5, deleted=True))] == [record.row]
            assert reader.vectors_after(part.id, after=0, limit=5) == []
            assert [feature.alive for feature in reader.features(part.id, after=0, limit=5, vectors=False)] == [False]

    def test_paging_covers_each_row_once_in_both_directions(self, ledger: Ledger, part: Partition) -> None:
        rows = [record.row for record in put(ledger, part, *(a_record(f"{n}") for n in range(10)))]
        for newest_first in (False, True):
            seen: list[int] = []
            after: int | None = None
            with ledger.reading() as reader:
                while page := reader.walk(part.id, Listing(3, after, newest_first=newest_first)):
                    seen += [record.row for record in page]
                    after = seen[-1]
            assert seen == (rows[::-1] if newest_first else rows)

    @pytest.mark.parametrize("newest_first", [False, True])
    def test_a_walk_never_leaves_its_partition_whatever_it_goes_on_after(
        self, ledger: Ledger, part: Partition, *, newest_first: bool
    ) -> None:
        """A cursor comes from outside, so ``after`` may be anything."""
        put(ledger, part, a_record("ana's"))
        middle, last = a_partition(ledger, "bob"), a_partition(ledger, "cleo")
        put(ledger, middle, a_record("bob's"))
        put(ledger, last, a_record("cleo's"))
        with ledger.reading() as reader:
            for after in (0, 1, part.last_row, middle.last_row, last.last_row + 99, 2**62):
                found = reader.walk(middle.id, Listing(10, after, newest_first=newest_first))
                assert {record.memory.content for record in found} <= {"bob's"}, after

    def test_a_walk_passes_agent_session_types_and_time(self, ledger: Ledger, part: Partition) -> None:
        put(
            ledger,
            part,
            a_record("plain"),
            a_record("of an agent", agent_id="a"),
            a_record("of a session", agent_id="a", session_id="s"),
            a_record("a turn", session_id="s", type=MemoryType.EPISODIC),
            a_record("expired", expires_at=NOON),
        )

        def contents(**wanted: Any) -> list[str]:
            with ledger.reading() as reader:
                return [row.memory.content for row in reader.walk(part.id, Listing(10, **wanted))]

        assert contents(agent_id="a") == ["of an agent", "of a session"]
        assert contents(session_id="s") == ["of a session", "a turn"]
        assert contents(agent_id="a", session_id="s") == ["of a session"]
        assert contents(types=("episodic",)) == ["a turn"]
        assert contents(types=()) == []
        assert "expired" not in contents(now=NOON)
        assert "expired" in contents(now=NOON - timedelta(microseconds=1))
        assert "expired" in contents()

    def test_a_walk_leaves_words_and_vectors_behind(self, ledger: Ledger, part: Partition) -> None:
        put(ledger, part, a_record("heavy"))
        with ledger.reading() as reader:
            [found] = reader.walk(part.id, Listing(1))
        assert (found.words, found.vector) == ("", None)

    def test_features_tell_what_a_search_needs_in_row_order(self, ledger: Ledger, part: Partition) -> None:
        [first, second] = put(
            ledger,
            part,
            a_record("One", agent_id="a", session_id="s", speaker="Ana", role="user", importance=0.75, valid_from=NOON),
            a_record("Two", vector=None, expires_at=NOON, valid_to=NOON),
        )
        at = 1_714_737_600_123_456
        one = Feature(
            row=first.row, alive=True, type="semantic", agent_id="a", session_id="s", role="user", name="Ana",
            importance=0.75, occurred_at=at, expires_at=None, valid_from=at, valid_to=None, words="one", vector=first.vector,
        )  # fmt: skip
        two = Feature(
            row=second.row, alive=True, type="semantic", agent_id=None, session_id=None, role=None, name=None,
            importance=0.5, occurred_at=at, expires_at=at, valid_from=None, valid_to=at, words="two", vector=None,
        )  # fmt: skip
        with ledger.reading() as reader:
            assert reader.features(part.id, after=0, limit=10, vectors=True) == [one, two]
            assert reader.features(part.id, after=0, limit=1, vectors=False) == [one._replace(vector=None)]
            assert reader.features(part.id, after=first.row, limit=10, vectors=True) == [two]
            assert sorted(reader.features_of([second.row, first.row], vectors=True)) == [one, two]
            assert reader.vectors([first.row, second.row]) == {first.row: first.vector}
            assert reader.vectors_after(part.id, after=0, limit=10) == [(first.row, first.vector)]
            assert reader.vectors_after(part.id, after=first.row, limit=10) == []

    def test_features_of_long_texts_may_end_early_and_go_on_where_they_ended(
        self, ledger: Ledger, part: Partition
    ) -> None:
        long = [len(word) * f"{word} " for word in ("x" * 1_100, "y" * 900, "z")]
        rows = [
            record.row for record in put(ledger, part, *(a_record(text) for text in [*long, "short", *long, "last"]))
        ]
        found: list[int] = []
        with ledger.reading() as reader:
            while more := reader.features(part.id, after=found[-1] if found else 0, limit=3, vectors=False):
                assert len(more) <= 3
                found += [feature.row for feature in more]
        assert found == rows

    def test_many_rows_can_be_asked_for_at_once(self, ledger: Ledger, part: Partition) -> None:
        rows = [record.row for record in put(ledger, part, *(a_record(f"{n}") for n in range(1_300)))]
        with ledger.reading() as reader:
            assert sorted(reader.by_rows(rows)) == rows
            assert sorted(reader.vectors(rows)) == rows
            assert sorted(feature.row for feature in reader.features_of(rows, vectors=False)) == rows
        with ledger.writing() as writer:
            assert writer.erase(part.id, rows[:1_200]).memories == 1_200

    def test_values_are_one_field_of_the_rows_past_a_row(self, ledger: Ledger, part: Partition) -> None:
        [first, second] = put(
            ledger, part, a_record("One", metadata={"k": [1]}, agent_id="a"), a_record("Two", expires_at=NOON)
        )
        expected = {
            "metadata": ({"k": [1]}, {}),
            "content": ("One", "Two"),
            "type": ("semantic", "semantic"),
            "importance": (0.5, 0.5),
            "agent_id": ("a", None),
            "expires_at": (None, NOON),
            "occurred_at": (NOON, NOON),
            "version": (1, 1),
            "id": (first.memory.id, second.memory.id),
        }
        with ledger.reading() as reader:
            for name, values in expected.items():
                both = list(zip((first.row, second.row), values, strict=True))
                assert reader.values(part.id, name, after=0) == both
                assert reader.values(part.id, name, after=first.row) == both[1:]

    def test_every_rewrite_keeps_the_former_state_as_a_version(self, ledger: Ledger, part: Partition) -> None:
        [record] = put(ledger, part, a_record("first", metadata={"n": 1}))
        second = replace(edited(record, "second", metadata={}), reason="moved")
        with ledger.writing() as writer:
            writer.rewrite(second)
        with ledger.reading() as reader:
            versions = reader.versions(record.row)
            found = reader.by_id(part.id, record.memory.id)
        assert [(item.version, item.content, item.metadata, item.operation, item.reason) for item in versions] == [
            (1, "first", {"n": 1}, "add", None),
            (2, "second", {}, "update", "moved"),
        ]
        assert [item.changed_at for item in versions] == [NOON, NOON + timedelta(minutes=1)]
        assert found is not None
        assert (found.memory.content, found.words, found.row) == ("second", "second", record.row)

    def test_a_rewrite_without_a_version_leaves_the_history_as_it_was(self, ledger: Ledger, part: Partition) -> None:
        [record] = put(ledger, part, a_record("first", digest=b"d"))
        with ledger.writing() as writer:
            writer.rewrite(replace(record, digest=None), versioned=False)
        with ledger.reading() as reader:
            assert [version.content for version in reader.versions(record.row)] == ["first"]
            assert reader.by_digest(part.id, b"d") is None

    def test_imported_rows_bring_their_history(self, ledger: Ledger, part: Partition) -> None:
        [old] = put(ledger, part, a_record("old"))
        with ledger.writing() as writer:
            writer.rewrite(edited(old, "new"))
            history = writer.versions(old.row)[:-1]
            current = writer.by_id(part.id, old.memory.id)
        assert current is not None
        copy = a_partition(ledger, "bob")
        with ledger.writing() as writer:
            rows = writer.insert(copy.id, [a_record("other"), replace(current, row=0)], [(), history])
        with ledger.reading() as reader:
            assert [version.content for version in reader.versions(rows[1])] == ["old", "new"]
            assert [version.content for version in reader.versions(rows[0])] == ["other"]

    def test_a_digest_finds_the_row_that_has_it_now(self, ledger: Ledger, part: Partition) -> None:
        [record] = put(ledger, part, a_record("first", digest=b"one"))
        with ledger.writing() as writer:
            writer.rewrite(replace(edited(record, "second"), digest=b"two"))
        with ledger.reading() as reader:
            assert reader.by_digest(part.id, b"one") is None
            found = reader.by_digest(part.id, b"two")
        assert found is not None
        assert found.row == record.row

    def test_changes_name_the_rows_that_are_not_as_they_were(self, ledger: Ledger, part: Partition) -> None:
        [one, two, three] = put(ledger, part, a_record("1"), a_record("2"), a_record("3"))
        start = self._change(ledger)
        with ledger.writing() as writer:
            writer.rewrite(edited(one, "1b"))
            writer.rewrite(edited(two, "2b"), versioned=False)
        middle = self._change(ledger)
        with ledger.writing() as writer:
            writer.rewrite(edited(two, "2c"))
            writer.erase(part.id, [three.row])
        with ledger.reading() as reader:
            assert set(reader.changed(part.id, after=start) or ()) == {one.row, two.row, three.row}
            assert set(reader.changed(part.id, after=middle) or ()) == {two.row, three.row}
            assert reader.changed(part.id, after=self._change(ledger)) == []
            assert start < middle < self._change(ledger)

    def test_adding_and_touching_are_no_changes(self, ledger: Ledger, part: Partition) -> None:
        before = self._change(ledger)
        [record] = put(ledger, part, a_record())
        with ledger.writing() as writer:
            writer.touch(
                [(record.row, 2, NOON), (record.row, 1, NOON - timedelta(days=1)), (part.last_row + 77, 1, NOON)]
            )
        assert self._change(ledger) == before
        with ledger.reading() as reader:
            found = reader.by_id(part.id, record.memory.id)
        assert found is not None
        assert (found.memory.access_count, found.memory.last_accessed_at) == (3, NOON)
        assert found.memory.updated_at == NOON

    def test_the_log_of_changes_is_whole_or_says_that_it_is_not(self, ledger: Ledger, part: Partition) -> None:
        rows = [record.row for record in put(ledger, part, *(a_record(f"{n}") for n in range(500)))]
        with ledger.writing() as writer:
            for _ in range(50):
                writer.erase(part.id, rows)
        newest = self._change(ledger)
        assert newest == 25_000
        with ledger.reading() as reader:
            told = reader.changed(part.id, after=0)
            assert told is None or sorted(told) == rows
            assert sorted(reader.changed(part.id, after=newest - 500) or ()) == rows

    def test_erased_rows_leave_nothing_and_their_numbers_are_not_given_again(
        self, ledger: Ledger, part: Partition
    ) -> None:
        [kept, gone] = put(ledger, part, a_record("kept"), a_record("gone", digest=b"d"))
        self._link(ledger, part, kept, gone)
        self._link(ledger, part, gone, kept)
        self._link(ledger, part, kept, kept)
        with ledger.writing() as writer:
            writer.rewrite(edited(gone, "gone too"))
            erased = writer.erase(part.id, [gone.row])
        assert erased == Erased(memories=1, versions=1, vectors=1, links=2)
        with ledger.reading() as reader:
            assert reader.by_id(part.id, gone.memory.id) is None
            assert reader.by_digest(part.id, b"d") is None
            assert reader.versions(gone.row) == []
            assert [feature.row for feature in reader.features(part.id, after=0, limit=9, vectors=True)] == [kept.row]
            assert len(reader.links(part.id)) == 1
        [new] = put(ledger, part, a_record("new"))
        assert new.row > gone.row

    def test_erasing_a_partition_takes_all_of_it_and_nothing_else(self, ledger: Ledger, part: Partition) -> None:
        [one, two] = put(ledger, part, a_record("1"), a_record("2", vector=None))
        self._link(ledger, part, one, two)
        other = a_partition(ledger, "bob")
        put(ledger, other, a_record("bob's"))
        with ledger.writing() as writer:
            assert writer.erase(part.id, None) == Erased(memories=2, versions=0, vectors=1, links=1)
        with ledger.reading() as reader:
            assert reader.partition("acme", "memories", "ana") is None
            assert [item.user_id for item in reader.partitions("acme")] == ["bob"]
            assert reader.walk(part.id, Listing(9)) == []
            assert len(reader.walk(other.id, Listing(9))) == 1
        anew = a_partition(ledger)
        assert anew.id not in {part.id, other.id}
        [row] = put(ledger, anew, a_record("again"))
        assert row.row not in {one.row, two.row}

    def test_a_partition_again_is_what_it_is_now(self, ledger: Ledger, part: Partition) -> None:
        with ledger.reading() as reader:
            assert reader.again(part) == part
        [record] = put(ledger, part, a_record("one"))
        with ledger.writing() as writer:
            writer.rewrite(edited(record, "two"))
        with ledger.reading() as reader:
            now = reader.again(part)
            assert now == reader.partition("acme", "memories", "ana") != part
        with ledger.writing() as writer:
            writer.erase(part.id, None)
            writer.ensure_partition("acme", "memories", "ana", part.collection.embedder)
        with ledger.reading() as reader:
            assert reader.again(part) is None

    @staticmethod
    def _change(ledger: Ledger) -> int:
        with ledger.reading() as reader:
            found = reader.partition("acme", "memories", "ana")
        assert found is not None
        return found.change

    @staticmethod
    def _link(ledger: Ledger, part: Partition, source: Record, target: Record) -> None:
        with ledger.writing() as writer:
            writer.link(
                part.id, Link(source=source.memory.id, relation="knows", target=target.memory.id, valid_from=NOON)
            )
