"""What holds for every agent there is: the common verbs, both colours, restarts, scopes, many scripts, hostile input."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.clock import remembering

import agentmem_core
from agentmem_core import AgentMem, AgentMemError, InvalidInputError, NotFoundError
from agentmem_core.agents.table import AGENT_HANDLERS
from agentmem_core.client.agents.agents import KINDS
from agentmem_core.client.agents.base import Agent
from agentmem_core.client.agents.dispatching import verbs_of
from agentmem_core.model import Added, MemoryType
from agentmem_core.operations import Op
from agentmem_core.operations.agents import AGENT_OPS
from agentmem_core.ports import Backend
from agentmem_core.testing import in_memory_backend, strategies

NAMES = [kind.name for kind in KINDS]
COMMON = ("add", "search", "get", "list", "update", "delete")
KNOWS_ITS_WORD = {"core": "label", "procedural": "name", "contextual": "key"}
"""Agents whose memories are also known by a word; get and delete take it, or the id."""

Verb = Callable[..., Any]


def _takes_texts(name: str) -> bool:
    """Whether an agent's common verbs are about texts; files and secrets have listings of their own."""
    kind = next(kind for kind in KINDS if kind.name == name)
    return kind.add is Agent.add and kind.search is Agent.search and kind.list is Agent.list


TEXTUAL = [name for name in NAMES if _takes_texts(name)]

every_agent = pytest.mark.parametrize("name", NAMES)
every_textual_agent = pytest.mark.parametrize("name", TEXTUAL)


@pytest.fixture
def memory() -> Iterator[AgentMem]:
    with remembering() as memory:
        yield memory


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Calls an agent's verb in one colour."""

    def calling(agent: Agent, verb: str, *arguments: Any, **options: Any) -> Any:
        if request.param == "sync":
            return getattr(agent, verb)(*arguments, **options)
        return asyncio.run(getattr(agent, f"a{verb}")(*arguments, **options))

    return calling


def the_id(added: Added) -> str:
    (only,) = added.ids
    return only


# --- the common verbs -------------------------------------------------------------------------------------------------


@every_textual_agent
def test_what_is_added_is_found_listed_got_changed_and_deleted(memory: AgentMem, name: str, call: Verb) -> None:
    agent: Any = memory.agents.get(name)
    added = the_id(call(agent, "add", "green tea in the kitchen", metadata={"n": 1}, importance=0.75))
    assert call(agent, "get", added).id == added
    [hit] = call(agent, "search", "green tea")
    assert (hit.memory.id, hit.memory.type, hit.memory.importance) == (added, agent.type, 0.75)
    assert [memory.id for memory in call(agent, "list").items] == [added]
    changed = call(agent, "update", added, content="black coffee", metadata={"n": 2}, reason="changed my mind")
    assert (changed.content, changed.metadata["n"], changed.version) == ("black coffee", 2, 2)
    assert call(agent, "search", "green tea", mode="lexical") == []
    assert call(agent, "search", filters={"n": 2})[0].memory.content == "black coffee"
    assert [version.reason for version in memory.history(added)] == [None, "changed my mind"]
    assert call(agent, "delete", added) == 1
    assert call(agent, "list").items == ()
    with pytest.raises(NotFoundError):
        call(agent, "get", added)
    memory.restore(added, 1)
    assert call(agent, "search", "green tea")[0].memory.id == added


@every_textual_agent
def test_an_agent_sees_only_its_own_type(memory: AgentMem, name: str) -> None:
    mine = memory.agents.get(name)
    others: list[Any] = [agent for agent in memory.agents if agent.name != name]
    added = the_id(mine.add("green tea"))
    assert memory.get(added).type is mine.type
    for other in others:
        assert not (other.list().items if other.name in TEXTUAL else other.list())
        if other.name in TEXTUAL:
            assert other.search("green tea") == []
        for refused in (
            lambda other=other: other.get(added),
            lambda other=other: other.update(added, importance=0.1),
            lambda other=other: other.delete(added),
        ):
            with pytest.raises(AgentMemError):
                refused()
    assert mine.list().items[0].version == 1


