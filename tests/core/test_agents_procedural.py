"""Skills: taught once, revised with their versions kept, weighed by how they worked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.clock import remembering

from agentmem_core import AgentMem, AgentMemError, ConflictError, InvalidInputError, NotFoundError
from agentmem_core.recall.skills import skill_score, wilson


def test_a_skill_is_taught_got_and_listed() -> None:
    memory = remembering()
    taught = memory.procedural.teach("烤面包", ["和面", "发酵", "烘烤"], when="周末")
    assert (taught.name, taught.steps, taught.when, taught.version) == ("烤面包", ("和面", "发酵", "烘烤"), "周末", 1)
    assert (taught.runs, taught.successes, taught.mean_seconds, taught.notes) == (0, 0, None, ())
    assert memory.procedural.get("烤面包") == memory.procedural.get(taught.id) == taught
    assert memory.procedural.teach("烤面包", ["和面", "发酵", "烘烤"], when="周末") == taught
    assert memory.procedural.procedures() == [taught]
    assert memory.procedural.search("发酵")[0].memory.id == taught.id


def test_a_name_that_stands_is_not_overwritten() -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"])
    with pytest.raises(ConflictError, match="revise"):
        memory.procedural.teach("bake", ["burn"])
    assert memory.procedural.get("bake").steps == ("mix",)


def test_a_revision_keeps_the_former_steps_and_the_runs() -> None:
    memory = remembering()
    taught = memory.procedural.teach("bake", ["mix", "bake"], when="at the weekend")
    memory.procedural.record_run("bake", success=True)
    revised = memory.procedural.revise("bake", ["mix", "rest", "bake"])
    assert (revised.steps, revised.when, revised.version, revised.runs) == (
        ("mix", "rest", "bake"), "at the weekend", 2, 1,
    )  # fmt: skip
    assert [version.metadata["steps"] for version in memory.history(taught.id)] == [
        ["mix", "bake"],
        ["mix", "rest", "bake"],
    ]
    memory.procedural.record_run("bake", success=False)
    memory.restore(taught.id, 1)
    again = memory.procedural.get("bake")
    assert (again.steps, again.runs, again.successes) == (("mix", "bake"), 2, 1)


def test_runs_are_counted_timed_and_noted() -> None:
    memory = remembering()
    done = memory.procedural.teach("bake", ["mix"])
    for number in range(25):
        done = memory.procedural.record_run(
            "bake", success=number % 2 == 0, seconds=number or None, note=f"note {number}"
        )
    assert (done.runs, done.successes, done.mean_seconds) == (25, 13, 12.5)
    assert done.notes == tuple(f"note {number}" for number in range(5, 25))
    assert done.version == 1, "the history is that of the steps"
    assert memory.procedural.get("bake") == done


def test_no_run_is_lost_while_others_revise() -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"])

    def run(_: int) -> None:
        for _turn in range(25):
            memory.procedural.record_run("bake", success=True)

    def revise(number: int) -> None:
        for turn in range(10):
            memory.procedural.revise("bake", [f"step {number}.{turn}"])

    with ThreadPoolExecutor(10) as pool:
        for future in [*(pool.submit(run, n) for n in range(8)), *(pool.submit(revise, n) for n in range(2))]:
            future.result()
    skill = memory.procedural.get("bake")
    assert (skill.runs, skill.successes, skill.version) == (200, 200, 21)


def test_of_two_that_teach_one_name_at_once_one_succeeds() -> None:
    memory = remembering()
    for turn in range(10):
        together = threading.Barrier(4)

        def teach(number: int, turn: int = turn, together: threading.Barrier = together) -> bool:
            together.wait(60)
            try:
                memory.procedural.teach(f"skill {turn}", [f"step {number}"])
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(teach, range(4))) == 1
        assert memory.procedural.get(f"skill {turn}").version == 1


def test_the_best_is_relevant_and_works() -> None:
    memory = remembering()
    for name in ("bake bread in the oven", "bake bread on the grill", "wash the car"):
        memory.procedural.teach(name, ["do it"])
    for _ in range(10):
        memory.procedural.record_run("bake bread in the oven", success=False)
        memory.procedural.record_run("bake bread on the grill", success=True)
        memory.procedural.record_run("wash the car", success=True)
    first, second, *_ = memory.procedural.best("bake bread")
    assert (first.procedure.name, second.procedure.name) == ("bake bread on the grill", "bake bread in the oven")
    assert first.score > second.score
    assert (first.success, second.success) == (wilson(10, 10), 0.0)
    assert len(memory.procedural.best("bake bread", limit=1)) == 1
    assert memory.procedural.best("bake bread", user_id="bob") == []


@given(runs=st.integers(0, 10_000), data=st.data())
def test_the_bound_is_below_the_rate_and_grows_with_success(runs: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, runs))
    bound = wilson(good, runs)
    assert 0.0 <= bound <= (good / runs if runs else 0.0) + 1e-12
    assert wilson(good + 1, runs + 1) >= bound
    assert skill_score(0.5, good + 1, runs + 1) >= skill_score(0.5, good, runs + 1)


def test_the_bound_is_wilsons() -> None:
    assert wilson(0, 0) == wilson(0, 10) == 0.0
    assert wilson(10, 10) == pytest.approx(0.7225, abs=1e-4)
    assert wilson(50, 100) == pytest.approx(0.4038, abs=1e-4)
    never, works, fails = skill_score(1, 0, 0), skill_score(1, 5, 5), skill_score(1, 0, 5)
    assert fails < never < works


@pytest.mark.parametrize("steps", ["mix, bake", [], [""], [None], 5, {"a": 1}, [["mix"]], ["x"] * 1_001, ["a\x00b"]])
def test_steps_that_are_none_are_refused(steps: Any) -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError, match="steps"):
        memory.procedural.teach("bake", steps)
    assert memory.procedural.procedures() == []


@pytest.mark.parametrize("run", [
    {"success": "yes"}, {"success": 1}, {"success": None}, {"success": True, "seconds": -1}, {"success": True, "seconds": 1e308},
    {"success": True, "seconds": float("nan")}, {"success": True, "seconds": "long"}, {"success": True, "note": 5},
    {"success": True, "note": "x" * 10_001},
])  # fmt: skip
def test_a_run_that_cannot_be_is_refused(run: dict[str, Any]) -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"])
    with pytest.raises(InvalidInputError):
        memory.procedural.record_run("bake", **run)
    assert memory.procedural.get("bake").runs == 0


def test_many_long_notes_leave_a_skill_that_can_be_revised() -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"])
    for _ in range(25):
        memory.procedural.record_run("bake", success=True, note="里" * 10_000, seconds=1e9)
    assert memory.procedural.revise("bake", ["rest"]).runs == 25


@pytest.mark.parametrize("metadata", [
    {"runs": 3}, {"runs": {"count": "many"}}, {"runs": {"notes": 5}}, {"steps": "abc"}, {"steps": [1]}, {"steps": []}, {"when": 7},
    {"name": 5}, {"steps": None}, {"runs": None},
])  # fmt: skip
def test_metadata_of_the_callers_own_breaks_nothing(metadata: dict[str, Any]) -> None:
    memory = remembering()
    added = memory.procedural.add("Bake bread", metadata=metadata).ids[0]
    [skill] = memory.procedural.procedures()
    assert (skill.steps, skill.runs, skill.when) == (("Bake bread",), 0, None)
    assert memory.procedural.record_run(added, success=True).runs == 1
    assert memory.procedural.revise(added, ["mix", "bake"]).runs == 1
    assert memory.procedural.best("bake")[0].procedure.steps == ("mix", "bake")


def test_unknown_skills_are_not_found_and_those_there_are_named() -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"])
    for call in (
        lambda: memory.procedural.get("fly"),
        lambda: memory.procedural.revise("fly", ["jump"]),
        lambda: memory.procedural.record_run("fly", success=True),
        lambda: memory.procedural.delete("fly"),
    ):
        with pytest.raises(NotFoundError, match="bake"):
            call()


def test_a_deleted_skill_can_be_taught_anew_without_its_runs() -> None:
    memory = remembering()
    taught = memory.procedural.teach("bake", ["mix"])
    memory.procedural.record_run("bake", success=True)
    memory.procedural.delete("bake")
    again = memory.procedural.teach("bake", ["other"])
    assert (again.id, again.runs, again.steps) == (taught.id, 0, ("other",))


def test_a_new_content_takes_the_place_of_the_steps() -> None:
    memory = remembering()
    taught = memory.procedural.teach("bake", ["mix"])
    memory.procedural.update(taught.id, content="buy it")
    assert (memory.procedural.get("bake").steps, memory.procedural.get("bake").name) == (("buy it",), "bake")


def test_skills_survive_a_restart_with_their_runs(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal") as before:
        before.procedural.teach("烤面包", ["和面"])
        done = before.procedural.record_run("烤面包", success=True, seconds=3.5, note="很好")
    with AgentMem(tmp_path, embedder="hashing", index="none") as after:
        assert after.procedural.get("烤面包") == done


def test_skills_of_others_are_unknown() -> None:
    memory = remembering()
    memory.procedural.teach("bake", ["mix"], session_id="s1")
    for scope in ({"user_id": "bob"}, {"session_id": "s2"}, {"agent_id": "x"}):
        given_scope: Any = scope
        assert memory.procedural.procedures(**given_scope) == []
        with pytest.raises(AgentMemError):
            memory.procedural.record_run("bake", success=True, **given_scope)
    assert memory.procedural.get("bake").runs == 0, "a wider scope sees it"


async def test_the_same_without_blocking() -> None:
    memory = remembering()
    await memory.procedural.ateach("bake", ["mix"])
    await memory.procedural.arevise("bake", ["mix", "bake"])
    await memory.procedural.arecord_run("bake", success=True)
    assert (await memory.procedural.aget("bake")).runs == 1
    assert len(await memory.procedural.abest("bake")) == len(await memory.procedural.aprocedures()) == 1
    assert await memory.procedural.adelete("bake") == 1


def test_the_same_steps_again_are_the_same_skill_whether_their_use_is_told_or_not() -> None:
    memory = remembering()
    taught = memory.procedural.teach("deploy", ["test", "push"], when="shipping")
    assert memory.procedural.teach("deploy", ["test", "push"]) == taught
    assert memory.procedural.teach("deploy", ["test", "push"], when="shipping") == taught
    with pytest.raises(ConflictError, match="another when="):
        memory.procedural.teach("deploy", ["test", "push"], when="releasing")
    with pytest.raises(ConflictError, match="other steps"):
        memory.procedural.teach("deploy", ["push"])
