"""The newest turns of a conversation that fit into a number of tokens."""

from __future__ import annotations

from collections.abc import Callable

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock

from agentmem_core import Memory, Page
from llamaindex_agentmem.messages import as_message

Turn = Memory
Shown = list[tuple[Turn, ChatMessage]]

OTHER_BLOCK = 256
"""Tokens that a picture, a sound or a document counts, as LlamaIndex estimates them."""
_FOLLOWING = {MessageRole.ASSISTANT, MessageRole.TOOL, MessageRole.FUNCTION}


class Window:
    """Takes pages of turns, newest first, until ``room`` tokens are full."""

    def __init__(self, room: int, count: Callable[[str], int]) -> None:
        """Empty; ``count`` counts the tokens of a text."""
        self.room = room
        self.wants_more = True
        self._count = count
        self._turns: list[tuple[Turn, ChatMessage, int]] = []
        self._tokens = 0

    def __len__(self) -> int:
        """How many turns were taken."""
        return len(self._turns)

    @property
    def messages(self) -> list[ChatMessage]:
        """All that were taken, oldest first."""
        return [message for _, message, _ in reversed(self._turns)]

    def take(self, page: Page) -> str | None:
        """One page; answers where the next one begins."""
        for item in page.items:
            if item.role is not None:
                message = as_message(item)
                cost = self._cost(message)
                self._turns.append((item, message, cost))
                self._tokens += cost
        self.wants_more = page.next_cursor is not None and self._tokens <= self.room
        return page.next_cursor

    def fitting(self, room: int) -> Shown:
        """The newest that fit, oldest first; the very newest however long it is.

        What is cut off does not leave an answer or a tool's result at the beginning, which models refuse.
        """
        used = kept = 0
        for _, _, cost in self._turns:
            if kept and used + cost > room:
                break
            used += cost
            kept += 1
        if kept < len(self._turns) or self.wants_more:
            while kept > 1 and self._turns[kept - 1][1].role in _FOLLOWING:
                kept -= 1
        return [(turn, message) for turn, message, _ in reversed(self._turns[:kept])]

    def _cost(self, message: ChatMessage) -> int:
        texts = [block.text for block in message.blocks if isinstance(block, TextBlock)]
        texts += [str(message.additional_kwargs)] if message.additional_kwargs else []
        calls = [block for block in message.blocks if block.block_type == "tool_call"]
        others = len(message.blocks) - len(calls) - sum(isinstance(block, TextBlock) for block in message.blocks)
        return sum(map(self._count, texts + [str(call) for call in calls])) + others * OTHER_BLOCK
