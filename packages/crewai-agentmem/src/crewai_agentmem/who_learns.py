"""Whether work is learnt from: as the memory was told, or as the client that it was given says when it is first needed."""

from __future__ import annotations

from agentmem_core import AgentMem
from crewai_agentmem.failures import unsure_of_learning


class WhoLearns:
    """True where somebody learns; False too for as long as nobody could be asked."""

    def __init__(self, client: AgentMem, *, known: bool | None) -> None:
        """``known`` None leaves it to the client, which is asked once."""
        self._client = client
        self._known = known

    def __bool__(self) -> bool:
        """As far as it is known."""
        return bool(self._known)

    def ask(self) -> None:
        """Find out, where it is not known."""
        if self._known is None:
            with unsure_of_learning():
                self._known = self._client.flush(timeout=0).learning

    async def aask(self) -> None:
        """``ask`` without blocking the event loop."""
        if self._known is None:
            with unsure_of_learning():
                self._known = (await self._client.aflush(timeout=0)).learning
