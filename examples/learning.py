"""Facts learnt from two conversations: what holds now, what held before, and where it was said.

Run it from anywhere: ``python examples/learning.py``. With an Ollama on this machine its first model learns; else rules do.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentmem_core import AgentMem

OLLAMA = "http://127.0.0.1:11434"
MARCH, MAY = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 5, 11, 18, tzinfo=UTC)
CONVERSATIONS = {
    "march": [
        (MARCH, "user", "Hi! I live in Paris."),
        (MARCH, "assistant", "Nice to meet you. What do you do in your free time?"),
        (MARCH, "user", "I like jazz."),
    ],
    "may": [
        (MAY, "user", "I moved to Lisbon."),
        (MAY, "assistant", "Congratulations!"),
        (MAY, "user", "I like jazz."),
    ],
}


def main() -> None:
    """Two conversations, and what is known after them."""
    learner = who_learns()
    with (
        tempfile.TemporaryDirectory(prefix="agentmem-learning-") as name,
        AgentMem(Path(name), user_id="ana", **learner) as memory,
    ):
        for session, turns in CONVERSATIONS.items():
            said = [
                {"role": role, "content": content, "occurred_at": when, **({"name": "Ana"} if role == "user" else {})}
                for when, role, content in turns
            ]
            learned = memory.add(said, session_id=session, infer=True).learned
            assert learned is not None
            print(f"== {session}, {learned.learner}, {learned.usage.calls} calls, {learned.usage.tokens} tokens")
            for decision in learned.decisions:
                print(f"  {decision.action}: {decision.fact} ({decision.reason})")
            for warning in learned.warnings:
                print(f"  warning: {warning}")
        now = [item.content for item in memory.semantic.about("Ana")]
        then = [item.content for item in memory.semantic.about("Ana", as_of=datetime(2026, 4, 1, tzinfo=UTC))]
        print(f"== now: {now}\n== in April: {then}")
        for fact in memory.semantic.list():
            print(f"  {fact.content}: {[memory.get(turn).content for turn in fact.source]}")
        assert memory.learn().read == 0, "every turn was read"
        if "llm" not in learner:  # what a model of yours says, nobody knows
            assert any("Lisbon" in text for text in now)
            assert not any("Paris" in text for text in now)
            assert any("Paris" in text for text in then)
            assert sum("jazz" in text for text in now) == 1


def who_learns() -> dict[str, Any]:
    """The first model of an Ollama on this machine, or rules."""
    with (
        suppress(OSError, ValueError, LookupError),
        urllib.request.urlopen(  # noqa: S310 - a fixed address of this machine
            f"{OLLAMA}/api/tags", timeout=1
        ) as answer,
    ):
        return {"llm": f"ollama:{json.load(answer)['models'][0]['name']}"}
    return {"learner": "rules"}


if __name__ == "__main__":
    main()
