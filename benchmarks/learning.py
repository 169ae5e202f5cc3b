"""Learning: what ``infer=True`` adds to an ``add``, the model's own time left out."""

from __future__ import annotations

import json
import time

from agentmem_core import AgentMem, Prompt, Reply, Usage
from benchmarks.report import Report
from benchmarks.timing import alternating, folder, percentiles
from benchmarks.workload import Workload


class Instant:
    """A model that has answered before it is asked: one new fact for each question, and ADD for what is open."""

    name = "instant"

    def __init__(self) -> None:
        self.asked = 0
        self.seconds = 0.0

    def ask(self, prompt: Prompt) -> Reply:
        started = time.perf_counter()
        self.asked += 1
        fact = {
            "text": f"Ana has seen the film number {self.asked}",
            "subject": "Ana",
            "predicate": "has seen",
            "object": f"film number {self.asked}",
            "turns": [1],
        }
        decisions = [{"fact": number, "action": "ADD", "memories": []} for number in range(1, 13)]
        reply = Reply(json.dumps({"facts": [fact], "decisions": decisions}), Usage(1, 500, 50))
        self.seconds += time.perf_counter() - started
        return reply

    async def aask(self, prompt: Prompt) -> Reply:
        return self.ask(prompt)


def cost_of_learning(report: Report) -> None:
    """``add`` of a turn and its answer, verbatim and with ``infer=True``, in turns; durability full, a store on disk."""
    rounds = 100 if report.quick else 400
    said = Workload(31).sentences(2 * rounds + 40)
    model = Instant()
    with folder() as place, AgentMem(place, llm=model) as memory:

        def add(number: int, user: str, *, infer: bool) -> None:
            turns = [
                {"role": "user", "content": said[number], "name": "Ana"},
                {"role": "assistant", "content": "I see."},
            ]
            memory.add(turns, user_id=user, session_id="s1", infer=infer)

        for number in range(20):
            add(number, "verbatim", infer=False)
            add(number, "learnt", infer=True)
        before, model.seconds = model.asked, 0.0
        plain, learnt = alternating(
            (
                lambda number: add(number + 20, "verbatim", infer=False),
                lambda number: add(number + 20, "learnt", infer=True),
            ),
            rounds,
        )
    verbatim = percentiles(report, "learning", "add, verbatim", plain)
    inferred = percentiles(report, "learning", "add, infer=True", learnt)
    own = 1000 * model.seconds / rounds
    report.add("learning", "calls of the model an add", (model.asked - before) / rounds)
    report.add("learning", "the model's own time", own, "ms")
    report.add("learning", "infer=True costs more at p50", inferred - verbatim - own, "ms", at_most=5)
