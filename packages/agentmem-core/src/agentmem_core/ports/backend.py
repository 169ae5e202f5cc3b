"""What executes operations."""

from __future__ import annotations

from typing import Protocol, TypeVar

from agentmem_core.operations import Op

T = TypeVar("T")


class Backend(Protocol):
    """One question in two colours. ``close`` may be called more than once; afterwards ``execute`` raises."""

    def execute(self, op: Op[T]) -> T:
        """The operation's answer; blocks."""
        ...

    async def aexecute(self, op: Op[T]) -> T:
        """The same without blocking the event loop."""
        ...

    def close(self) -> None:
        """Finish what is under way and let go of files and threads."""
        ...

    async def aclose(self) -> None:
        """The same without blocking the event loop."""
        ...
