"""What a ledger promises of links that stand for facts, and of the columns that agents ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agentmem_core.model import Link, MemoryType
from agentmem_core.ports import Ledger, Listing
from agentmem_core.testing.ledger_samples import NOON, a_partition, a_record, edited, put


def _fact(fact: str | None, *, target: str = "entity:lisbon", later: int = 0) -> Link:
    begins = NOON + timedelta(days=later)
    return Link(source="entity:ana", relation="lives in", target=target, valid_from=begins, fact=fact)


class LedgerLinks:
    """Part of ``LedgerSuite``."""

    def test_a_link_keeps_the_fact_it_stands_for(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        links = [_fact("f1"), _fact(None, later=1), _fact("f2", target="entity:里斯本")]
        with ledger.writing() as writer:
            for link in links:
                writer.link(part.id, link)
        with ledger.reading() as reader:
            found = reader.links(part.id, memory_id="entity:ana")
            assert sorted(found, key=str) == sorted(links, key=str)
            assert reader.links(part.id, memory_id="entity:里斯本") == [links[2]]
            assert reader.links(part.id, memory_id="f1") == [], "a fact is no end of its link"

    def test_links_are_found_by_an_end_and_their_relation(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with ledger.writing() as writer:
            for source, relation, target in (("a", "r", "b"), ("a", "s", "c"), ("b", "r", "a"), ("c", "t", "b")):
                writer.link(part.id, Link(source=source, relation=relation, target=target, valid_from=NOON))
        with ledger.reading() as reader:
            ends = [(link.source, link.target) for link in reader.links(part.id, memory_id="a", relation="r")]
            assert ends == [("a", "b"), ("b", "a")]
            assert len(reader.links(part.id, memory_id="b")) == 3
            assert len(reader.links(part.id, relation="t")) == 1
            assert reader.relations(part.id, "a") == ["r", "s"]
            assert reader.relations(part.id, "d") == []
            assert reader.relations(part.id + 1, "a") == []

    def test_links_are_found_by_all_that_is_given(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        ended, holds, lisbon = _fact("f1"), _fact("f2", later=2), _fact("f3", target="entity:里斯本", later=1)
        ended = ended.model_copy(update={"valid_to": NOON + timedelta(days=1)})
        between = Link(source="entity:lisbon", relation="near", target="entity:ana", valid_from=NOON)
        with ledger.writing() as writer:
            for link in (holds, lisbon, ended, between):
                writer.link(part.id, link)
            writer.link(other.id, _fact("f1"))
        with ledger.reading() as reader:
            assert reader.links(part.id, source="entity:ana") == [ended, lisbon, holds]
            assert reader.links(part.id, target="entity:ana") == [between]
            assert reader.links(part.id, source="entity:ana", target="entity:lisbon") == [ended, holds]
            assert reader.links(part.id, source="entity:ana", relation="near") == []
            assert reader.links(part.id, memory_id="entity:ana", relation="near") == [between]
            assert reader.links(part.id, fact="f1") == [ended]
            assert reader.links(part.id, fact="f2", memory_id="entity:lisbon") == [holds]
            assert reader.links(part.id, fact="f2", target="entity:里斯本") == []
            assert reader.links(part.id, fact="") == []
            until = NOON + timedelta(days=1)
            assert reader.links(part.id, source="entity:ana", open_after=until) == [lisbon, holds]
            assert ended in reader.links(part.id, open_after=until - timedelta(microseconds=1))

    def test_a_link_of_a_thing_to_itself_is_found_once(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with ledger.writing() as writer:
            writer.link(part.id, Link(source="a", relation="knows", target="a", valid_from=NOON))
        with ledger.reading() as reader:
            assert len(reader.links(part.id, memory_id="a")) == 1

    def test_the_same_link_of_two_facts_is_two_links(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        with ledger.writing() as writer:
            for fact in ("f1", "f2", None):
                writer.link(part.id, _fact(fact))
            closed = _fact("f1").model_copy(update={"valid_to": NOON + timedelta(days=1)})
            writer.link(part.id, closed)
        with ledger.reading() as reader:
            found = {link.fact: link for link in reader.links(part.id)}
        assert set(found) == {"f1", "f2", None}
        assert found["f1"] == closed
        assert found["f2"].valid_to is None

    def test_erasing_a_fact_takes_its_links_and_no_others(self, ledger: Ledger) -> None:
        part, other = a_partition(ledger), a_partition(ledger, "bob")
        [gone, kept] = put(ledger, part, a_record("gone"), a_record("kept"))
        put(ledger, other, a_record("bob's", id=gone.memory.id))
        with ledger.writing() as writer:
            for fact in (gone.memory.id, kept.memory.id, None):
                writer.link(part.id, _fact(fact))
            writer.link(part.id, _fact(gone.memory.id, target=kept.memory.id))
            writer.link(other.id, _fact(gone.memory.id))
            assert writer.erase(part.id, [gone.row]).links == 2
        with ledger.reading() as reader:
            assert {link.fact for link in reader.links(part.id)} == {kept.memory.id, None}
            assert len(reader.links(other.id)) == 1

    def test_erasing_rows_leaves_links_without_a_fact_alone(self, ledger: Ledger) -> None:
        """No fact is no memory: it must not be taken for one with an empty id."""
        part = a_partition(ledger)
        [gone] = put(ledger, part, a_record("gone"))
        with ledger.writing() as writer:
            writer.link(part.id, _fact(None))
            assert writer.erase(part.id, [gone.row]).links == 0
        with ledger.reading() as reader:
            assert reader.links(part.id) == [_fact(None)]

    def test_many_facts_are_erased_at_once(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        records = put(ledger, part, *(a_record(f"{n}") for n in range(1_100)))
        with ledger.writing() as writer:
            for record in records:
                writer.link(part.id, _fact(record.memory.id))
            assert writer.erase(part.id, [record.row for record in records[:1_050]]).links == 1_050
        with ledger.reading() as reader:
            assert {link.fact for link in reader.links(part.id)} == {record.memory.id for record in records[1_050:]}

    def test_a_walk_by_types_finds_every_kind_and_follows_a_change_of_type(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        records = put(ledger, part, *(a_record(kind.value, type=kind) for kind in MemoryType for _ in range(2)))

        def contents(*kinds: str, after: int | None = None, newest_first: bool = False) -> list[str]:
            with ledger.reading() as reader:
                listing = Listing(20, after, types=kinds, newest_first=newest_first)
                return [record.memory.content for record in reader.walk(part.id, listing)]

        for kind in MemoryType:
            assert contents(kind.value) == [kind.value] * 2
        assert contents("core", "semantic") == ["core"] * 2 + ["semantic"] * 2
        assert contents("semantic", "core", newest_first=True) == ["semantic"] * 2 + ["core"] * 2
        assert contents("core", after=records[0].row) == ["core"]
        assert contents("nothing") == []
        with ledger.writing() as writer:
            writer.rewrite(edited(records[0], "moved", type=MemoryType.WORKING))
            writer.rewrite(replace(edited(records[1], "deleted"), deleted_at=NOON))
        assert contents("core") == []
        assert contents("working") == ["moved", "working", "working"]

    def test_entities_are_told_as_lists_of_names(self, ledger: Ledger) -> None:
        part = a_partition(ledger)
        [one, two] = put(ledger, part, a_record("1", entities=("Ana", '里斯本 "x"')), a_record("2"))
        with ledger.reading() as reader:
            assert reader.values(part.id, "entities", after=0) == [(one.row, ["Ana", '里斯本 "x"']), (two.row, [])]
            assert reader.values(part.id, "entities", after=one.row) == [(two.row, [])]
