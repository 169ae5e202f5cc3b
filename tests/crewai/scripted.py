"""A model that says what it is told to and remembers what it was asked."""

import hashlib
import math
import re
from collections.abc import Callable
from typing import Any

from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from crewai import Agent, Crew, Task

ANSWER = "The capital of Portugal is Lisbon."


class Scripted(BaseLLM):
    """Answers with what ``reply`` makes of the prompt."""

    _reply: Callable[[str], str] = PrivateAttr()
    _prompts: list[str] = PrivateAttr(default_factory=list)

    def __init__(self, reply: str | Callable[[str], str] = ANSWER) -> None:
        super().__init__(model="scripted")
        self._prompts = []  # in CrewAI up to 1.9.3 a model is no pydantic model
        self._reply = (lambda _: str(reply)) if isinstance(reply, str) else reply

    @property
    def prompts(self) -> list[str]:
        return self._prompts

    def call(self, messages: Any, *args: Any, **options: Any) -> str:
        prompt = messages if isinstance(messages, str) else "\n".join(str(item["content"]) for item in messages)
        self._prompts.append(prompt)
        said = self._reply(prompt)
        return said if said.startswith("Thought:") else f"Thought: I now can give a great answer\nFinal Answer: {said}"

    async def acall(self, messages: Any, *args: Any, **options: Any) -> str:
        return self.call(messages)

    def supports_function_calling(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        return 8192


def agent(model: BaseLLM, role: str = "Geographer", **options: Any) -> Any:
    fields: dict[str, Any] = {"role": role, "goal": "know the world", "backstory": "has travelled", "llm": model}
    return Agent(**(fields | options))


def crew(model: BaseLLM, memory: Any, *descriptions: str, **options: Any) -> Any:
    worker = agent(model)
    tasks = [
        Task(description=text, expected_output="a sentence", agent=worker)
        for text in descriptions or ("Find the capital of Portugal",)
    ]
    return Crew(agents=[worker], tasks=tasks, memory=memory, **options)


def words_embedder(texts: list[str]) -> list[list[float]]:
    """A free embedder: a unit vector of hashed words."""
    return [_vector(text) for text in texts]


def _vector(text: str, size: int = 64) -> list[float]:
    counts = [0.0] * size
    for word in re.findall(r"\w+", text.casefold()):
        counts[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % size] += 1.0
    norm = math.sqrt(sum(value * value for value in counts)) or 1.0
    return [value / norm for value in counts]
