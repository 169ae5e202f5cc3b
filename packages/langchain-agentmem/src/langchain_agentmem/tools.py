"""Tools with which a model remembers, recalls and forgets for the user it talks to."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, Field

from agentmem_core import AgentMem, Hit, InvalidInputError, Memory, speaker_of, worth_telling
from langchain_agentmem.opening import opened

ToolName = Literal["remember", "recall", "forget"]
NAMES: tuple[ToolName, ...] = get_args(ToolName)
Whose = Callable[[], AgentMem]

NOTHING = "Nothing is remembered about that."


class _Remember(BaseModel):
    content: str = Field(description="The fact to remember, as one sentence that can be understood on its own.")


class _Recall(BaseModel):
    query: str = Field(description="What to look for, in plain words.")
    limit: int = Field(default=5, ge=1, le=50, description="How many memories to return at most.")


class _Forget(BaseModel):
    memory_id: str = Field(description="The id of the memory, as recall shows it.")


def memory_tools(
    client: AgentMem | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    api_key: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
    names: Sequence[ToolName] = NAMES,
) -> list[BaseTool]:
    """The tools ``remember``, ``recall`` and ``forget`` for one user; the model cannot name another.

    ``forget`` moves a memory into the trash, from which ``restore`` brings it back until ``compact()``: models err.
    """
    mine = opened(
        client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id
    )
    return tools_for(lambda: mine, names)


def tools_for(whose: Whose, names: Sequence[ToolName] = NAMES) -> list[BaseTool]:
    """The tools of these names; each call asks ``whose`` memory it is about."""
    unknown = [names] if isinstance(names, str) else [name for name in names if name not in NAMES]
    if unknown:
        raise InvalidInputError(f"names: {unknown[0]!r} is none; give a list of {', '.join(NAMES)}")
    makers = {"remember": _remember, "recall": _recall, "forget": _forget}
    return [makers[name](whose) for name in names]


@contextmanager
def _told_to_the_model() -> Generator[None]:
    """What a model got wrong it is told, to do better; what is wrong with the store is raised."""
    try:
        yield
    except InvalidInputError as error:
        raise ToolException(str(error)) from error


def _remember(whose: Whose) -> BaseTool:
    def remember(content: str) -> str:
        with _told_to_the_model():
            return f"Remembered as {whose().add(content).ids[0]}."

    async def aremember(content: str) -> str:
        with _told_to_the_model():
            return f"Remembered as {(await whose().aadd(content)).ids[0]}."

    return StructuredTool.from_function(
        remember,
        aremember,
        name="remember",
        description="Keep a fact about the user or the task for later conversations.",
        args_schema=_Remember,
        handle_tool_error=True,
    )


def _recall(whose: Whose) -> BaseTool:
    def recall(query: str, limit: int = 5) -> str:
        with _told_to_the_model():
            return _shown(query, whose().search(query, limit=limit))

    async def arecall(query: str, limit: int = 5) -> str:
        with _told_to_the_model():
            return _shown(query, await whose().asearch(query, limit=limit))

    return StructuredTool.from_function(
        recall,
        arecall,
        name="recall",
        description="Look up what is remembered from earlier conversations. Each line begins with the memory's id.",
        args_schema=_Recall,
        handle_tool_error=True,
    )


def _forget(whose: Whose) -> BaseTool:
    def forget(memory_id: str) -> str:
        with _told_to_the_model():
            return _forgotten(memory_id, whose().delete([memory_id], missing="ignore", reason="tool"))

    async def aforget(memory_id: str) -> str:
        with _told_to_the_model():
            return _forgotten(memory_id, await whose().adelete([memory_id], missing="ignore", reason="tool"))

    return StructuredTool.from_function(
        forget,
        aforget,
        name="forget",
        description="Remove one memory that is wrong or no longer wanted, by its id.",
        args_schema=_Forget,
        handle_tool_error=True,
    )


def _shown(query: str, hits: Sequence[Hit]) -> str:
    return "\n".join(_line(hit.memory) for hit in worth_telling(hits, query=query)) or NOTHING


def _line(memory: Memory) -> str:
    who, said = speaker_of(memory), " ".join(memory.content.split())
    return f"{memory.id} [{memory.occurred_at:%Y-%m-%d}] {f'{who}: {said}' if who else said}"


def _forgotten(memory_id: str, count: int) -> str:
    return f"Forgotten: {memory_id}." if count else f"There is no memory {memory_id}."
