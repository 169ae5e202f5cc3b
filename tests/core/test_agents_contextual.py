"""The state around the user: any JSON value a key, for as long as it holds, with every change told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.core.clock import DAY, HOUR, NOON, Clock, remembering

from agentmem_core import AgentMem, InvalidInputError, NotFoundError
from agentmem_core.testing import strategies


def holds(memory: AgentMem, **scope: Any) -> dict[str, Any]:
    return {state.key: state.value for state in memory.contextual.current(**scope)}


def test_a_state_is_set_got_and_told_with_its_source() -> None:
    memory = remembering()
    state = memory.contextual.set("位置", "里斯本", source="gps")
    assert (state.key, state.value, state.source, state.set_at, state.expires_at) == (
        "位置",
        "里斯本",
        "gps",
        NOON,
        None,
    )
    memory.contextual.set("battery", 0.5)
    assert memory.contextual.get("位置") == memory.contextual.get(state.id) == state
    assert [found.key for found in memory.contextual.current()] == ["battery", "位置"]
    assert memory.contextual.compile() == (
        "- battery: 0.5 (since 2024-05-03 12:00 UTC)\n- 位置: 里斯本 (since 2024-05-03 12:00 UTC)"
    )
    assert memory.contextual.search("里斯本")[0].memory.id == state.id


@given(value=strategies.json_values())
@settings(max_examples=60)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    memory = remembering()
    if isinstance(value, str) and "\x00" in value:
        return
    assert memory.contextual.set("key", value).value == value
    assert memory.contextual.get("key").value == value
    assert memory.contextual.set("key", value).version == 1, "the same again changes nothing"


@pytest.mark.parametrize(
    "value", [object(), b"x", float("nan"), float("inf"), {1: 2}, "\ud800", "a\x00b", {"a": {1}}, "x" * 1_000_001, NOON],
)  # fmt: skip
def test_what_is_no_json_is_refused_and_leaves_what_holds(value: Any) -> None:
    memory = remembering()
    memory.contextual.set("key", "before")
    with pytest.raises(InvalidInputError):
        memory.contextual.set("key", value)
    assert holds(memory) == {"key": "before"}


def test_what_holds_for_a_time_holds_no_longer() -> None:
    clock = Clock()
    memory = remembering(clock)
    memory.contextual.set("mood", "tired", ttl=HOUR)
    memory.contextual.set("town", "Lisbon")
    clock.pass_(HOUR - timedelta(microseconds=1))
    assert holds(memory) == {"mood": "tired", "town": "Lisbon"}
    clock.pass_(timedelta(microseconds=1))
    assert holds(memory) == {"town": "Lisbon"}
    assert "mood" not in memory.contextual.compile()
    for call in (lambda: memory.contextual.get("mood"), lambda: memory.contextual.delete("mood")):
        with pytest.raises(NotFoundError, match="town"):
            call()


def test_setting_the_same_again_renews_its_time() -> None:
    clock = Clock()
    memory = remembering(clock)
    memory.contextual.set("mood", "tired", ttl=60)
    clock.pass_(timedelta(seconds=30))
    assert memory.contextual.set("mood", "tired", ttl=60).expires_at == clock.now + timedelta(seconds=60)
    clock.pass_(timedelta(seconds=45))
    assert holds(memory) == {"mood": "tired"}
    assert memory.contextual.set("mood", "tired").expires_at is None
    clock.pass_(9 * DAY)
    assert holds(memory) == {"mood": "tired"}


def test_changes_are_told_oldest_first_with_what_went() -> None:
    clock = Clock()
    memory = remembering(clock)
    memory.contextual.set("town", "Porto", source="told")
    clock.pass_(HOUR)
    memory.contextual.set("town", "Lisbon", source="gps")
    memory.contextual.set("mood", "tired", ttl=HOUR)
    clock.pass_(2 * HOUR)
    memory.contextual.delete("town")
    told = [
        ((change.at - NOON) // HOUR, change.key, change.operation, change.value, change.source)
        for change in memory.contextual.changes(NOON)
    ]
    assert told == [
        (0, "town", "add", "Porto", "told"),
        (1, "town", "update", "Lisbon", "gps"),
        (1, "mood", "add", "tired", None),
        (2, "mood", "expire", None, None),
        (3, "town", "delete", None, "gps"),
    ]
    assert [change.operation for change in memory.contextual.changes(NOON + 2 * HOUR)] == ["expire", "delete"]
    assert memory.contextual.changes(NOON + 9 * HOUR) == []
    for since in (datetime(2024, 1, 1), "yesterday", None, 5.5j):  # noqa: DTZ001 - naive on purpose
        with pytest.raises(InvalidInputError):
            memory.contextual.changes(since)  # type: ignore[arg-type]  # what a clumsy user gives


def test_the_first_and_the_last_year_are_moments_too() -> None:
    memory = remembering()
    memory.contextual.set("town", "Lisbon")
    assert len(memory.contextual.changes("0001-01-01T00:00:00Z")) == 1
    assert memory.contextual.changes("9999-12-31T23:59:59Z") == []
    assert memory.contextual.set("mood", "ok", ttl=timedelta(days=36_500)).expires_at is not None
    for ttl in (0, -1, timedelta(days=36_501), "soon", float("nan"), 1e300):
        with pytest.raises(InvalidInputError, match="ttl"):
            memory.contextual.set("mood", "ok", ttl=ttl)  # type: ignore[arg-type]  # what a clumsy user gives


@pytest.mark.parametrize("key", ["k" * 10_000, "", " ", "a\x00b", "\ud800", None, 5])
def test_a_key_that_cannot_be_is_refused(key: Any) -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError, match="key"):
        memory.contextual.set(key, 1)
    assert holds(memory) == {}


def test_states_are_apart_by_scope() -> None:
    memory = remembering()
    scopes: list[Any] = [{}, {"user_id": "bob"}, {"agent_id": "x"}, {"session_id": "s"}]
    for number, scope in enumerate(scopes):
        memory.contextual.set("n", number, **scope)
    assert [memory.contextual.get("n", **scope).value for scope in scopes] == [0, 1, 2, 3]
    assert holds(memory, user_id="bob") == {"n": 1}
    assert holds(memory, session_id="other") == {}
    assert memory.contextual.changes(NOON, user_id="nobody") == []
    memory.contextual.delete("n", session_id="s")
    assert memory.contextual.get("n").value == 0


def test_a_new_content_is_the_new_value() -> None:
    memory = remembering()
    state = memory.contextual.set("town", "Porto")
    memory.contextual.update(state.id, content="Lisbon", metadata={"mine": 1})
    assert (memory.contextual.get("town").value, memory.contextual.get("town").key) == ("Lisbon", "town")


def test_a_deleted_state_can_be_restored_or_set_anew() -> None:
    memory = remembering()
    state = memory.contextual.set("town", "Porto")
    memory.contextual.delete("town")
    memory.restore(state.id, 1)
    assert holds(memory) == {"town": "Porto"}
    memory.contextual.delete("town")
    assert memory.contextual.set("town", "Lisbon").id == state.id


def test_compile_keeps_the_newest_within_its_tokens() -> None:
    clock = Clock()
    memory = remembering(clock)
    for number in range(20):
        memory.contextual.set(f"key {number}", "line\nbreak")
        clock.pass_(HOUR)
    lines = memory.contextual.compile(max_tokens=40).splitlines()
    assert lines[0].startswith("- key 19: line break")
    assert 1 <= len(lines) < 5


def test_states_survive_a_restart(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal") as before:
        before.contextual.set("位置", {"城市": "里斯本", "n": [1, None]}, ttl=DAY, source="gps")
        current, changes = before.contextual.current(), before.contextual.changes("2000-01-01T00:00:00Z")
    with AgentMem(tmp_path, embedder="hashing", index="none") as after:
        assert after.contextual.current() == current
        assert after.contextual.changes("2000-01-01T00:00:00Z") == changes


async def test_the_same_without_blocking() -> None:
    memory = remembering()
    state = await memory.contextual.aset("town", "Lisbon")
    assert await memory.contextual.aget("town") == state
    assert await memory.contextual.acurrent() == [state]
    assert len(await memory.contextual.achanges(NOON)) == 1
    assert (await memory.contextual.acompile()).startswith("- town: Lisbon")
    assert await memory.contextual.adelete("town") == 1


@pytest.mark.parametrize("since", ["2024", 2024, 5.5, " -7 ", True])
def test_a_number_is_no_moment(since: object) -> None:
    with remembering() as memory, pytest.raises(InvalidInputError, match="since: must be an aware datetime"):
        memory.contextual.changes(since)  # type: ignore[arg-type]  # what a clumsy user gives
