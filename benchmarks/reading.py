"""What the privacy filter and the rules extractor cost: ``python -m benchmarks.reading [--rounds N]``.

Times are those of the processor in the calling thread, the median of the rounds: microseconds for each 100 characters that the
filter reads, for an add with the filter off and on, and for each turn that the extractor reads.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

from agentmem_core import AgentMem
from agentmem_core.learning.rules import extract
from agentmem_core.learning.values import Turn
from agentmem_core.privacy import configured_filter

KINDS = ["email", "phone", "card", "iban", "id"]
SAID_AT = datetime(2025, 3, 12, tzinfo=UTC)
TEXTS = {
    "English prose": "We walked along the river for an hour and talked about the new house, the garden and what to plant there. ",
    "Chinese prose": "我们沿着河边走了一个小时，聊了聊新房子、花园，还有明年春天想在院子里种些什么花，后来又去喝了咖啡。",
    "prose with numbers": "On 2024-05-03 at 12:30 we paid 1,250.00 for 3 tickets, order 1234567890123, see room 415. ",
    "full of finds": "Write to ana@example.com or call +351 912 345 678, card 4111 1111 1111 1111, id 11010519491231002X. ",
}
TURNS = {
    "a statement": "I moved to Lisbon in May and I work at Siemens as a nurse.",
    "a statement in Chinese": "我去年五月搬到了里斯本，在西门子当护士。",
    "small talk": "Thanks, that helps a lot! Could you also show me how to do the second part?",
    "a long turn": "We talked for hours about the garden and the weather. " * 20,
}


def microseconds(call: Callable[[], object], rounds: int) -> float:
    """One call, at the median."""
    taken: list[float] = []
    for _ in range(rounds):
        begun = time.thread_time_ns()
        call()
        taken.append((time.thread_time_ns() - begun) / 1_000)
    return median(taken)


def _adding(memory: AgentMem, rounds: int) -> float:
    numbers = iter(range(rounds))
    return microseconds(lambda: memory.add(f"{next(numbers)} {TEXTS['English prose']}"), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    privacy = configured_filter(KINDS, None)
    assert privacy is not None
    print("filter, per 100 characters")
    for name, text in TEXTS.items():
        long = text * 10
        spent = microseconds(lambda long=long: privacy.clean(long), rounds)
        print(f"  {name:24} {100 * spent / len(long):8.1f} µs")
    print("one add of 100 characters of English prose, in memory, hashing embedder")
    for name, kinds in (("off", []), ("on", KINDS)):
        with AgentMem(":memory:", embedder="hashing", redact=kinds) as memory:
            spent = _adding(memory, rounds)
        print(f"  {name:24} {spent:8.1f} µs")
    print("extractor, per turn")
    for name, text in TURNS.items():
        turn = Turn(id="t", role="user", content=text, said_at=SAID_AT)
        print(f"  {name:24} {microseconds(lambda turn=turn: extract([turn], about='user'), rounds):8.1f} µs")


if __name__ == "__main__":
    main()
