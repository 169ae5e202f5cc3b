"""What a backend promises of the agents: operations held to types, and the agents' own operations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentmem_core.errors import ConflictError, InvalidInputError, NotFoundError
from agentmem_core.model import MemoryType, Scope
from agentmem_core.operations import Delete, Get, Maintain, Op, Update, build
from agentmem_core.operations.agents.contextual import (
    CompileStates,
    CurrentStates,
    DeleteState,
    GetState,
    SetState,
    StateChanges,
)
from agentmem_core.operations.agents.core import (
    AppendToBlock,
    CompileBlocks,
    DeleteBlock,
    GetBlock,
    ListBlocks,
    ReplaceInBlock,
    SetBlock,
)
from agentmem_core.operations.agents.episodic import EventsAround, EventsBetween, RecordEvent, Timeline
from agentmem_core.operations.agents.procedural import (
    BestProcedures,
    DeleteProcedure,
    GetProcedure,
    ListProcedures,
    RecordRun,
    ReviseProcedure,
    TeachProcedure,
)
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact, NeighboursOf, PathBetween, RelateThings
from agentmem_core.operations.agents.working import ClearItems, PromoteItem, PushItem, SweepItems, WorkingItems
from agentmem_core.testing.backend_asking import ANA, STRANGERS, Asking, item

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
CORE, SEMANTIC = (MemoryType.CORE,), (MemoryType.SEMANTIC,)


def _lives(town: str, *, scope: Scope = ANA, days: int = 0) -> LearnFact:
    return build(
        LearnFact, scope=scope, text=f"Ana lives in {town}", subject="Ana", predicate="lives in", object=town,
        valid_from=NOON + timedelta(days=days),
    )  # fmt: skip


class BackendAgents:
    """Part of ``BackendSuite``."""

    def test_get_update_and_delete_keep_to_the_types_they_are_given(self, run: Asking) -> None:
        [fact] = run.add(item("a fact", type=MemoryType.SEMANTIC))
        assert run(Get(scope=ANA, ids=(fact.id,), types=CORE)) == []
        assert run(Get(scope=ANA, ids=(fact.id,), types=(*CORE, *SEMANTIC))) == [fact]
        refusals: list[Op[Any]] = [
            build(Update, scope=ANA, id=fact.id, importance=0.1, types=CORE),
            build(Delete, scope=ANA, ids=(fact.id,), types=CORE),
        ]
        for refused in refusals:
            with pytest.raises(NotFoundError):
                run(refused)
        assert run(Delete(scope=ANA, ids=(fact.id,), types=CORE, missing="ignore")) == 0
        assert run(build(Delete, scope=ANA, filters={"memory.content": "a fact"}, types=CORE)) == 0
        assert run.get(fact.id) == [fact]
        assert run(build(Update, scope=ANA, id=fact.id, importance=0.1, types=SEMANTIC)).importance == 0.1
        assert run(Delete(scope=ANA, ids=(fact.id,), types=SEMANTIC)) == 1

    def test_blocks_are_set_changed_compiled_and_deleted(self, run: Asking) -> None:
        run(SetBlock(scope=ANA, label="human", text="我叫安娜", limit=20))
        run(AppendToBlock(scope=ANA, label="human", text="住在里斯本"))
        block = run(ReplaceInBlock(scope=ANA, label="human", old="里斯本", new="波尔图"))
        assert (block.text, block.limit, block.version) == ("我叫安娜\n住在波尔图", 20, 3)
        with pytest.raises(InvalidInputError, match="over its limit of 20"):
            run(AppendToBlock(scope=ANA, label="human", text="x" * 20))
        assert run(GetBlock(scope=ANA, label="human")) == block
        assert run(ListBlocks(scope=ANA)) == [block]
        assert run(CompileBlocks(scope=ANA)) == f"<human>\n{block.text}\n</human>"
        assert run(DeleteBlock(scope=ANA, label="human")) == 1
        assert run(ListBlocks(scope=ANA)) == []

    def test_items_are_pushed_renewed_promoted_and_cleared(self, run: Asking) -> None:
        low = run(PushItem(scope=ANA, text="low"))
        high = run(PushItem(scope=ANA, text="high", priority=1))
        assert run(PushItem(scope=ANA, text="low", priority=5)).id == low.id
        assert [found.id for found in run(WorkingItems(scope=ANA))] == [low.id, high.id]
        assert [found.id for found in run(WorkingItems(scope=ANA, min_priority=2))] == [low.id]
        assert run(PromoteItem(scope=ANA, id=low.id, to=MemoryType.SEMANTIC)).expires_at is None
        for kind in (MemoryType.WORKING, MemoryType.RESOURCE, MemoryType.KNOWLEDGE):
            with pytest.raises(InvalidInputError):
                run(PromoteItem(scope=ANA, id=high.id, to=kind))
        assert run(SweepItems(scope=ANA)) == 0
        assert run(ClearItems(scope=ANA)) == 1
        assert run(WorkingItems(scope=ANA)) == []

    def test_events_are_told_by_their_time(self, run: Asking) -> None:
        events = [
            run(build(RecordEvent, scope=ANA, text=f"event {n}", occurred_at=NOON + timedelta(days=n)))
            for n in (2, 0, 1)
        ]
        between = build(EventsBetween, scope=ANA, start=NOON, end=NOON + timedelta(days=2))
        assert [event.content for event in run(between)] == ["event 0", "event 1"]
        assert [len(period) for period in run(Timeline(scope=ANA, by="day"))] == [1, 1, 1]
        around = run(EventsAround(scope=ANA, id=events[2].id, before=1, after=1))
        assert [event.content for event in around] == ["event 0", "event 1", "event 2"]
        with pytest.raises(InvalidInputError):
            run(build(EventsBetween, scope=ANA, start=NOON, end=NOON))

    def test_a_contradicting_fact_ends_the_older_one(self, run: Asking) -> None:
        old, new = run(_lives("Porto", days=-9)), run(_lives("Lisbon"))
        assert [fact.id for fact in run(AboutThing(scope=ANA, entity="ana"))] == [new.id]
        then = NOON - timedelta(days=1)
        assert [fact.id for fact in run(AboutThing(scope=ANA, entity="ana", as_of=then))] == [old.id]
        assert [found.node for found in run(NeighboursOf(scope=ANA, of="Ana"))] == ["Lisbon"]
        assert [found.node for found in run(NeighboursOf(scope=ANA, of="Ana", as_of=then))] == ["Porto"]
        run(RelateThings(scope=ANA, a="Lisbon", relation="is in", b="Portugal", weight=2.0))
        assert run(PathBetween(scope=ANA, a="Ana", b="Portugal")).nodes == ("Ana", "Lisbon", "Portugal")
        run.forget(new.id)
        assert not run(PathBetween(scope=ANA, a="Ana", b="Portugal"))

    def test_no_memory_can_have_the_id_of_a_thing(self, run: Asking) -> None:
        with pytest.raises(InvalidInputError):
            run.add(item("poser", id="entity:lisbon"))
        assert run.add(item("a document", id="entity:lisbon", vector=[1.0]), collection="mine")

    def test_skills_are_taught_run_and_weighed(self, run: Asking) -> None:
        run(TeachProcedure(scope=ANA, name="烤面包", steps=("和面", "烘烤")))
        with pytest.raises(ConflictError):
            run(TeachProcedure(scope=ANA, name="烤面包", steps=("买",)))
        run(RecordRun(scope=ANA, name="烤面包", success=True, seconds=2.0, note="好"))
        skill = run(ReviseProcedure(scope=ANA, name="烤面包", steps=("和面", "发酵", "烘烤")))
        assert (skill.runs, skill.successes, skill.mean_seconds, skill.notes, skill.version) == (1, 1, 2.0, ("好",), 2)
        assert run(GetProcedure(scope=ANA, name="烤面包")) == skill
        assert run(ListProcedures(scope=ANA)) == [skill]
        assert run(BestProcedures(scope=ANA, task="烤面包"))[0].procedure == skill
        assert run(DeleteProcedure(scope=ANA, name="烤面包")) == 1

    @pytest.mark.parametrize("value", ["里斯本", "", 0, None, 2.5, True, [1, {"a": None}], {}])
    def test_a_state_holds_any_json(self, run: Asking, value: Any) -> None:
        state = run(build(SetState, scope=ANA, key="位置", value=value, source="gps"))
        assert state.value == value
        assert run(GetState(scope=ANA, key="位置")) == state
        assert run(CurrentStates(scope=ANA)) == [state]
        assert [change.value for change in run(build(StateChanges, scope=ANA, since=NOON))] == [value]
        assert run(CompileStates(scope=ANA)).startswith("- 位置: ")
        assert run(DeleteState(scope=ANA, key="位置")) == 1
        assert run(CurrentStates(scope=ANA)) == []

    def test_a_state_set_again_takes_its_new_lifetime(self, run: Asking) -> None:
        run(build(SetState, scope=ANA, key="mood", value="ok", ttl=60))
        assert run(build(SetState, scope=ANA, key="mood", value="ok")).expires_at is None

    def test_agents_see_nothing_outside_their_scope(self, run: Asking) -> None:
        run(SetBlock(scope=ANA, label="human", text="Ana"))
        note = run(PushItem(scope=ANA, text="note"))
        event = run(RecordEvent(scope=ANA, text="event"))
        run(_lives("Lisbon"))
        run(TeachProcedure(scope=ANA, name="bake", steps=("mix",)))
        run(build(SetState, scope=ANA, key="mood", value="ok"))
        for scope in STRANGERS:
            refusals: list[Op[Any]] = [
                GetBlock(scope=scope, label="human"),
                AppendToBlock(scope=scope, label="human", text="x"),
                DeleteBlock(scope=scope, label="human"),
                PromoteItem(scope=scope, id=note.id, to=MemoryType.SEMANTIC),
                EventsAround(scope=scope, id=event.id),
                RecordRun(scope=scope, name="bake", success=False),
                GetState(scope=scope, key="mood"),
            ]
            for refused in refusals:
                with pytest.raises(NotFoundError):
                    run(refused)
            listings: list[Op[Any]] = [
                ListBlocks(scope=scope),
                WorkingItems(scope=scope),
                build(EventsBetween, scope=scope, start=NOON, end=datetime.now(UTC) + timedelta(days=1)),
                AboutThing(scope=scope, entity="Ana"),
                NeighboursOf(scope=scope, of="Ana"),
                ListProcedures(scope=scope),
                CurrentStates(scope=scope),
            ]
            for empty in listings:
                assert not run(empty)
            assert run(ClearItems(scope=scope)) == 0
        assert len(run.contents()) == 6

    def test_a_dry_run_of_maintenance_is_what_the_real_one_does(self, run: Asking) -> None:
        run.add(item("I like tea", type=MemoryType.SEMANTIC), item("I really like tea", type=MemoryType.SEMANTIC))
        told = run(Maintain(scope=ANA))
        assert len(run.contents()) == 2
        done = run(Maintain(scope=ANA, dry_run=False))
        assert (done.steps, len(done.steps), len(run.contents())) == (told.steps, 1, 1)
        [step] = done.steps
        assert run.restore(step.id, 1).version == 3
        assert len(run.contents()) == 2
