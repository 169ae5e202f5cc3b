"""A server for the one client that started this process: it ends when that hangs up, or by a signal."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.mcp.lines import Lines, own_streams
from agentmem_core.mcp.offer import Offer, can_learn
from agentmem_core.mcp.sdk import require_sdk, serve_lines


def serve_stdio(memory: AgentMem, *, read_only: bool = False) -> None:
    """Serve ``memory`` over standard input and output until the client hangs up, SIGINT or SIGTERM; what was asked is answered first."""
    require_sdk("stdio")
    with own_streams() as (incoming, outgoing):
        asyncio.run(_serve(memory, incoming, outgoing, read_only=read_only))


async def _serve(memory: AgentMem, incoming: int, outgoing: int, *, read_only: bool) -> None:
    lines = Lines(incoming, outgoing)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C interrupts as everywhere
            loop.add_signal_handler(number, lines.end)
    try:
        offer = Offer(memory, read_only=read_only, learns=not read_only and await can_learn(memory) is True)
        await serve_lines(offer, lines, lines)
    finally:
        await lines.close()
        await memory.aclose()
