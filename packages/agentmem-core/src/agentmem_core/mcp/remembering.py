"""Tools that change what is remembered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.errors import InvalidInputError
from agentmem_core.mcp.arguments import Arguments, Moment
from agentmem_core.mcp.showing import line, whole
from agentmem_core.mcp.tool import Answer, Tool, answer
from agentmem_core.model import AddOutcome
from agentmem_core.model.values import Value

_BY_MODEL = "over MCP"
"""Why, in the history, where nobody said it."""


class _Turn(Value):
    role: Annotated[str, Field(description="user or assistant")]
    content: str
    name: str | None = None


class _Remember(Arguments):
    text: Annotated[str | None, Field(description="One fact that can be understood on its own")] = None
    turns: Annotated[tuple[_Turn, ...] | None, Field(description="Instead: a conversation, word for word")] = None
    type: Annotated[
        Literal["semantic", "episodic", "procedural"] | None, Field(description="Fact, event or how-to; else chosen")
    ] = None
    importance: Annotated[float | None, Field(description="0 to 1")] = None
    occurred_at: Annotated[Moment | None, Field(description="ISO date: when it was so")] = None
    expires_at: Moment | None = None
    metadata: dict[str, Any] | None = None


async def _remember(memory: AgentMem, said: _Remember) -> Answer:
    if (said.text is None) == (said.turns is None):
        raise InvalidInputError("remember: give text, or turns; one of them")
    content: Any = said.text if said.turns is None else [turn.model_dump(exclude_none=True) for turn in said.turns]
    added = await memory.aadd(
        content, type=said.type, importance=said.importance, occurred_at=said.occurred_at, expires_at=said.expires_at,
        metadata=said.metadata,
    )  # fmt: skip
    known = sum(item.outcome is AddOutcome.KNOWN for item in added.items)
    told = ["Remembered as " + ", ".join(added.ids) + (f" ({known} known before)." if known else "."), *added.warnings]
    return Answer("\n".join(told), {"ids": added.ids, "created": added.created})


class _Update(Arguments):
    id: str
    text: str | None = None
    importance: float | None = None
    occurred_at: Moment | None = None
    expires_at: Moment | None = None
    metadata: Annotated[dict[str, Any] | None, Field(description="Replaces all of it")] = None
    reason: str | None = None


async def _update(memory: AgentMem, said: _Update) -> Answer:
    given: dict[str, Any] = {
        "content": said.text,
        **said.model_dump(include={"importance", "occurred_at", "expires_at", "metadata"}),
    }
    if all(value is None for value in given.values()):
        raise InvalidInputError("update_memory: say what is to change: text, importance, occurred_at, metadata, ...")
    changed = await memory.aupdate(said.id, **given, reason=said.reason or _BY_MODEL)
    return Answer(f"Version {changed.version} now: {line(changed)}", whole(changed))


class _Restore(Arguments):
    id: str
    version: int


async def _restore(memory: AgentMem, said: _Restore) -> Answer:
    found = await memory.arestore(said.id, said.version)
    return Answer(f"Version {found.version} now: {line(found)}", whole(found))


class _Ids(Arguments):
    ids: tuple[str, ...]


class _Delete(_Ids):
    reason: str | None = None


async def _delete(memory: AgentMem, said: _Delete) -> Answer:
    deleted = await memory.adelete(said.ids, reason=said.reason or _BY_MODEL)
    return Answer(f"Deleted {deleted}; restore_memory brings them back.", {"deleted": deleted})


async def _forget(memory: AgentMem, said: _Ids) -> Answer:
    if not said.ids:
        raise InvalidInputError("forget: ids: must not be empty; a person erases all of a user with `agentmem forget`")
    receipt = await memory.aforget(said.ids)
    return Answer(f"Erased {receipt.memories} for good.", receipt.model_dump(mode="json"))


class _Relate(Arguments):
    source: Annotated[str, Field(description="A name or a memory's id")]
    relation: Annotated[str, Field(description="As works_with")]
    target: str
    weight: float = 1.0


async def _relate(memory: AgentMem, said: _Relate) -> Answer:
    link = await memory.semantic.arelate(said.source, said.relation, said.target, weight=said.weight)
    return Answer(f"{link.source} {link.relation} {link.target}", link.model_dump(mode="json", exclude_none=True))


class _Learn(Arguments):
    since: Moment | None = None


async def _learn(memory: AgentMem, said: _Learn) -> Answer:
    learned = await memory.alearn(since=said.since)
    told = [f"{item.action}: {item.fact}" for item in learned.decisions]
    text = "\n".join([*told, *learned.warnings]) or "There was nothing to learn."
    return Answer(text, {"learned": told, "changed": list(learned.changed), "left": learned.left})


REMEMBERING = (
    Tool(
        "remember", "Remember",
        "Keep something for later conversations: what the user says of themselves, wishes, decides or corrects. "
        "Say whom and what in one sentence, in the user's language. No secrets.",
        "writes", _Remember, _remember, answer(ids="string[]", created="integer"),
    ),
    Tool(
        "update_memory", "Correct a memory", "Correct a memory that is wrong or outdated; the old version stays in its history.",
        "writes", _Update, _update, answer(id="string", version="integer"),
    ),
    Tool(
        "restore_memory", "Restore a memory", "Make an earlier version the current one; a deleted memory lives again.",
        "writes", _Restore, _restore, answer(id="string", version="integer"),
    ),
    Tool(
        "delete_memory", "Delete memories", "Delete memories that are wrong or no longer wanted; they can be restored.",
        "removes", _Delete, _delete, answer(deleted="integer"),
    ),
    Tool(
        "forget", "Erase for good", "Erase memories and their history for good. Only when the user asks for erasure; otherwise delete_memory.",
        "removes", _Ids, _forget, answer(memories="integer"), repeatable=True,
    ),
    Tool(
        "relate", "Relate two things", "Keep how two persons, things or memories are related.",
        "writes", _Relate, _relate, answer(source="string", relation="string", target="string"), repeatable=True,
    ),
    Tool(
        "learn", "Learn facts", "Learn facts from the turns that were remembered and not learnt from yet.",
        "writes", _Learn, _learn, answer(learned="string[]", left="integer"), repeatable=True, learns=True,
    ),
)  # fmt: skip
