"""Maintenance that tells long sessions in a few sentences."""

from __future__ import annotations

import pytest
from tests.core.clock import remembering
from tests.core.learning.scripted import Scripted, learning, rows

from agentmem_core import LearningBudget, ModelError, NotConfiguredError, Prompt, Reply, Usage


class Summing(Scripted):
    """Answers with summaries."""

    def __init__(self, *answers: str | Exception) -> None:
        super().__init__()
        self.answers = list(answers)

    def ask(self, prompt: Prompt) -> Reply:
        self.prompts.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer, Usage(1, 100, 10))


def turns(count: int, first: int = 0) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"turn {number}"} for number in range(first, first + count)]


def test_a_long_session_becomes_one_memory_that_names_its_turns() -> None:
    model = Summing('{"summary": "Ana counted to 24."}', '{"summary": "Ana counted to 44."}')
    memory = learning(model)
    added = memory.add(turns(24), session_id="s1")
    memory.add(turns(5), session_id="s2")
    planned = memory.maintain(summarise=True)
    assert [(step.action, step.reason) for step in planned.steps] == [("summarise", "session 's1': 24 turns")]
    assert (rows(memory), model.prompts) == ([], [])
    done = memory.maintain(summarise=True, dry_run=False)
    assert done.count("summarise") == done.usage.calls == 1
    [summary] = rows(memory)
    assert (summary.content, summary.source) == ("Ana counted to 24.", tuple(added.ids))
    assert (summary.metadata["kind"], summary.metadata["session"], summary.scope.session_id) == ("summary", "s1", None)
    assert {link.target for link in memory.links(summary.id, relation="summarises")} == set(added.ids)
    assert memory.maintain(summarise=True, dry_run=False).steps == ()
    assert rows(memory) == [summary]
    memory.add(turns(20, 24), session_id="s1")
    memory.maintain(summarise=True, dry_run=False)
    [anew] = rows(memory)
    assert (anew.content, len(anew.source), anew.version) == ("Ana counted to 44.", 44, 2)
    assert "Ana counted to 24." in model.prompts[1].text
    assert '"turn 3"' not in model.prompts[1].text


async def test_the_same_without_blocking_and_for_everybody() -> None:
    memory = learning(Summing('{"summary": "One."}', '{"summary": "Two."}'))
    for user in ("ana", "bo"):
        memory.add(turns(20), session_id="s1", user_id=user)
    done = await memory.amaintain(summarise=True, dry_run=False, everyone=True)
    assert [step.user_id for step in done.steps] == ["ana", "bo"]


@pytest.mark.parametrize(
    "answer", ["", "no", '{"summary": ""}', '{"summary": 7}', "[]", ModelError("gone"), KeyError("x")]
)
def test_a_model_that_fails_changes_nothing_and_is_told(answer: str | Exception) -> None:
    memory = learning(Summing(answer))
    memory.add(turns(20), session_id="s1")
    done = memory.maintain(summarise=True, dry_run=False)
    assert done.steps == ()
    assert "was not summarised" in done.warnings[0]
    assert rows(memory) == []


def test_a_budget_holds_for_summaries_too() -> None:
    model = Summing('{"summary": "One."}', '{"summary": "Two."}')
    memory = learning(model, budget=LearningBudget(max_calls_per_day=1))
    for session in ("s1", "s2"):
        memory.add(turns(20), session_id=session)
    done = memory.maintain(summarise=True, dry_run=False)
    assert done.count("summarise") == 1
    assert "budget" in done.warnings[0]


def test_summaries_need_a_model() -> None:
    with pytest.raises(NotConfiguredError, match="llm="):
        remembering().maintain(summarise=True)


def test_a_summary_is_not_made_of_one_that_was_erased_meanwhile() -> None:
    """Somebody forgets a turn of the last summary while the model makes the next one of both: what it told must be gone."""

    class Slow(Summing):
        def ask(self, prompt: Prompt) -> Reply:
            if len(self.prompts) == 1:
                assert memory.forget(added.ids[3]).facts == 1
            return super().ask(prompt)

    memory = learning(Slow('{"summary": "The PIN is 4711."}', '{"summary": "The PIN is 4711, and more."}'))
    added = memory.add(turns(20), session_id="s1")
    memory.maintain(summarise=True, dry_run=False)
    memory.add(turns(20, 20), session_id="s1")
    done = memory.maintain(summarise=True, dry_run=False)
    assert "changed or erased" in done.warnings[0]
    assert rows(memory) == []
