"""What a dialect is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agentmem_core.llms.answers import Answer
from agentmem_core.llms.providers import Json, Provider
from agentmem_core.llms.ways import Way
from agentmem_core.ports import Prompt


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request without address and key."""

    path: str
    body: dict[str, Any]


class Dialect(Protocol):
    """How prompts are written for a family of servers, and their answers read."""

    headers: Mapping[str, str]
    after: Mapping[Json, Json]
    """What to try when a way to ask for JSON is refused."""

    def write(self, prompt: Prompt, model: str, way: Way, provider: Provider) -> Outgoing:
        """The request."""
        ...

    def read(self, payload: Mapping[str, Any]) -> Answer:
        """What the payload of a success says; what is missing or of the wrong type counts as absent."""
        ...
