"""What a backend promises of adding and changing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentmem_core.errors import AgentMemError, ConflictError, InvalidInputError, NotFoundError, VectorMismatchError
from agentmem_core.model import AddOutcome, MemoryType, Scope
from agentmem_core.operations import Add
from agentmem_core.testing.backend_asking import ANA, BOB, STRANGERS, YESTERDAY, Asking, item, turn


class BackendWriting:
    """Part of ``BackendSuite``."""

    def test_what_is_added_is_there_as_it_was_given(self, run: Asking) -> None:
        given = item(
            "I moved to Lisbon 里斯本 👍🏽", type="procedural", metadata={"k": [1, {"x": None}], "a.b": 2.5}, importance=0.75,
            occurred_at=YESTERDAY, expires_at=YESTERDAY + timedelta(days=9), valid_from=YESTERDAY, id="the-id",
            name="Ana", entities=("Ana",), source=("other",), agent_id="planner", session_id="s1",
        )  # fmt: skip
        [memory] = run.add(given)
        assert run.get("the-id") == [memory]
        for name in ("content", "type", "metadata", "importance", "occurred_at", "expires_at", "valid_from", "name"):
            assert getattr(memory, name) == getattr(given, name), name
        assert (memory.id, memory.entities, memory.source) == ("the-id", ("Ana",), ("other",))
        assert memory.scope == Scope(user_id="ana", agent_id="planner", session_id="s1")
        assert (memory.version, memory.created_at, memory.updated_at.tzinfo) == (1, memory.updated_at, UTC)

    def test_plain_text_is_semantic_and_a_turn_episodic(self, run: Asking) -> None:
        memories = run.add("a fact", turn("a turn"), item("a skill", type="procedural"))
        assert [memory.type for memory in memories] == [
            MemoryType.SEMANTIC, MemoryType.EPISODIC, MemoryType.PROCEDURAL,
        ]  # fmt: skip
        assert [memory.importance for memory in memories] == [0.5, 0.5, 0.5]
        assert [memory.role for memory in memories] == [None, "user", None]

    def test_an_add_of_nothing_is_nothing(self, run: Asking) -> None:
        assert run(Add(scope=ANA, items=())).items == ()

    def test_the_same_text_in_the_same_scope_and_type_is_the_same_memory(self, run: Asking) -> None:
        [first] = run.add("I like  Tea.")
        added = run(Add(scope=ANA, items=(item("i LIKE tea"), item("I like tea!"))))
        assert [part.outcome for part in added.items] == [AddOutcome.KNOWN, AddOutcome.KNOWN]
        assert added.ids == [first.id, first.id]
        [now] = run.get(first.id)
        assert (now.content, now.access_count) == ("I like  Tea.", 2)
        others = run.add(
            item("I like tea", agent_id="a"), item("I like tea", session_id="s"), item("I like tea", type="core")
        )
        others += run.add("I like tea", scope=BOB)
        assert len({first.id, *(memory.id for memory in others)}) == 5

    def test_turns_are_kept_each_of_them_in_order(self, run: Asking) -> None:
        memories = run.add(*(turn(text) for text in ("yes", "no", "yes", "yes")))
        assert len({memory.id for memory in memories}) == 4
        assert run.contents(scope=Scope(user_id="ana", session_id="s1")) == ["yes", "no", "yes", "yes"]

    def test_an_id_makes_an_add_safe_to_repeat(self, run: Asking) -> None:
        given = item("text", id="x", metadata={"a": 1})
        outcomes = [run(Add(scope=ANA, items=(given,))).items[0].outcome for _ in range(2)]
        assert outcomes == [AddOutcome.CREATED, AddOutcome.KNOWN]
        assert len(run.contents()) == 1

    def test_another_content_under_an_id_is_a_conflict_and_nothing_is_written(self, run: Asking) -> None:
        run.add(item("text", id="x"))
        with pytest.raises(ConflictError, match="x"):
            run.add("before", item("other text", id="x"), "after")
        assert run.contents() == ["text"]
        with pytest.raises(ConflictError):
            run.add(item("one", id="y"), item("two", id="y"))
        assert run.contents() == ["text"]

    def test_reporting_lets_the_other_items_through(self, run: Asking) -> None:
        run.add(item("text", id="x"))
        added = run(Add(scope=ANA, items=(item("one"), item("no", id="x"), item("two")), on_error="report"))
        assert [part.outcome for part in added.items] == [AddOutcome.CREATED, AddOutcome.FAILED, AddOutcome.CREATED]
        assert (added.items[1].memory, added.items[1].error_code) == (None, "conflict")
        assert run.contents() == ["text", "one", "two"]

    def test_reporting_lets_the_other_items_through_when_a_vector_does_not_fit(self, run: Asking) -> None:
        items = (item("one", vector=[1.0, 0.0]), item("bad", vector=[1.0]), item("two", vector=[0.0, 1.0]))
        added = run(Add(scope=ANA, items=items, collection="mine", on_error="report"))
        assert [part.outcome for part in added.items] == [AddOutcome.CREATED, AddOutcome.FAILED, AddOutcome.CREATED]
        assert added.items[1].error_code == "vector_mismatch"

    def test_replacing_makes_a_new_version_under_the_id(self, run: Asking) -> None:
        [first] = run.add(item("one", id="x", metadata={"a": 1}))
        added = run(Add(scope=ANA, items=(item("two", id="x"),), on_conflict="replace"))
        assert added.items[0].outcome is AddOutcome.REPLACED
        [now] = run.get("x")
        assert now == added.memories[0]
        assert (now.content, now.metadata, now.version, now.created_at) == ("two", {}, 2, first.created_at)
        assert [version.content for version in run.history("x")] == ["one", "two"]
        assert run.found("two", mode="lexical") == ["two"]
        assert run.found("one", mode="lexical") == []

    def test_the_same_again_replaces_nothing(self, run: Asking) -> None:
        given = item("one", id="x", metadata={"a": 1})
        run(Add(scope=ANA, items=(given,), on_conflict="replace"))
        added = run(Add(scope=ANA, items=(given,), on_conflict="replace"))
        assert added.items[0].outcome is AddOutcome.KNOWN
        assert [version.version for version in run.history("x")] == [1]

    def test_replacing_inside_one_add_leaves_the_last(self, run: Asking) -> None:
        added = run(Add(scope=ANA, items=(item("A", id="x"), item("B", id="x")), on_conflict="replace"))
        assert run.contents() == ["B"]
        assert run.get("x") == [added.memories[-1]]

    def test_a_text_replaced_inside_one_add_is_no_longer_known(self, run: Asking) -> None:
        items = (item("first text", id="x"), item("second text", id="x"), item("first text"), item("second text"))
        added = run(Add(scope=ANA, items=items, on_conflict="replace"))
        assert [memory.content for memory in added.memories][1:] == ["second text", "first text", "second text"]
        assert set(run.contents()) == {"first text", "second text"}

    def test_an_id_of_the_trash_can_be_used_again(self, run: Asking) -> None:
        run.add(item("one", id="x"))
        run.delete("x")
        added = run(Add(scope=ANA, items=(item("two", id="x"),)))
        assert added.items[0].outcome is AddOutcome.CREATED
        assert run.contents() == ["two"]
        assert run.get("x")[0].content == "two"

    def test_a_text_that_was_deleted_or_has_expired_is_learnt_anew(self, run: Asking) -> None:
        [deleted] = run.add("deleted")
        run.delete(deleted.id)
        expired = run.expired("expired")
        again = run(Add(scope=ANA, items=(item("deleted"), item("expired"))))
        assert again.created == 2
        assert not {deleted.id, expired} & set(again.ids)
        assert sorted(run.contents()) == ["deleted", "expired"]

    def test_what_has_expired_already_is_not_remembered_and_nothing_else_expires(self, run: Asking) -> None:
        [kept] = run.add("kept")
        for moment in (YESTERDAY, datetime(1, 1, 2, tzinfo=UTC)):
            with pytest.raises(InvalidInputError, match=r"expires_at: .* is over"):
                run.add("other", item("over", expires_at=moment))
            with pytest.raises(InvalidInputError, match=r"expires_at: .* is over"):
                run.update(kept.id, expires_at=moment)
        reported = run(Add(scope=ANA, items=(item("second"), item("over", expires_at=YESTERDAY)), on_error="report"))
        assert [result.outcome for result in reported.items] == [AddOutcome.CREATED, AddOutcome.FAILED]
        assert reported.items[1].error_code == "invalid_input"
        assert run.contents() == ["kept", "second"]

    def test_items_may_be_of_several_users(self, run: Asking) -> None:
        run.add("ana's", item("bob's", user_id="bob"), item("bob's second", user_id="bob", session_id="s"))
        assert run.contents() == ["ana's"]
        assert run.contents(scope=BOB) == ["bob's", "bob's second"]

    def test_what_was_given_can_be_changed_without_changing_the_memory(self, run: Asking) -> None:
        metadata: dict[str, Any] = {"tags": ["a"]}
        [memory] = run.add(item("text", metadata=metadata))
        metadata["tags"].append("b")
        assert run.get(memory.id)[0].metadata == {"tags": ["a"]}

    def test_an_update_changes_what_is_given_and_nothing_else(self, run: Asking) -> None:
        [before] = run.add(item("I live in Porto", metadata={"a": 1}, expires_at=datetime.now(UTC) + timedelta(days=1)))
        after = run.update(before.id, content="I live in Lisbon", importance=0.9, reason="moved")
        assert run.get(before.id) == [after]
        changed = {"content": "I live in Lisbon", "importance": 0.9, "version": 2, "updated_at": after.updated_at}
        assert after == before.model_copy(update=changed)
        assert after.updated_at >= before.updated_at
        assert run.found("Lisbon", mode="lexical") == ["I live in Lisbon"]
        assert run.found("Porto", mode="lexical") == []
        after = run.update(before.id, metadata={"b": 2}, clear=("expires_at",))
        assert (after.metadata, after.expires_at, after.content) == ({"b": 2}, None, "I live in Lisbon")

    def test_an_update_of_nothing_or_of_an_old_version_is_refused(self, run: Asking) -> None:
        [memory] = run.add("text")
        with pytest.raises(InvalidInputError):
            run.update(memory.id)
        run.update(memory.id, importance=0.1, expected_version=1)
        with pytest.raises(ConflictError):
            run.update(memory.id, importance=0.2, expected_version=1)
        assert run.get(memory.id)[0].importance == 0.1

    def test_a_text_given_up_by_an_update_can_be_learnt_anew(self, run: Asking) -> None:
        [memory] = run.add("old text")
        run.update(memory.id, content="new text")
        added = run(Add(scope=ANA, items=(item("old text"), item("New text"))))
        assert [part.outcome for part in added.items] == [AddOutcome.CREATED, AddOutcome.KNOWN]

    def test_an_update_to_a_text_that_is_known_keeps_both_memories(self, run: Asking) -> None:
        [one, two] = run.add("one", "two")
        run.update(two.id, content="one")
        assert [memory.content for memory in run.get(one.id, two.id)] == ["one", "one"]
        assert run(Add(scope=ANA, items=(item("one"),))).items[0].outcome is AddOutcome.KNOWN

    def test_the_deleted_are_gone_for_every_verb_but_history_and_restore(self, run: Asking) -> None:
        [kept, gone] = run.add("kept tea", "gone tea")
        assert run.delete(gone.id, reason="asked to") == 1
        assert run.get(gone.id, kept.id) == [kept]
        assert run.contents() == ["kept tea"]
        assert run.found("tea") == ["kept tea"]
        for call in (
            lambda: run.update(gone.id, importance=0.1),
            lambda: run.delete(gone.id),
            lambda: run.relate(kept.id, gone.id),
            lambda: run.links(gone.id),
        ):
            with pytest.raises(NotFoundError):
                call()
        assert [(version.operation, version.reason) for version in run.history(gone.id)] == [
            ("add", None), ("delete", "asked to"),
        ]  # fmt: skip

    def test_deleting_is_all_or_nothing_unless_missing_ones_are_ignored(self, run: Asking) -> None:
        [memory] = run.add("text")
        with pytest.raises(NotFoundError):
            run.delete(memory.id, "unknown")
        assert run.contents() == ["text"]
        assert run.delete(memory.id, "unknown", memory.id, missing="ignore") == 1
        assert run.contents() == []

    def test_deleting_by_filter_takes_what_matches_in_the_scope(self, run: Asking) -> None:
        run.add(*(item(f"text {n}", metadata={"n": n}, session_id=f"s{n % 2}") for n in range(6)))
        run.add(item("text 4", metadata={"n": 4}), scope=BOB)
        assert run.delete(filters={"n": {"$gte": 3}}, scope=Scope(user_id="ana", session_id="s0")) == 1
        assert run.contents() == ["text 0", "text 1", "text 2", "text 3", "text 5"]
        assert run.contents(scope=BOB) == ["text 4"]
        with pytest.raises(InvalidInputError):
            run.delete()

    def test_history_tells_every_version(self, run: Asking) -> None:
        [memory] = run.add(item("one", metadata={"a": 1}))
        run.update(memory.id, content="two", metadata={"a": 2})
        run.delete(memory.id)
        run.restore(memory.id, 1)
        told = [(item.version, item.operation, item.content, item.metadata) for item in run.history(memory.id)]
        assert told == [
            (1, "add", "one", {"a": 1}),
            (2, "update", "two", {"a": 2}),
            (3, "delete", "two", {"a": 2}),
            (4, "restore", "one", {"a": 1}),
        ]
        moments = [item.changed_at for item in run.history(memory.id)]
        assert moments == sorted(moments)

    def test_a_restored_memory_is_found_again_by_its_old_words(self, run: Asking) -> None:
        [memory] = run.add("green tea")
        run.update(memory.id, content="black coffee")
        run.delete(memory.id)
        restored = run.restore(memory.id, 1)
        assert run.get(memory.id) == [restored]
        assert (restored.content, restored.version) == ("green tea", 4)
        assert run.found("green tea", mode="lexical") == ["green tea"]
        assert run.found("green tea", mode="dense") == ["green tea"]
        assert run.found("coffee", mode="lexical") == []
        assert run(Add(scope=ANA, items=(item("green tea"),))).items[0].outcome is AddOutcome.KNOWN
        with pytest.raises(NotFoundError):
            run.restore(memory.id, 9)

    def test_calls_by_id_find_nothing_outside_their_scope(self, run: Asking) -> None:
        [one, two] = run.add("one", "two")
        run.relate(one.id, two.id)
        for scope in STRANGERS:
            for call in (
                lambda scope=scope: run.update(one.id, importance=0.1, scope=scope),
                lambda scope=scope: run.delete(one.id, scope=scope),
                lambda scope=scope: run.history(one.id, scope=scope),
                lambda scope=scope: run.restore(one.id, 1, scope=scope),
                lambda scope=scope: run.relate(one.id, two.id, scope=scope),
                lambda scope=scope: run.links(one.id, scope=scope),
            ):
                with pytest.raises(NotFoundError):
                    call()
            assert run.get(one.id, scope=scope) == []
            assert run.forget(one.id, scope=scope).memories == 0
        assert run.get(one.id, two.id) == [one, two]

    def test_an_id_of_another_user_is_free(self, run: Asking) -> None:
        run.add(item("ana's", id="x"))
        run.add(item("bob's", id="x"), scope=BOB)
        run.delete("x", scope=BOB)
        assert run.contents() == ["ana's"]

    def test_links_are_told_from_both_ends_and_changed_not_doubled(self, run: Asking) -> None:
        [ana, lisbon, porto] = run.add("Ana", "Lisbon", "Porto")
        first = run.relate(ana.id, lisbon.id, relation="lives in", weight=0.5, metadata={"a": 1}, valid_from=YESTERDAY)
        assert (first.weight, first.valid_from, first.valid_to) == (0.5, YESTERDAY, None)
        again = run.relate(ana.id, lisbon.id, relation="lives in", weight=0.75)
        assert (again.weight, again.metadata, again.valid_from) == (0.75, {}, YESTERDAY)
        other = run.relate(porto.id, ana.id, relation="knows")
        assert run.links(lisbon.id) == [again]
        assert sorted(run.links(ana.id), key=lambda link: link.relation) == [other, again]
        assert run.links(ana.id, relation="knows") == [other]
        with pytest.raises(NotFoundError):
            run.relate(ana.id, "unknown")

    def test_a_collection_takes_vectors_of_its_own_dimension(self, run: Asking) -> None:
        given: dict[str, Any] = {"collection": "mine"}
        run.add(item("east", vector=[1.0, 0.0, 0.0]), item("north", vector=[0.0, 2.0, 0.0]), **given)
        run.add(item("wide", vector=[1.0] * 7), collection="wide")
        assert run.found(vector=[0.1, 1.0, 0.0], **given) == ["north", "east"]
        assert run.found(vector=[1.0] * 7, collection="wide") == ["wide"]
        assert run.contents() == []
        for call in (
            lambda: run.add(item("short", vector=[1.0]), **given),
            lambda: run.add("without a vector", **given),
            lambda: run.search(vector=[1.0], **given),
            lambda: run.update(run.page(**given).items[0].id, vector=[1.0], **given),
        ):
            with pytest.raises(VectorMismatchError):
                call()
        with pytest.raises(InvalidInputError):
            run.search("east", mode="dense", **given)
        assert run.contents(**given) == ["east", "north"]
        assert run.found("north", **given) == ["north"]

    def test_a_given_vector_follows_an_update(self, run: Asking) -> None:
        [memory] = run.add(item("east", vector=[1.0, 0.0]), item("other", vector=[0.6, 0.8]), collection="mine")[:1]
        with pytest.raises(VectorMismatchError):
            run.update(memory.id, content="north", collection="mine")
        run.update(memory.id, content="north", vector=[0.0, 1.0], collection="mine")
        run.update(memory.id, metadata={"a": 1}, collection="mine")
        hits = run.search(vector=[0.0, 1.0], collection="mine")
        assert [hit.memory.content for hit in hits] == ["north", "other"]
        assert hits[0].score == pytest.approx(1.0)

    def test_the_same_text_in_a_collection_is_kept_each_time(self, run: Asking) -> None:
        run.add(item("text", vector=[1.0]), item("text", vector=[2.0]), collection="mine")
        assert run.contents(collection="mine") == ["text", "text"]

    def test_collections_hold_ids_of_their_own(self, run: Asking) -> None:
        run.add(item("in memories", id="x"))
        run.add(item("in mine", id="x", vector=[1.0]), collection="mine")
        assert run.get("x", collection="mine")[0].content == "in mine"
        run.delete("x", collection="mine")
        assert run.contents() == ["in memories"]

    def test_every_error_is_ours(self, run: Asking) -> None:
        for call in (lambda: run.delete("x"), lambda: run.history("x"), lambda: run.page(cursor="nonsense")):
            with pytest.raises(AgentMemError):
                call()
