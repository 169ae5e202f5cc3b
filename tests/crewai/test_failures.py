"""Where the store fails, or a task is odd: a crew's result is kept, its memory stays sound, and somebody is told."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import MemoryQueryFailedEvent, MemorySaveFailedEvent
from tests.crewai.scripted import ANSWER, Scripted, agent, crew

from agentmem_core import AgentMem, InvalidInputError
from crewai import Crew, Task
from crewai_agentmem import AgentMemMemory

ROOT = Path(__file__).parents[2]

FULL_DISK = """
import os, resource
from pathlib import Path
from crewai_agentmem import AgentMemMemory
from tests.crewai.scripted import Scripted, agent, crew

memory = AgentMemMemory()
memory.remember("The capital of Portugal has trams")
crew(Scripted(), memory, "Say something").kickoff()  # CrewAI's own files are there too
before = memory.info().record_count
largest = max(file.stat().st_size for file in Path(os.environ["AGENTMEM_PATH"]).rglob("*") if file.is_file())
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))  # no file may grow beyond it: as on a full disk
model = Scripted("Lisbon " + "y" * 100_000)
assert crew(model, memory).kickoff().raw.startswith("Lisbon yyy")
assert agent(Scripted("z" * 100_000), memory=memory).kickoff("And the trams?").raw.startswith("zzz")
assert "has trams" in model.prompts[0]  # what is kept is recalled all the same
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
assert memory.info().record_count == before
memory.remember("Room again")
assert AgentMemMemory().long_term.recall("Room again")[0].record.content == "Room again"  # another run's eyes
"""


@pytest.fixture
def failures():
    """What CrewAI's listeners are told of failures."""
    told = []
    with crewai_event_bus.scoped_handlers():
        for kind in (MemorySaveFailedEvent, MemoryQueryFailedEvent):
            crewai_event_bus.on(kind)(lambda source, event: told.append(type(event).__name__))
        yield told


def test_a_crew_whose_memory_is_closed_still_answers_and_says_what_failed(caplog, failures):
    memory = AgentMemMemory()
    memory.close()
    with caplog.at_level(logging.ERROR, "crewai_agentmem"):
        assert crew(Scripted(), memory).kickoff().raw == ANSWER
        assert agent(Scripted(), memory=memory).kickoff("What is the capital of Portugal?").raw == ANSWER
    crewai_event_bus.flush()
    assert sorted(set(failures)) == ["MemoryQueryFailedEvent", "MemorySaveFailedEvent"]
    said = [record.getMessage() for record in caplog.records if record.name == "crewai_agentmem"]
    assert [text.split(":")[0] for text in said] == ["nothing was recalled", "nothing was remembered"] * 2
    assert "open AgentMem again" in said[0]


def test_what_a_caller_did_wrong_is_raised_and_not_logged(caplog):
    memory = AgentMemMemory()
    with pytest.raises(InvalidInputError, match="NUL"):
        memory.remember("a\x00b")
    assert not [record for record in caplog.records if record.name == "crewai_agentmem"]


@pytest.mark.timeout(600)  # a process needs seconds to import CrewAI, minutes where the machine is busy
@pytest.mark.skipif(sys.platform == "win32", reason="the limit of a file's size is POSIX's")
def test_a_full_disk_costs_a_crew_its_memory_of_this_run_only():
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("nothing was remembered: the disk of") == 2
    with AgentMem() as store:
        assert store.health().ok
        assert store.search("Room again", limit=1)[0].memory.content == "Room again"


@pytest.mark.parametrize("description", ["", " ", "\n"])
def test_a_task_without_a_description_is_remembered_by_its_result(description):
    memory = AgentMemMemory()
    assert crew(Scripted("Tea is hot"), memory, description).kickoff().raw == "Tea is hot"
    assert [record.content for record in memory.long_term.list()] == ["Tea is hot"]


def test_a_task_and_a_result_beyond_every_limit_are_remembered_in_parts():
    memory, answer = AgentMemMemory(), "".join(f"字{number}" for number in range(70_000))
    assert crew(Scripted(answer), memory, "词" * 400_000).kickoff().raw == answer
    assert sum(record.content.count("字") for record in memory.long_term.list()) == answer.count("字")


def test_a_task_that_brings_forth_nothing_leaves_nothing_behind():
    class Silent(Scripted):
        def __init__(self):
            super().__init__()

        def call(self, *args, **options):
            return None  # what a broken model answers

    memory = AgentMemMemory()
    with pytest.raises(ValueError, match="None or empty"):
        crew(Silent(), memory).kickoff()
    assert memory.info().record_count == 0


def test_a_chinese_crew_has_what_it_learnt_in_its_prompt():
    model = Scripted("里斯本是葡萄牙的首都。")
    for description in ("查找葡萄牙的首都，并说明理由", "葡萄牙的首都在哪里？"):
        worker = agent(model, "地理学家")
        task = Task(description=description, expected_output="一句话", agent=worker)
        Crew(agents=[worker], tasks=[task], memory=AgentMemMemory(root_scope="/crew/地理")).kickoff()
    assert "Relevant memories" not in model.prompts[0]
    assert "Result: 里斯本是葡萄牙的首都。" in model.prompts[1]
