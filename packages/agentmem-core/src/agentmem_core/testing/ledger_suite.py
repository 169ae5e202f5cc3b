"""The conformance suite of ``Ledger``: inherit it and give it a ledger."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agentmem_core.errors import StoreClosedError
from agentmem_core.model import Link, MemoryType
from agentmem_core.ports import Fingerprint, Ledger, LedgerReader, Listing, Partition, Record
from agentmem_core.testing.ledger_appending import LedgerAppending
from agentmem_core.testing.ledger_files import LedgerFiles
from agentmem_core.testing.ledger_lessons import LedgerLessons
from agentmem_core.testing.ledger_links import LedgerLinks
from agentmem_core.testing.ledger_rows import LedgerRows
from agentmem_core.testing.ledger_samples import HASHING, NOON, a_partition, a_record, blob, edited, put
from agentmem_core.testing.ledger_together import LedgerTogether

UNKNOWN = Fingerprint("callable", "mine", None)
NEW = Fingerprint("hashing", "2", 2)


class LedgerSuite(LedgerRows, LedgerAppending, LedgerFiles, LedgerLinks, LedgerLessons, LedgerTogether):
    """What every ``Ledger`` must do.

    ::

        class TestMine(LedgerSuite):
            @pytest.fixture
            def ledger(self, tmp_path):
                with closing(MyLedger(tmp_path)) as ledger:
                    yield ledger
    """

    @pytest.fixture
    def ledger(self) -> Ledger:
        """An empty ledger, closed after the test."""
        raise NotImplementedError("override the fixture `ledger`")

    def test_a_partition_is_made_once(self, ledger: Ledger) -> None:
        with ledger.reading() as reader:
            assert reader.partition("acme", "memories", "ana") is None
            assert reader.collection("acme", "memories") is None
        made = a_partition(ledger)
        assert (made.user_id, made.collection.name, made.collection.tenant) == ("ana", "memories", "acme")
        assert made.collection.embedder == HASHING
        assert a_partition(ledger, embedder=Fingerprint("other", "m", 9)) == made
        with ledger.reading() as reader:
            assert reader.partition("acme", "memories", "ana") == made
            assert reader.collection("acme", "memories") == made.collection

    def test_partitions_are_apart_by_tenant_collection_and_user(self, ledger: Ledger) -> None:
        made = [
            a_partition(ledger, user, tenant=tenant, name=name)
            for tenant in ("acme", "zeta")
            for name in ("notes", "memories")
            for user in ("ana", "bob")
        ]
        assert len({part.id for part in made}) == 8
        assert len({part.collection.id for part in made}) == 4
        with ledger.reading() as reader:
            assert reader.partitions() == sorted(made, key=lambda part: part.id)
            assert {part.collection.tenant for part in reader.partitions("acme")} == {"acme"}
            mine = reader.partitions("acme", "ana")
            assert {(part.collection.name, part.user_id) for part in mine} == {("notes", "ana"), ("memories", "ana")}
            assert [item.name for item in reader.collections("acme")] == ["memories", "notes"]
            assert reader.collections("nobody") == []
            assert reader.partitions("acme", "nobody") == []

    def test_a_known_dimension_completes_an_unknown_one_and_stays(self, ledger: Ledger) -> None:
        assert a_partition(ledger, embedder=UNKNOWN).collection.embedder.dimension is None
        assert a_partition(ledger, embedder=replace(UNKNOWN, dimension=3)).collection.embedder.dimension == 3
        assert a_partition(ledger, embedder=replace(UNKNOWN, dimension=5)).collection.embedder.dimension == 3
        assert a_partition(ledger, "bob", embedder=UNKNOWN).collection.embedder.dimension == 3

    def test_a_transaction_that_fails_leaves_nothing(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two] = put(ledger, part, a_record("1", digest=b"1"), a_record("2"))
        before = self._everything(ledger)
        with pytest.raises(KeyError, match="stop"):
            self._write_and_fail(ledger, part, one, two)
        assert self._everything(ledger) == before
        [three] = put(ledger, part, a_record("3", digest=b"3"))
        assert three.row > two.row

    def test_a_failed_erasure_of_a_partition_leaves_it(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        put(ledger, part, a_record("1"))
        before = self._everything(ledger)
        with pytest.raises(KeyError, match="stop"):
            self._erase_and_fail(ledger, part)
        assert self._everything(ledger) == before

    def test_a_transaction_sees_what_it_has_written(self, ledger: Ledger) -> None:
        with ledger.writing() as writer:
            part = writer.ensure_partition("acme", "memories", "ana", HASHING)
            [row] = writer.insert(part.id, [a_record("mine", id="x", digest=b"d")])
            assert writer.by_id(part.id, "x") is not None
            assert writer.by_digest(part.id, b"d") is not None
            assert [record.row for record in writer.walk(part.id, Listing(5))] == [row]
            writer.set_setting("k", "v")
            assert writer.setting("k") == "v"

    def test_others_see_a_transaction_whole_or_not_at_all(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        ended = threading.Event()
        seen: list[tuple[int, bool]] = []

        def look() -> None:
            with ledger.reading() as reader:
                count = len(reader.walk(part.id, Listing(10)))
            seen.append((count, ended.is_set()))

        with ledger.writing() as writer:
            writer.insert(part.id, [a_record("1")])
            thread = threading.Thread(target=look)
            thread.start()
            thread.join(0.1)
            writer.insert(part.id, [a_record("2")])
            ended.set()
        thread.join(10)
        look()
        assert seen[0] in {(0, False), (2, True), (0, True)}
        assert seen[-1] == (2, True)

    def test_a_view_does_not_move_while_it_is_read(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        put(ledger, part, a_record("1"))
        writing = threading.Thread(target=lambda: put(ledger, part, a_record("2")))
        with ledger.reading() as reader:
            first = len(reader.walk(part.id, Listing(10)))
            writing.start()
            writing.join(0.1)
            assert len(reader.walk(part.id, Listing(10))) == first
        writing.join(10)
        with ledger.reading() as reader:
            assert len(reader.walk(part.id, Listing(10))) == 2

    def test_many_threads_lose_nothing(self, ledger: Ledger) -> None:
        part = a_partition(ledger)

        def add(number: int) -> None:
            for turn in range(10):
                put(ledger, part, a_record(f"{number}.{turn}"))

        threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with ledger.reading() as reader:
            contents = [record.memory.content for record in reader.walk(part.id, Listing(100))]
        assert sorted(contents) == sorted(f"{number}.{turn}" for number in range(6) for turn in range(10))

    def test_what_was_read_can_be_changed_without_changing_the_ledger(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [record] = put(ledger, part, a_record("1", metadata={"tags": ["a"]}))
        record.memory.metadata["tags"].append("b")
        with ledger.reading() as reader:
            found = reader.by_id(part.id, record.memory.id)
            assert reader.values(part.id, "metadata", after=0) == [(record.row, {"tags": ["a"]})]
        assert found is not None
        assert found.memory.metadata == {"tags": ["a"]}

    def test_links_are_found_from_both_ends_and_by_relation(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        links = [
            Link(source="a", relation="knows", target="b", valid_from=NOON),
            Link(source="b", relation="likes", target="c", weight=0.5, metadata={"why": ["x"]}, valid_from=NOON,
                 valid_to=NOON + timedelta(days=1)),
            Link(source="c", relation="knows", target="d", valid_from=NOON + timedelta(days=1)),
        ]  # fmt: skip
        with ledger.writing() as writer:
            for link in reversed(links):
                writer.link(part.id, link)
        with ledger.reading() as reader:
            assert reader.links(part.id) == links
            assert reader.links(part.id, memory_id="b") == links[:2]
            assert reader.links(part.id, memory_id="b", relation="likes") == links[1:2]
            assert reader.links(part.id, relation="knows") == [links[0], links[2]]
            assert reader.links(part.id, memory_id="z") == []
            assert reader.links(other.id) == []

    def test_the_same_link_again_takes_the_place_of_the_first(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        link = Link(source="a", relation="knows", target="b", valid_from=NOON)
        stronger = link.model_copy(update={"weight": 2.0, "valid_to": NOON + timedelta(days=1)})
        with ledger.writing() as writer:
            writer.link(part.id, link)
            writer.link(part.id, stronger)
        with ledger.reading() as reader:
            assert reader.links(part.id) == [stronger]

    def test_a_tally_counts_what_agent_and_session_admit(self, ledger: Ledger) -> None:
        """A link belongs to the memory it comes from."""
        part = a_partition(ledger)
        turn: dict[str, Any] = {"type": MemoryType.EPISODIC, "role": "user"}
        [fact, first, _, gone, _] = put(
            ledger,
            part,
            a_record("fact"),
            a_record("turn", agent_id="a", session_id="s1", **turn),
            a_record("turn", agent_id="a", session_id="s2", **turn),
            a_record("deleted", session_id="s1"),
            a_record("expired", expires_at=NOON),
        )
        with ledger.writing() as writer:
            writer.rewrite(replace(gone, deleted_at=NOON))
            for source, target in ((fact, first), (first, fact), (first, gone)):
                writer.link(
                    part.id, Link(source=source.memory.id, relation="r", target=target.memory.id, valid_from=NOON)
                )
        with ledger.reading() as reader:
            every = reader.tally(part.id, None, None, NOON)
            session = reader.tally(part.id, "a", "s1", NOON)
        assert (every.memories, every.deleted, every.links, every.sessions) == (3, 1, 3, 2)
        assert every.by_type == {"semantic": 1, "episodic": 2}
        assert (session.memories, session.deleted, session.links, session.sessions) == (1, 0, 2, 1)
        assert session.by_type == {"episodic": 1}

    def test_the_trash_of_a_tenant_is_listed_by_partition(self, ledger: Ledger) -> None:
        mine, other, foreign = a_partition(ledger), a_partition(ledger, "bob"), a_partition(ledger, tenant="zeta")
        dead = [put(ledger, part, a_record("1", deleted_at=NOON), a_record("2"))[0] for part in (mine, other, foreign)]
        with ledger.writing() as writer:
            assert dict(writer.trash("acme")) == {mine.id: [dead[0].row], other.id: [dead[1].row]}
            assert writer.trash("nobody") == []

    def test_staged_vectors_are_seen_once_they_are_adopted(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two, bare] = put(ledger, part, a_record("1", speaker="Ana"), a_record("2"), a_record("3", vector=None))
        collection = part.collection.id
        with ledger.writing() as writer:
            assert writer.embedded(collection) == 2
            assert writer.unstaged(collection, after=0, limit=9) == [(one.row, "1", "Ana"), (two.row, "2", None)]
            assert [row for row, *_ in writer.unstaged(collection, after=one.row, limit=9)] == [two.row]
            assert [row for row, *_ in writer.unstaged(collection, after=0, limit=1)] == [one.row]
            writer.stage([(one.row, blob(9.0, 9.0)), (one.row, blob(0.0, 1.0))])
            assert [row for row, *_ in writer.unstaged(collection, after=0, limit=9)] == [two.row]
            assert writer.staged(collection) == 1
        with ledger.writing() as writer:
            assert writer.staged(collection) == 1, "what is kept aside outlives its transaction"
            assert writer.vectors([one.row]) == {one.row: one.vector}
            writer.stage([(two.row, blob(1.0, 0.0))])
            writer.adopt(collection, NEW)
            assert writer.staged(collection) == 0
        with ledger.reading() as reader:
            assert reader.vectors([one.row, two.row, bare.row]) == {one.row: blob(0.0, 1.0), two.row: blob(1.0, 0.0)}
            now = reader.collection("acme", "memories")
        assert now is not None
        assert now.embedder == NEW
        assert now.generation != part.collection.generation

    def test_adopting_in_one_collection_leaves_what_is_staged_for_another(self, ledger: Ledger) -> None:
        """Two tenants may change their embedders at the same time."""
        mine, theirs = a_partition(ledger), a_partition(ledger, tenant="zeta")
        [one], [two] = put(ledger, mine, a_record("1")), put(ledger, theirs, a_record("2"))
        with ledger.writing() as writer:
            writer.stage([(one.row, blob(0.0, 1.0)), (two.row, blob(1.0, 0.0))])
            writer.adopt(mine.collection.id, NEW)
        with ledger.reading() as reader:
            assert reader.vectors([one.row, two.row]) == {one.row: blob(0.0, 1.0), two.row: two.vector}
            other = reader.collection("zeta", "memories")
        assert other == theirs.collection

    def test_what_is_staged_is_counted_and_thrown_away_by_collection(self, ledger: Ledger) -> None:
        mine, theirs = a_partition(ledger), a_partition(ledger, tenant="zeta")
        [one], [two] = put(ledger, mine, a_record("1")), put(ledger, theirs, a_record("2"))
        with ledger.writing() as writer:
            writer.stage([(one.row, blob(0.0, 1.0)), (two.row, blob(1.0, 0.0))])
            assert (writer.staged(mine.collection.id), writer.staged(theirs.collection.id)) == (1, 1)
            writer.unstage(mine.collection.id)
            assert (writer.staged(mine.collection.id), writer.staged(theirs.collection.id)) == (0, 1)
            assert len(writer.unstaged(mine.collection.id, after=0, limit=9)) == 1

    def test_a_vector_remembers_that_it_was_given_until_it_is_made_anew(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two] = put(ledger, part, replace(a_record("1"), given=True), a_record("2"))
        assert (one.given, two.given) == (True, False)
        with ledger.writing() as writer:
            writer.rewrite(replace(edited(two, "2b"), given=True))
            assert set(writer.vectors([one.row, two.row], given=True)) == {one.row, two.row}
            writer.rewrite(replace(edited(two, "2c", later=2), given=False))
            assert set(writer.vectors([one.row, two.row], given=True)) == {one.row}
            assert set(writer.vectors([one.row, two.row])) == {one.row, two.row}
            writer.stage([(one.row, blob(0.0, 1.0)), (two.row, blob(1.0, 0.0))])
            writer.adopt(part.collection.id, NEW)
            assert writer.vectors([one.row, two.row], given=True) == {}

    def test_a_row_that_changes_needs_its_new_vector_again(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two] = put(ledger, part, a_record("1"), a_record("2"))
        with ledger.writing() as writer:
            writer.stage([(one.row, blob(0.0, 1.0)), (two.row, blob(0.0, 1.0))])
            writer.rewrite(edited(one, "another text"))
            writer.erase(part.id, [two.row])
            assert writer.unstaged(part.collection.id, after=0, limit=9) == [(one.row, "another text", None)]
            assert writer.staged(part.collection.id) == 0

    def test_what_is_staged_can_be_thrown_away(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one] = put(ledger, part, a_record("1"))
        with ledger.writing() as writer:
            writer.stage([(one.row, blob(0.0, 1.0))])
            writer.unstage(part.collection.id)
            assert writer.staged(part.collection.id) == 0
            assert len(writer.unstaged(part.collection.id, after=0, limit=9)) == 1

    def test_settings_are_kept_replaced_and_removed(self, ledger: Ledger) -> None:
        for value in ("one", "two", None, None):
            with ledger.writing() as writer:
                writer.set_setting("k", value)
            with ledger.reading() as reader:
                assert reader.setting("k") == value

    def test_upkeep_changes_nothing_that_is_stored(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, _] = put(ledger, part, a_record("1"), a_record("2"))
        with ledger.writing() as writer:
            writer.erase(part.id, [one.row])
        before = self._everything(ledger)
        assert ledger.scrub() is True
        ledger.compact()
        assert ledger.check() == ""
        assert ledger.size() >= 0
        assert self._everything(ledger) == before

    def test_a_closed_ledger_says_so(self, ledger: Ledger) -> None:
        ledger.close()
        ledger.close()
        with pytest.raises(StoreClosedError), ledger.reading():
            pass
        with pytest.raises(StoreClosedError), ledger.writing():
            pass
        with pytest.raises(StoreClosedError):
            ledger.check()

    @staticmethod
    def _write_and_fail(ledger: Ledger, part: Partition, one: Record, two: Record) -> None:
        """A transaction that does everything a transaction can, and raises in the end."""
        with ledger.writing() as writer:
            writer.ensure_partition("zeta", "notes", "bob", UNKNOWN)
            writer.insert(part.id, [a_record("3")])
            writer.rewrite(replace(edited(one, "changed"), digest=None))
            writer.touch([(two.row, 5, NOON)])
            writer.link(part.id, Link(source="a", relation="r", target="b", valid_from=NOON))
            writer.erase(part.id, [two.row])
            writer.stage([(one.row, blob(1.0, 1.0))])
            writer.adopt(part.collection.id, NEW)
            writer.set_setting("k", "v")
            raise KeyError("stop")

    @staticmethod
    def _erase_and_fail(ledger: Ledger, part: Partition) -> None:
        with ledger.writing() as writer:
            writer.erase(part.id, None)
            raise KeyError("stop")

    @staticmethod
    def _everything(ledger: Ledger) -> list[object]:
        """All that can be read, to be compared."""
        with ledger.reading() as reader:
            return [_content_of(reader, part) for part in reader.partitions()]


def _content_of(reader: LedgerReader, part: Partition) -> object:
    rows = [feature.row for feature in reader.features(part.id, after=0, limit=1_000, vectors=False)]
    return (
        part,
        reader.features(part.id, after=0, limit=1_000, vectors=True),
        reader.walk(part.id, Listing(1_000)),
        reader.walk(part.id, Listing(1_000, deleted=True)),
        [reader.versions(row) for row in rows],
        reader.links(part.id),
        reader.setting("k"),
        reader.embedded(part.collection.id),
    )