@every_textual_agent
def test_pages_cover_everything_once(memory: AgentMem, name: str, call: Verb) -> None:
    agent: Any = memory.agents.get(name)
    for number in range(7):
        agent.add(f"text {number}")
    memory.add("another type", type="episodic" if name != "episodic" else "semantic")
    seen: list[str] = []
    cursor = None
    while True:
        page = call(agent, "list", limit=3, cursor=cursor, order="newest")
        seen += [item.content for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"text {number}" for number in reversed(range(7))]


@every_textual_agent
def test_it_survives_a_restart(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
    with AgentMem(tmp_path, **options) as before:
        added = the_id(before.agents.get(name).add("我去年五月搬到了里斯本", metadata={"n": 1}))
        before.agents.get(name).update(added, importance=0.9)
        listed = before.agents.get(name).list()
    with AgentMem(tmp_path, **options) as after:
        agent: Any = after.agents.get(name)
        assert agent.list() == listed
        assert agent.get(added).id == added
        assert [hit.memory.id for hit in agent.search("里斯本")] == [added]


@every_textual_agent
@pytest.mark.parametrize(
    ("text", "query"),
    [("我去年五月搬到了里斯本", "里斯本"), ("她对花生过敏", "花生"), ("明天下午三点开会", "开会"), ("東京に住んでいます", "東京")],
)  # fmt: skip
def test_chinese_and_japanese_are_found_by_their_words(memory: AgentMem, name: str, text: str, query: str) -> None:
    agent: Any = memory.agents.get(name)
    agent.add("something else entirely")
    added = the_id(agent.add(text))
    assert agent.search(query, mode="lexical")[0].memory.id == added
    assert agent.list(order="newest").items[0].content == text


@every_textual_agent
@pytest.mark.parametrize(
    "content", ["", "  \n", "a\x00b", "\ud800", None, 5, object(), b"bytes", "x" * 1_000_001, "里" * 333_334],
)  # fmt: skip
def test_what_is_no_text_is_refused_and_leaves_nothing(memory: AgentMem, name: str, content: Any, call: Verb) -> None:
    agent: Any = memory.agents.get(name)
    with pytest.raises(InvalidInputError):
        call(agent, "add", content)
    assert agent.list().items == ()


@every_textual_agent
def test_a_value_of_100_mb_is_refused_by_its_size(memory: AgentMem, name: str) -> None:
    agent: Any = memory.agents.get(name)
    with pytest.raises(InvalidInputError, match="100,000,000 bytes"):
        agent.add("x" * 100_000_000)
    with pytest.raises(InvalidInputError, match="metadata"):
        agent.add("x", metadata={"big": "x" * 2_000_000})


@every_agent
@pytest.mark.parametrize("word", ["nobody", "../../etc/passwd", "entity:lisbon", "%", "' OR 1=1 --", "里斯本"])
def test_unknown_ids_are_not_found(memory: AgentMem, name: str, word: str, call: Verb) -> None:
    agent: Any = memory.agents.get(name)
    for verb in ("get", "delete"):
        with pytest.raises(NotFoundError):
            call(agent, verb, word)
    with pytest.raises(NotFoundError):
        call(agent, "update", word, importance=0.5)


@every_agent
@pytest.mark.parametrize("word", ["", " ", "a\x00b", "\ud800", "l" * 10_000, None, 5])
def test_ids_that_cannot_be_are_refused(memory: AgentMem, name: str, word: Any) -> None:
    agent: Any = memory.agents.get(name)
    for verb in (agent.get, agent.delete, lambda word: agent.update(word, importance=0.5)):
        with pytest.raises(InvalidInputError):
            verb(word)


@every_agent
def test_an_argument_it_does_not_know_is_named(memory: AgentMem, name: str) -> None:
    agent: Any = memory.agents.get(name)
    with pytest.raises(InvalidInputError, match="tenant"):
        agent.list(tenant="zeta")
    with pytest.raises(InvalidInputError, match="usr_id"):
        agent.list(usr_id="bob")


@every_agent
def test_repr_shows_nothing_it_holds(memory: AgentMem, name: str) -> None:
    agent: Any = memory.agents.get(name)
    if name in TEXTUAL:
        agent.add("a secret of mine")
    assert "secret" not in repr(agent)
    assert name in repr(agent)


# --- isolation --------------------------------------------------------------------------------------------------------


@every_textual_agent
@given(
    items=st.lists(st.tuples(strategies.scopes(), st.sampled_from(("tea", "coffee", "里斯本"))), max_size=8),
    asking=strategies.scopes(),
)
@settings(max_examples=12)
def test_nobody_sees_what_is_not_theirs(name: str, items: list[tuple[Any, str]], asking: Any) -> None:
    backend = in_memory_backend()
    ids: dict[str, Any] = {}
    for scope, text in items:
        client = AgentMem(backend=backend, **scope.model_dump())
        ids[the_id(client.agents.get(name).add(text))] = scope
    visible = {memory_id for memory_id, scope in ids.items() if asking.admits(scope)}
    agent: Any = AgentMem(backend=backend, **asking.model_dump()).agents.get(name)
    assert {memory.id for memory in agent.list().items} == visible
    assert {hit.memory.id for hit in agent.search(limit=100)} == visible
    for text in ("tea", "coffee", "里斯本"):
        assert {hit.memory.id for hit in agent.search(text, limit=100)} <= visible
    for memory_id in ids.keys() - visible:
        for verb in (agent.get, agent.delete, lambda word: agent.update(word, importance=0.5)):
            with pytest.raises(NotFoundError):
                verb(memory_id)


@every_textual_agent
def test_a_call_may_name_its_scope(memory: AgentMem, name: str, call: Verb) -> None:
    agent: Any = memory.agents.get(name)
    call(agent, "add", "of bob", user_id="bob")
    call(agent, "add", "of a session", session_id="s1")
    assert [item.content for item in call(agent, "list").items] == ["of a session"]
    assert [item.content for item in call(agent, "list", user_id="bob").items] == ["of bob"]
    assert [hit.memory.content for hit in call(agent, "search", session_id="s1")] == ["of a session"]
    assert call(agent, "list", session_id="s2").items == ()


@every_textual_agent
def test_forgetting_a_session_takes_only_what_is_of_it(memory: AgentMem, name: str) -> None:
    agent: Any = memory.agents.get(name)
    for session in (None, "s1", "s2"):
        agent.add(f"of {session}", session_id=session)
    assert memory.forget(session_id="s1").memories == 1
    assert [item.content for item in agent.list().items] == ["of None", "of s2"]


# --- parity -----------------------------------------------------------------------------------------------------------


class _Recorder:
    """A backend that notes what it is asked, and answers nothing."""

    def __init__(self) -> None:
        self.asked: list[Op[Any]] = []

    def execute(self, op: Op[Any]) -> Any:
        self.asked.append(op)
        raise _HeardError

    async def aexecute(self, op: Op[Any]) -> Any:
        return self.execute(op)

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


class _HeardError(Exception):
    pass


_ARGUMENTS: dict[str, Any] = {
    "content": "text", "text": "text", "id": "x", "label": "x", "name": "x", "key": "x", "old": "x", "new": "y", "value": "1",
    "steps": ["a"], "success": True, "task": "x", "start": "2024-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z", "a": "x",
    "b": "y", "relation": "knows", "of": "x", "entity": "x", "since": "2024-01-01T00:00:00Z", "importance": 0.5,
    "reason": "asked to", "source": b"bytes", "file": b"bytes", "path": b"bytes", "path_or_bytes": b"bytes", "data": b"bytes",
}  # fmt: skip


def _asked(agent: Agent, verb: str, backend: _Recorder) -> list[Op[Any]]:
    """What a verb asks the backend, in its colour."""
    method = getattr(agent, verb)
    wanted = {
        name: _ARGUMENTS[name]
        for name, parameter in inspect.signature(method).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }
    backend.asked.clear()
    with pytest.raises(_HeardError):
        _called(method, wanted)
    return list(backend.asked)


def _called(method: Verb, wanted: dict[str, Any]) -> None:
    if inspect.iscoroutinefunction(method):
        asyncio.run(method(**wanted))
    else:
        method(**wanted)


def _public(kind: type[Agent]) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_verb_has_a_twin_with_an_equal_signature_and_a_docstring(kind: type[Agent]) -> None:
    names = _public(kind)
    verbs = [name for name in names if f"a{name}" in names]
    assert set(COMMON) <= set(verbs)
    twins = {f"a{name}" for name in verbs}
    assert set(names) == {*verbs, *twins}, "a public method without a twin"
    for verb in verbs:
        plain, twin = getattr(kind, verb), getattr(kind, f"a{verb}")
        assert inspect.iscoroutinefunction(twin)
        assert not inspect.iscoroutinefunction(plain)
        assert inspect.signature(plain) == inspect.signature(twin)
        assert (plain.__doc__ or "").strip()
        assert (twin.__doc__ or "").startswith(f"``{verb}`` without blocking")


@pytest.mark.parametrize("kind", KINDS)
def test_both_colours_ask_the_same_of_the_backend(kind: type[Agent]) -> None:
    recorder = _Recorder()
    backend: Backend = recorder
    with AgentMem(backend=backend, user_id="ana") as memory:
        agent = memory.agents.get(kind.name)
        for verb in verbs_of(agent):
            plain, twin = _asked(agent, verb, recorder), _asked(agent, f"a{verb}", recorder)
            assert plain == twin
            assert plain, verb
            (op,) = plain
            assert op.scope == memory.scope
            kinds = {type(op), *type(op).__mro__}
            assert kinds & set(AGENT_OPS) or getattr(op, "types", (agent.type,)) == (agent.type,), (
                f"{kind.name}.{verb} is neither an operation of an agent nor held to its type"
            )


def test_every_operation_of_an_agent_has_a_handler_and_is_reached_by_a_face() -> None:
    assert set(AGENT_OPS) == set(AGENT_HANDLERS)
    assert len({(op.agent, op.verb) for op in AGENT_OPS}) == len(AGENT_OPS)
    recorder = _Recorder()
    backend: Backend = recorder
    reached: dict[type[Op[Any]], tuple[str, str]] = {}
    with AgentMem(backend=backend) as memory:
        for agent in memory.agents:
            for verb in verbs_of(agent):
                for op in _asked(agent, verb, recorder):
                    reached[type(op)] = (agent.name, verb)
    for kind in AGENT_OPS:
        assert reached.get(kind) == (kind.agent, kind.verb)


def test_agents_are_given_by_name_and_in_one_order(memory: AgentMem) -> None:
    assert [agent.name for agent in memory.agents] == NAMES
    assert len(memory.agents) == len(NAMES)
    for agent in memory.agents:
        assert type(getattr(memory, agent.name)) is type(agent)
        assert MemoryType(agent.name) is agent.type
    with pytest.raises(NotFoundError, match=r"there are core, working"):
        memory.agents.get("nobody")


def test_what_agents_answer_can_be_imported_from_the_package() -> None:
    for name in ("AgentReply", "AgentTask", "Block", "Neighbour", "Procedure", "Skill", "State", "StateChange"):
        assert name in agentmem_core.__all__
        assert getattr(agentmem_core, name).__doc__


@pytest.mark.parametrize("name", KNOWS_ITS_WORD)
def test_new_metadata_leaves_the_word_alone(memory: AgentMem, name: str) -> None:
    agent: Any = memory.agents.get(name)
    make = {"core": lambda: agent.set("x", "text"), "procedural": lambda: agent.teach("x", ["text"]),
            "contextual": lambda: agent.set("x", "text")}  # fmt: skip
    made = make[name]()
    changed = agent.update(made.id, metadata={"mine": 1})
    assert changed.metadata["mine"] == 1
    assert getattr(agent.get("x"), KNOWS_ITS_WORD[name]) == "x"


def test_short_arguments_may_be_given_by_their_place() -> None:
    with remembering() as memory:
        note = memory.working.push("call Rita")
        assert memory.working.promote(note.id, "episodic").type is MemoryType.EPISODIC
        assert [event.id for event in memory.episodic.around(note.id, 1, 1)] == [note.id]
        memory.procedural.teach("call", ["dial"])
        assert len(memory.procedural.best("call", 1)) == 1
