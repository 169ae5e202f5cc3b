"""The memories of CrewAI up to 1.9.3, in real crews with a scripted model."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crewai.memory import EntityMemory, ExternalMemory, LongTermMemory, ShortTermMemory
from crewai.memory.long_term.long_term_memory_item import (  # type: ignore[import-not-found]  # only in those
    LongTermMemoryItem,
)
from tests.crewai.scripted import ANSWER, Scripted, agent

import crewai_agentmem
from agentmem_core import AgentMem, InvalidInputError, NotSupportedError
from crewai import Crew, Process, Task
from crewai_agentmem import entity_memory, external_memory, legacy_memories, long_term_memory, short_term_memory

ROOT = Path(__file__).parents[2]
EVALUATION = json.dumps({
    "suggestions": ["Cite the statistics office"],
    "quality": 8.5,
    "entities": [
        {"name": "Lisbon", "type": "city", "description": "capital of Portugal", "relationships": ["lies on the Tagus"]}
    ],
})  # fmt: skip


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection is told no, and found out."""
    tried = []

    def refuse(*args):
        tried.append(args)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert tried == []


class Evaluating(Scripted):
    """Answers an evaluation with nothing but its JSON."""

    def __init__(self) -> None:
        super().__init__()

    def call(self, messages, *args, **options):
        said = super().call(messages, *args, **options)
        return EVALUATION if "Assess the quality" in self.prompts[-1] else said


def crew(llm, *descriptions, **memories):
    worker = agent(llm)
    tasks = [
        Task(description=text, expected_output="a sentence", agent=worker)
        for text in descriptions or ("Find the capital of Portugal",)
    ]
    return Crew(agents=[worker], tasks=tasks, **memories)


def test_the_factories_give_crewais_own_classes():
    memories = legacy_memories(user_id="ana")
    kinds = {"short_term_memory": ShortTermMemory, "long_term_memory": LongTermMemory,
             "entity_memory": EntityMemory, "external_memory": ExternalMemory}  # fmt: skip
    assert memories.keys() == kinds.keys()
    assert all(isinstance(memories[name], kind) for name, kind in kinds.items())
    assert isinstance(short_term_memory(), ShortTermMemory)
    assert isinstance(long_term_memory(), LongTermMemory)
    assert isinstance(entity_memory(), EntityMemory)
    assert isinstance(external_memory(), ExternalMemory)


def test_the_second_run_has_what_the_first_learnt_in_its_prompt():
    first, second = Evaluating(), Evaluating()
    assert crew(first, **legacy_memories()).kickoff().raw == ANSWER
    crew(second, **legacy_memories()).kickoff()
    assert "Historical Data" not in first.prompts[0]
    prompt = second.prompts[0]
    assert "Historical Data:\n- Cite the statistics office" in prompt
    assert "Entities:\n- Lisbon (city): capital of Portugal; lies on the Tagus." in prompt
    assert f"External memories:\n- Task: Find the capital of Portugal\nResult: {ANSWER}" in prompt
    assert "Recent Insights" not in prompt  # another run's


def test_a_later_task_of_a_run_has_what_happened_in_it_once():
    llm = Scripted()
    crew(llm, "Find the capital of Portugal", "Describe the capital of Portugal", **legacy_memories()).kickoff()
    later = next(prompt for prompt in llm.prompts if "Describe the capital" in prompt)
    assert "Recent Insights:\n- Task: Find the capital of Portugal" in later
    assert "External memories" not in later


async def test_async_kickoffs_remember_and_recall():
    for kickoff in ("kickoff_async", *(["akickoff"] if hasattr(Crew, "akickoff") else [])):
        first, second = Evaluating(), Evaluating()
        await getattr(crew(first, **legacy_memories(user_id=kickoff)), kickoff)()
        await getattr(crew(second, **legacy_memories(user_id=kickoff)), kickoff)()
        assert "Historical Data:\n- Cite the statistics office" in second.prompts[0]
        assert "External memories:" in second.prompts[0]


def test_a_hierarchical_crew_remembers():
    task = Task(description="Find the capital of Portugal", expected_output="a sentence")
    made = Crew(
        agents=[agent(Scripted())],
        tasks=[task],
        process=Process.hierarchical,
        manager_llm=Scripted(),
        **legacy_memories(),
    )
    made.kickoff()
    llm = Scripted()
    crew(llm, **legacy_memories()).kickoff()
    assert f"Result: {ANSWER}" in llm.prompts[0]


