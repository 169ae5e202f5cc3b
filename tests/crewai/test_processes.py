"""Processes that end, and many threads."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentmem_core import AgentMem
from crewai_agentmem import AgentMemMemory

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)  # a process needs seconds to import CrewAI, minutes where the machine is busy

KICKOFF = """
from crewai_agentmem import AgentMemMemory
from tests.crewai.scripted import Scripted, agent
agent(Scripted(), memory=AgentMemMemory()).kickoff("What is the capital of Portugal?")
{end}
"""

EVERY_WAY = "import tests.crewai.watching\nfrom tests.crewai import kickoffs\nkickoffs.main()"

SEVERAL = """
from crewai_agentmem import AgentMemMemory
from tests.crewai.scripted import Scripted, crew
memory = AgentMemMemory(user_id="ana")
for number in range(5):
    crew(Scripted(f"answer {{number}} of {name}"), memory, f"Ask {name} for the number {{number}}").kickoff()
"""


def run(code, **settings):
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | settings
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=surroundings, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()


def test_an_agents_kickoff_loses_nothing_when_the_process_ends():
    for end in ("", "import os; os._exit(0)"):
        run(KICKOFF.format(end=end))
        with AgentMem() as store:
            assert [item.content for item in store.list(types=["semantic"]).items] == [
                "Task: What is the capital of Portugal?\nResult: The capital of Portugal is Lisbon."
            ]
            store.forget(user_id="default")


def test_every_way_to_start_a_crew_learns_for_the_next_process_and_reaches_for_no_network(monkeypatch):
    for name in ("OTEL_SDK_DISABLED", "CREWAI_TESTING", "CREWAI_DISABLE_VERSION_CHECK"):
        monkeypatch.delenv(name)  # docs/crewai.md names two settings, and they are enough
    settings = {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false"}
    for known in (False, True):
        found = json.loads(run(EVERY_WAY, **settings)[-1])
        assert len(found["told"]) == 13
        assert set(found["told"].values()) == {known}, found["told"]
        assert found["connected"] == []
        assert found["watched"] > 0


def test_two_processes_at_once_lose_nothing():
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: run(SEVERAL.format(name=name)), ("Rodela", "Tejo")))
    kept = {record.content.split("Result: ")[1] for record in AgentMemMemory(user_id="ana").long_term.list()}
    assert kept == {f"answer {number} of {name}" for number in range(5) for name in ("Rodela", "Tejo")}


def test_eight_agents_remembering_at_once_lose_nothing_and_do_not_meet():
    users = ("ana", "bo")
    memories = {user: AgentMemMemory(user_id=user) for user in users}

    def work(number):
        user = users[number % 2]
        memory = memories[user]
        for turn in range(20):
            memory.remember(f"{user}: agent {number} says {turn}", scope=f"/agent/{number}")
            memory.remember_many(
                memory.extract_memories(f"Input: task {number}.{turn}\nAgent: {number}\nResult: done by {user}")
            )
            assert all(user in match.record.content for match in memory.recall(f"agent {number} says", limit=5))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for user in users:
        assert memories[user].long_term.count() == 4 * 20 * 2
        assert memories[user].short_term.count() == 4 * 20
        assert all(user in record.content for record in memories[user].list_records(limit=1_000))


def test_many_threads_telling_of_one_entity_lose_no_word():
    memory = AgentMemMemory()

    def tell(number):
        memory.entities.remember("Rodela", f"fact {number}", relations={"employs": f"person {number}"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(16)))
    assert {f"fact {number}" for number in range(16)} <= set(
        memory.client.search("Rodela company fact", limit=1)[0].memory.metadata["crewai"]["said"]
    )
    assert memory.entities.relations("rodela") == {("Rodela", "employs", f"person {number}") for number in range(16)}
