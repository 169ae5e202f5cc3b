"""Models that answer what a test wrote for them, and what of a memory tests look at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.core.clock import Clock

from agentmem_core import AgentMem, Prompt, Reply, Usage
from agentmem_core.model import MemoryType
from agentmem_core.operations import Search
from agentmem_core.testing import in_memory_backend

Answer = str | Exception | dict[str, Any] | list[Any] | None


def fact(text: str, triple: str = "", *, turns: Iterable[int] = (1,), **more: Any) -> dict[str, Any]:
    """One fact as a model tells it; ``triple`` is ``subject|predicate|object``."""
    subject, predicate, thing = triple.split("|") if triple else (None, None, None)
    told = {
        "text": text, "subject": subject, "predicate": predicate, "object": thing, "ended": False, "since": None,
        "until": None, "when": None, "confidence": 0.9, "turns": list(turns),
    }  # fmt: skip
    return {**told, **more}


def verdict(number: int, action: str, *memories: int, **more: Any) -> dict[str, Any]:
    """One decision as a model tells it."""
    told = {
        "fact": number, "action": action, "memories": list(memories), "was_true": False, "text": None,
        "reason": "the script says so",
    }  # fmt: skip
    return {**told, **more}


class Scripted:
    """Answers questions for facts and for decisions from two lists; what is none or an exception is what went wrong."""

    name = "scripted:1"

    def __init__(self, facts: Iterable[Answer] = (), decisions: Iterable[Answer] = ()) -> None:
        self.facts = list(facts)
        self.decisions = list(decisions)
        self.prompts: list[Prompt] = []

    def ask(self, prompt: Prompt) -> Reply:
        self.prompts.append(prompt)
        wanted = next(iter((prompt.schema or {}).get("properties", {"": None})))
        answers = self.facts if wanted == "facts" else self.decisions
        answer = answers.pop(0) if answers else {wanted: []}
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, list):
            answer = {wanted: answer}
        return Reply(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False), Usage(1, 100, 10))

    async def aask(self, prompt: Prompt) -> Reply:
        return self.ask(prompt)


def learning(model: Any, clock: Clock | None = None, *, user_id: str = "ana", **options: Any) -> AgentMem:
    """A memory in memory that learns by ``model``."""
    return AgentMem(backend=in_memory_backend(model=model, clock=clock or Clock(), **options), user_id=user_id)


def facts_at(memory: AgentMem, as_of: Any = None) -> set[str]:
    """What is known to hold, now or then."""
    op = Search(scope=memory.scope, limit=1_000, types=(MemoryType.SEMANTIC,), as_of=as_of)
    return {hit.memory.content for hit in memory._run(op)}


def rows(memory: AgentMem, kind: str = "semantic") -> list[Any]:
    """All rows of a type, those that have ended too."""
    return list(memory.list(types=[kind], limit=1_000).items)


def histories(memory: AgentMem) -> dict[str, list[Any]]:
    """Every version of every fact, with the interval it stands for, by its id."""
    return {item.id: [item.valid_from, item.valid_to, *memory.history(item.id)] for item in rows(memory)}