@pytest.mark.timeout(600)  # a process needs seconds to import CrewAI, minutes where the machine is busy
def test_a_new_process_knows_what_the_last_one_learnt():
    code = (
        "from crewai_agentmem import legacy_memories\n"
        "from tests.crewai_legacy.test_legacy import Evaluating, crew\n"
        "llm = Evaluating()\ncrew(llm, **legacy_memories()).kickoff()\n"
        "print('Cite the statistics office' in llm.prompts[0])\n"
    )
    for known in ("False", "True"):
        surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=surroundings, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().splitlines()[-1] == known


def test_lessons_of_the_same_task_come_first_and_newest_first():
    memory = long_term_memory()
    for number, task in enumerate(("Find the price of tea", "Find the price of tea", "Find the price of milk")):
        memory.save(LongTermMemoryItem(
            agent="Buyer", task=task, expected_output="x", datetime=str(1_700_000_000 + number), quality=number,
            metadata={"suggestions": [f"tip {number}"], "quality": number},
        ))  # fmt: skip
    found = memory.search("Find the price of tea", latest_n=3)
    assert [lesson["metadata"]["suggestions"] for lesson in found] == [["tip 1"], ["tip 0"], ["tip 2"]]
    assert [lesson["score"] for lesson in found] == [1, 0, 2]
    assert len(memory.search("Find the price of tea", latest_n=1)) == 1
    memory.reset()
    assert not memory.search("Find the price of tea", latest_n=3)  # CrewAI 1.0 says None


def test_each_memory_resets_its_own():
    memories = legacy_memories()
    crew(Evaluating(), **memories).kickoff()
    store = AgentMem()
    for left, name in zip((3, 2, 1, 0), memories, strict=True):
        memories[name].reset()
        assert store.stats().memories == left


def test_two_users_and_eight_threads_share_nothing_and_lose_nothing():
    memories = {user: short_term_memory(user_id=user, session_id="s") for user in ("ana", "bo")}

    def work(number):
        user = ("ana", "bo")[number % 2]
        for turn in range(10):
            memories[user].save(f"{user} says {number} {turn}", {"observation": "say it"})
            assert all(user in found["content"] for found in memories[user].search(f"{user} says", limit=5))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for user in memories:
        with AgentMem(user_id=user) as store:
            assert store.stats().memories == 40


def test_what_cannot_be_kept_is_refused_and_what_a_model_wrote_is_kept():
    memory = short_term_memory()
    memory.save("nul\x00 here", {"observation": "x"})
    assert "nul\ufffd here" in memory.search("nul here")[0]["content"]
    assert memory.search("") == []
    with pytest.raises(InvalidInputError, match="seconds since 1970"):
        long_term_memory().storage.save("task", {"suggestions": []}, "yesterday", 1)


def test_what_a_task_brought_forth_is_remembered_whatever_its_length():
    memory = external_memory()
    long = "".join(f"字{number}" for number in range(100_000))
    memory.save(long, {"description": "Write\x00 a lot"})
    memory.save("", {"description": "Write nothing"})
    kept = [item.content for item in AgentMem().list().items]
    assert sum(text.count("字") for text in kept) == long.count("字")
    assert all(text.startswith("Task: Write\ufffd a lot\nResult: 字") or "字" in text for text in kept)
    assert "Write\ufffd a lot" in memory.search("Write\x00 a lot", limit=1)[0]["content"]


@pytest.mark.parametrize("wrong", ["0.5", None, float("nan"), True])
def test_a_threshold_that_is_no_number_is_refused(wrong):
    with pytest.raises(InvalidInputError, match="score_threshold"):
        short_term_memory().storage.search("tea", 5, wrong)


def test_a_crew_can_be_copied_and_run_for_each_input():
    memories = legacy_memories()
    made = crew(Evaluating(), "Find the capital of {country}", **memories)
    made.kickoff_for_each(inputs=[{"country": "Portugal"}, {"country": "Italy"}])
    made.copy().kickoff(inputs={"country": "Greece"})
    told = {item.content.split("\n")[0] for item in AgentMem().list(types=["episodic"]).items}
    assert told == {f"Task: Find the capital of {name}" for name in ("Portugal", "Italy", "Greece")}


def test_a_crew_whose_store_is_closed_still_answers():
    client = AgentMem()
    memories = legacy_memories(client)
    client.close()
    assert crew(Scripted(), **memories).kickoff().raw == ANSWER


def test_an_entity_in_other_words_is_kept_as_it_is():
    memory = entity_memory()
    memory.storage.save("Rodela is a bike-share company", {})
    assert "Rodela is a bike-share company" in memory.search("Rodela")[0]["content"]


@pytest.mark.parametrize("name", ["AgentMemMemory", "AgentMemStorage", "register"])
def test_todays_names_say_what_to_write_here(name):
    with pytest.raises(NotSupportedError, match=r"\*\*legacy_memories\(\)"):
        getattr(crewai_agentmem, name)
