"""What of CrewAI's account of a task is remembered."""

import pytest

from crewai_agentmem.outcome import TaskOutcome, outcomes


def test_a_task_is_its_description_and_its_result():
    (found,) = outcomes("Task: Find\nit\nAgent: Buyer\n\nExpected result: a\nnumber\n\nResult: Nine\n\nResult: euros")
    assert isinstance(found, TaskOutcome)
    assert found == "Task: Find\nit\nResult: Nine\n\nResult: euros"
    assert (found.task, found.agent, found.expected_output) == ("Find\nit", "Buyer", "a\nnumber")


def test_a_kickoff_is_its_input_and_its_result():
    (found,) = outcomes("Input: 茶多少钱？\nAgent: Buyer\nResult: 九欧元")
    assert found == "Task: 茶多少钱？\nResult: 九欧元"


def test_thoughts_are_not_remembered():
    (found,) = outcomes("Input: a\nAgent: b\nResult: Thought: I know\nFinal Answer: Nine")
    assert found == "Task: a\nResult: Nine"
    (kept,) = outcomes("Input: a\nAgent: b\nResult: The label reads Final Answer: 9")
    assert kept.endswith("The label reads Final Answer: 9")


@pytest.mark.parametrize(
    "raw", ["", " \n", "Input: a\nAgent: b\nResult:  ", "Task: a\nAgent: b\nExpected result: c\nResult: "]
)
def test_nothing_came_out_so_nothing_is_remembered(raw):
    assert outcomes(raw) == []


def test_another_text_is_remembered_as_it_is():
    assert outcomes("  Tea is hot ") == ["Tea is hot"]


def test_what_is_not_text_is_replaced_and_kept():
    assert outcomes("Input: a\nAgent: b\nResult: nul\x00 and \ud800 lone") == [
        "Task: a\nResult: nul\ufffd and \ufffd lone"
    ]


def test_a_very_long_result_is_kept_in_parts():
    parts = outcomes("Input: a\nAgent: b\nResult: " + "x" * 300_000)
    assert [len(part) for part in parts] == [120_016, 120_016, 60_016]
    assert sum(part.count("x") for part in parts) == 300_000
    assert all(
        len(part.encode()) < 1_000_000
        for part in outcomes(f"Input: {'𠮷' * 150_000}\nAgent: b\nResult: {'𠮷' * 250_000}")
    )
