"""Skills as steps."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from agentmem_core.model.agents import Procedure, Skill
from agentmem_core.model.values import Content, Name, Text
from agentmem_core.operations.base import Access, AgentOp


def _several(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("must be a list of texts, one a step")  # noqa: TRY004 - pydantic wants ValueError
    return value


def _short(value: str) -> str:
    if len(value) > 10_000:
        raise ValueError(f"is {len(value):,} characters long, the limit is 10,000")
    return value


Steps = Annotated[tuple[Content, ...], BeforeValidator(_several), Field(min_length=1, max_length=1_000)]
"""One text a step, in order."""


class TeachProcedure(AgentOp[Procedure]):
    """Keep a skill under a name; ``when`` says what it is good for."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "teach"
    repeatable: ClassVar[bool] = True

    name: Name
    steps: Steps
    when: Text | None = None


class ReviseProcedure(AgentOp[Procedure]):
    """Give a skill other steps; the former ones stay in its history."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "revise"
    repeatable: ClassVar[bool] = True

    name: Name
    steps: Steps
    when: Text | None = None


class RecordRun(AgentOp[Procedure]):
    """Say how a run of a skill went."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "record_run"

    name: Name
    success: Annotated[bool, Field(strict=True)]
    seconds: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    note: Annotated[Text, AfterValidator(_short)] | None = None


class GetProcedure(AgentOp[Procedure]):
    """The skill of that name, or id."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "get"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    name: Name


class ListProcedures(AgentOp[list[Procedure]]):
    """Every skill of the scope, in the order they were taught."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "procedures"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True


class BestProcedures(AgentOp[list[Skill]]):
    """The skills for a task: relevance weighed with the Wilson lower bound of their success rate."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "best"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    task: Content
    limit: Annotated[int, Field(ge=1, le=100)] = 3


class DeleteProcedure(AgentOp[int]):
    """Delete a skill by its name or id; it can be restored by its id until ``compact``."""

    agent: ClassVar[str] = "procedural"
    verb: ClassVar[str] = "delete"

    name: Name
