"""What a backend promises of a store as a whole: erasing, moving, counting, mending."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentmem_core.errors import ConflictError, InvalidInputError, NotConfiguredError, NotFoundError
from agentmem_core.model import Scope
from agentmem_core.operations import Add, Compact, FlushLearning, HealthCheck, Learn, Reindex, StatsOf, build
from agentmem_core.operations.agents.semantic import LearnFact
from agentmem_core.testing.backend_asking import ANA, BOB, YESTERDAY, Asking, item, turn

ELSEWHERE = Scope(tenant="elsewhere", user_id="ana")


class BackendStore:
    """Part of ``BackendSuite``."""

    def test_forgetting_a_user_takes_everything_of_them_and_nothing_else(self, run: Asking) -> None:
        [one, two, gone] = run.add("secret one", "secret two", "in the trash")
        run.relate(one.id, two.id)
        run.update(one.id, content="secret three")
        run.delete(gone.id)
        run.add(item("agent's", agent_id="a"))
        run.expired("expired secret")
        run.add(item("secret vector", vector=[1.0, 2.0]), collection="mine")
        run.add("bob's", scope=BOB)
        run.add("elsewhere", scope=ELSEWHERE)
        assert run.found("secret")
        receipt = run.forget()
        assert (receipt.memories, receipt.vectors, receipt.links, receipt.files_clean) == (6, 6, 1, True)
        assert receipt.versions == 2
        assert receipt.collections == ("memories", "mine")
        assert "secret" not in receipt.model_dump_json()
        assert run.contents() == []
        assert run.found("secret") == []
        assert run.get(one.id) == []
        assert run.found(vector=[1.0, 2.0], collection="mine") == []
        assert run.export() == []
        for call in (lambda: run.history(one.id), lambda: run.restore(one.id, 1), lambda: run.history(gone.id)):
            with pytest.raises(NotFoundError):
                call()
        assert run.contents(scope=BOB) == ["bob's"]
        assert run.contents(scope=ELSEWHERE) == ["elsewhere"]
        assert run.forget().memories == 0
        run.add("a new start")
        assert run.found("start") == ["a new start"]

    def test_learning_without_anybody_who_learns_is_refused_before_anything_is_stored(self, run: Asking) -> None:
        for infer in (True, "background"):
            with pytest.raises(NotConfiguredError, match="learn"):
                run(build(Add, scope=ANA, items=(turn("I live in Paris"),), infer=infer))
        with pytest.raises(NotConfiguredError, match="learn"):
            run(Learn(scope=ANA))
        assert run.contents() == []
        queue = run(FlushLearning(scope=ANA))
        assert (queue.waiting, queue.failed, queue.lessons) == (0, 0, ())

    def test_forgetting_a_session_an_agent_or_ids_takes_just_those(self, run: Asking) -> None:
        [one, _] = run.add("one tea", "two tea")
        run.add(turn("turn tea 1"), turn("turn tea 2", session_id="s2"), item("agent tea", agent_id="a"))
        session = Scope(user_id="ana", session_id="s1")
        [deleted] = run.add(item("deleted tea"), scope=session)
        run.delete(deleted.id)
        assert run.forget(scope=session).memories == 2
        assert run.forget(scope=Scope(user_id="ana", agent_id="a")).memories == 1
        assert run.forget(one.id, "unknown").memories == 1
        assert run.contents() == ["two tea", "turn tea 2"]
        assert sorted(run.found("tea")) == ["turn tea 2", "two tea"]

    def test_what_rests_on_what_is_forgotten_alone_goes_with_it(self, run: Asking) -> None:
        [one, two] = run.add(turn("turn one"), turn("turn two", session_id="s2"))
        [both, _] = run.add(
            item("of both", type="semantic", source=(one.id, two.id)), item("of one", type="semantic", source=(one.id,))
        )
        [further] = run.add(item("of what is of both", type="semantic", source=(both.id,)))
        receipt = run.forget(filters={"memory.session_id": "s1"})
        assert (receipt.memories, receipt.facts, receipt.facts_kept) == (2, 1, 1)
        assert run.get(both.id)[0].source == (two.id,)
        assert run.forget(two.id, keep_facts=True).facts == 0
        assert run.contents() == ["of both", "of what is of both"]
        assert run.forget(both.id).facts == 1
        assert run.get(further.id) == []

    def test_what_is_forgotten_ends_nothing_any_longer(self, run: Asking) -> None:
        paris, lisbon = (
            run(LearnFact(scope=ANA, text=f"Ana lives in {town}", subject="Ana", predicate="lives in", object=town))
            for town in ("Paris", "Lisbon")
        )
        assert run.get(paris.id)[0].valid_to is not None
        assert run.forget(lisbon.id).facts_again == 1
        assert run.get(paris.id)[0].valid_to is None

    def test_forgetting_one_collection_leaves_the_others(self, run: Asking) -> None:
        run.add("text")
        run.add(item("text", vector=[1.0]), collection="mine")
        assert run.forget(collection="mine").collections == ("mine",)
        assert run.contents() == ["text"]
        assert run.contents(collection="mine") == []

    def test_links_go_with_the_memory_that_is_forgotten(self, run: Asking) -> None:
        [one, two, three] = run.add("one", "two", "three")
        run.relate(one.id, two.id)
        run.relate(two.id, three.id)
        assert run.forget(one.id).links == 1
        assert [link.target for link in run.links(two.id)] == [three.id]

    def test_an_export_comes_back_as_it_was(self, run: Asking) -> None:
        self._fill(run)
        records = run.export()
        done = run.import_(records, scope=ELSEWHERE)
        assert json.loads(json.dumps(records)) == records
        again = run.export(scope=ELSEWHERE)
        assert again == records
        assert done.memories == sum(record["kind"] == "memory" for record in records)
        assert done.links == sum(record["kind"] == "link" for record in records) == 1
        assert run.contents(scope=ELSEWHERE) == run.contents()
        for memory in run.page().items:
            assert run.history(memory.id, scope=ELSEWHERE) == run.history(memory.id)
            assert run.links(memory.id, scope=ELSEWHERE) == run.links(memory.id)
        for query in ("tea", "Lisbon"):
            assert run.found(query, scope=ELSEWHERE) == run.found(query)
        for vector in ([1.0, 0.5], [0.0, 1.0]):
            mine = run.search(vector=vector, collection="mine")
            theirs = run.search(vector=vector, collection="mine", scope=ELSEWHERE)
            assert [(hit.memory.content, hit.score) for hit in theirs] == [
                (hit.memory.content, hit.score) for hit in mine
            ]

    def test_a_vector_the_caller_gave_for_a_memory_comes_back(self, run: Asking) -> None:
        """``memories`` takes vectors too, when their maker is the store's own embedder."""
        run.add("something else")
        length = self._dimension(run)
        given = [1.0] + [0.0] * (length - 1)
        run.add(item("with a vector of its own", vector=given))
        [before, *_] = run.search(vector=given)
        run.import_(run.export(), scope=ELSEWHERE)
        [after, *_] = run.search(vector=given, scope=ELSEWHERE)
        assert (after.memory.content, after.score) == (before.memory.content, before.score)

    def test_a_vector_given_by_an_update_comes_back_and_one_made_anew_does_not(self, run: Asking) -> None:
        [one, two] = run.add("green tea", "black coffee")
        given = [1.0] + [0.0] * (self._dimension(run) - 1)
        for memory in (one, two):
            run.update(memory.id, vector=given)
            run.update(memory.id, importance=0.75)
        run.update(two.id, content="red wine")
        assert {record["id"] for record in run.export() if "vector" in record} == {one.id}
        run.import_(run.export(), scope=ELSEWHERE)
        for vector in (None, given):
            mine, theirs = (run.search("red wine", vector=vector, mode="dense", scope=at) for at in (ANA, ELSEWHERE))
            assert [(hit.memory.id, hit.score) for hit in mine] == [(hit.memory.id, hit.score) for hit in theirs]

    def test_importing_again_skips_what_stands(self, run: Asking) -> None:
        self._fill(run)
        records = run.export()
        memories = sum(record["kind"] == "memory" for record in records)
        outcomes = [run.import_(records, scope=scope) for scope in (ANA, ELSEWHERE, ELSEWHERE)]
        assert [(done.memories, done.skipped) for done in outcomes] == [(0, memories), (memories, 0), (0, memories)]
        assert run.export(scope=ELSEWHERE) == run.export() == records

    def test_an_export_in_small_parts_is_the_same(self, run: Asking) -> None:
        self._fill(run)
        assert run.export(limit=1) == run.export(limit=2) == run.export()

    def test_an_export_holds_its_scope_and_no_more(self, run: Asking) -> None:
        self._fill(run)
        run.add("bob's", scope=BOB)
        run.add("elsewhere", scope=ELSEWHERE)
        assert {record["user_id"] for record in run.export()} == {"ana"}
        assert {record["user_id"] for record in run.export(everyone=True)} == {"ana", "bob"}
        session = run.export(scope=Scope(user_id="ana", session_id="s1"))
        assert {record["session_id"] for record in session} == {"s1"}
        assert all(record["kind"] == "memory" for record in session)

    def test_an_import_can_give_everything_to_one_user(self, run: Asking) -> None:
        run.add("ana's")
        run.add("bob's", scope=BOB)
        cleo = Scope(user_id="cleo")
        run.import_(run.export(everyone=True), scope=cleo, keep_users=False)
        assert sorted(run.contents(scope=cleo)) == ["ana's", "bob's"]
        assert run.contents() == ["ana's"]

    def test_an_import_that_does_not_fit_writes_nothing(self, run: Asking) -> None:
        [memory] = run.add("text")
        [record] = run.export()
        other = {**record, "id": "other", "content": "fine"}
        with pytest.raises(ConflictError):
            run.import_([other, {**record, "content": "another text"}])
        with pytest.raises(ConflictError):
            run.import_([other, {**other, "content": "another text"}], scope=ELSEWHERE)
        for bad in (
            {**record, "content": ""},
            {**record, "type": "nonsense"},
            {**record, "vector": "no"},
            {"kind": "x"},
        ):
            with pytest.raises(InvalidInputError):
                run.import_([other, bad], scope=ELSEWHERE)
        assert run.contents(scope=ELSEWHERE) == []
        assert run.get(memory.id)[0].content == "text"
        assert run.contents() == ["text"]

    def test_stats_count_the_scope(self, run: Asking) -> None:
        self._fill(run)
        run.add("bob's", scope=BOB)
        run.add("elsewhere", scope=ELSEWHERE)
        mine = run(StatsOf(scope=ANA))
        assert mine.memories == len(run.contents()) == 5
        assert mine.by_type == {"semantic": 3, "episodic": 2}
        assert (mine.sessions, mine.deleted, mine.links) == (1, 1, 1)
        assert {item.name: item.memories for item in mine.collections} == {"memories": 5, "mine": 2}
        assert next(item.dimension for item in mine.collections if item.name == "mine") == 2
        assert run(StatsOf(scope=Scope(user_id="ana", session_id="s1"))).memories == 2
        assert run(StatsOf(scope=ANA, everyone=True)).memories == 6
        nobody = run(StatsOf(scope=Scope(user_id="nobody")))
        assert (nobody.memories, nobody.collections, nobody.links) == (0, (), 0)

    def test_stats_leave_the_expired_and_the_deleted_out(self, run: Asking) -> None:
        run.expired("expired", scope=Scope(user_id="ana", session_id="s1"))
        stats = run(StatsOf(scope=ANA))
        assert (stats.memories, stats.by_type, stats.sessions) == (0, {}, 0)

    def test_a_healthy_store_says_so(self, run: Asking) -> None:
        run.add("text")
        health = run(HealthCheck(scope=ANA))
        assert health.ok
        assert {part.name for part in health.components} >= {"ledger", "embedder", "index"}

    def test_compacting_empties_the_trash_of_the_tenant(self, run: Asking) -> None:
        [kept, gone] = run.add("kept tea", "gone tea")
        [theirs] = run.add("elsewhere", scope=ELSEWHERE)
        run.delete(gone.id)
        run.delete(theirs.id, scope=ELSEWHERE)
        assert run(Compact(scope=ANA)).purged == 1
        with pytest.raises(NotFoundError):
            run.restore(gone.id, 1)
        assert run.get(kept.id) == [kept]
        assert run.found("tea") == ["kept tea"]
        assert run.restore(theirs.id, 1, scope=ELSEWHERE).content == "elsewhere"

    def test_reindexing_without_an_embedder_loses_nothing(self, run: Asking) -> None:
        run.add("green tea")
        assert run(Reindex(scope=ANA)).finished
        assert run.found("tea") == ["green tea"]

    def test_reindexing_with_another_embedder_goes_on_step_by_step(self, run: Asking) -> None:
        [deleted, *_] = run.add(*(f"green tea {n}" for n in range(5)))
        run.delete(deleted.id)
        run.add(item("given", vector=[1.0, 0.0]), collection="mine")
        steps = [run(build(Reindex, scope=ANA, embedder="hashing:32", rows=2)) for _ in range(3)]
        assert [(step.done, step.total, step.finished) for step in steps] == [
            (2, 5, False),
            (4, 5, False),
            (5, 5, False),
        ]
        assert run(build(Reindex, scope=ANA, embedder="hashing:32", rows=2)).finished
        assert self._dimension(run) == 32
        assert run.found("green tea 3", mode="dense")[0] == "green tea 3"
        assert run.restore(deleted.id, 1).content == "green tea 0"
        assert len(run.found("green tea", mode="dense")) == 5
        assert run.found(vector=[1.0, 0.0], collection="mine") == ["given"]

    def test_a_memory_changed_while_reindexing_gets_its_new_vector(self, run: Asking) -> None:
        [one, _] = run.add("green tea", "black coffee")
        self._step(run, rows=2)
        run.update(one.id, content="red wine")
        run.add("white milk")
        while not self._step(run, rows=2).finished:
            pass
        assert run.found("red wine", mode="dense")[0] == "red wine"
        assert run.found("white milk", mode="dense")[0] == "white milk"

    def test_another_reindex_than_the_one_under_way_must_be_asked_for(self, run: Asking) -> None:
        run.add("one", "two")
        self._step(run, rows=1)
        with pytest.raises(ConflictError):
            run(build(Reindex, scope=ANA, embedder="hashing:16", rows=1))
        run(build(Reindex, scope=ANA, embedder="hashing:16", rows=1, restart=True))
        while not run(build(Reindex, scope=ANA, embedder="hashing:16", rows=1)).finished:
            pass
        assert self._dimension(run) == 16

    def test_tenants_may_reindex_at_the_same_time(self, run: Asking) -> None:
        for scope in (ANA, ELSEWHERE):
            run.add("green tea", "black coffee", "red wine", scope=scope)
        self._step(run, rows=2)
        self._step(run, rows=2, scope=ELSEWHERE)
        while not self._step(run, rows=2).finished:
            pass
        assert self._dimension(run) == 32
        assert self._dimension(run, scope=ELSEWHERE) != 32
        assert run.found("red wine", mode="lexical", scope=ELSEWHERE) == ["red wine"]
        while not self._step(run, rows=2, scope=ELSEWHERE).finished:
            pass
        assert run.found("red wine", mode="dense", scope=ELSEWHERE)[0] == "red wine"

    @staticmethod
    def _fill(run: Asking) -> None:
        """Five memories and one in the trash, with versions, a link, uses, an end, and two of given vectors."""
        tea, lisbon, gone = run.add(
            item("I like tea", metadata={"a": [1, {"b": None}], "é": 0.1}, importance=0.125, entities=("tea",)),
            item("I moved to Lisbon", occurred_at=datetime(2024, 5, 3, 1, 2, 3, 456789, tzinfo=UTC), agent_id="a"),
            item("this was wrong", source=("somewhere",)),
        )
        run.update(tea.id, content="I like green tea", reason="said so")
        run.add(item("i like green tea"))
        run.update(lisbon.id, valid_to=datetime.now(UTC) + timedelta(days=400))
        run.relate(tea.id, lisbon.id, weight=0.5, metadata={"k": 1})
        run.delete(gone.id, reason="asked to")
        run.add(
            turn("where do you live?", name="Bob"),
            turn("in Lisbon, drinking tea", name="Ana", role="assistant"),
            item("soon over", expires_at=datetime.now(UTC) + timedelta(days=4), valid_from=YESTERDAY),
        )
        run.add(item("east", vector=[1.0, 0.1]), item("north", vector=[-0.5, 2.0], id="n"), collection="mine")

    @staticmethod
    def _step(run: Asking, *, rows: int, scope: Scope = ANA) -> Any:
        return run(build(Reindex, scope=scope, embedder="hashing:32", rows=rows))

    @staticmethod
    def _dimension(run: Asking, *, scope: Scope = ANA) -> int:
        [found] = [item for item in run(StatsOf(scope=scope)).collections if item.name == "memories"]
        assert found.dimension is not None
        return found.dimension
