"""Real crews, agents and flows with a scripted model."""

import asyncio
import os
import socket
from importlib.metadata import version

import pytest
from crewai.flow.flow import Flow, start
from crewai.memory.unified_memory import Memory
from crewai.utilities.reset_memories import reset_memories_command
from tests.crewai.scripted import ANSWER, Scripted, agent, crew, words_embedder

from agentmem_core import AgentMem
from crewai import Crew, Process, Task
from crewai_agentmem import AgentMemMemory, AgentMemStorage

LABELLED = "- [long-term] (score="


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever opens a connection is told no, and found out; over HTTP our own server on loopback is asked."""
    tried = []
    ours = "AGENTMEM_OVER_HTTP" in os.environ

    def refusing(real):
        def refuse(*args, **options):
            if ours and any(
                place == "127.0.0.1" or place[0] == "127.0.0.1" for place in args[:2] if isinstance(place, str | tuple)
            ):
                return real(*args, **options)
            tried.append(args)
            raise OSError("no network in this test")

        return refuse

    monkeypatch.setattr(socket, "getaddrinfo", refusing(socket.getaddrinfo))
    monkeypatch.setattr(socket.socket, "connect", refusing(socket.socket.connect))
    yield
    assert tried == []


def test_the_second_run_has_what_the_first_learnt_in_its_prompt():
    first, second = Scripted(), Scripted()
    assert crew(first, AgentMemMemory()).kickoff().raw == ANSWER
    crew(second, AgentMemMemory()).kickoff()
    assert "Relevant memories" not in first.prompts[0]
    assert LABELLED in second.prompts[0]
    assert f"Result: {ANSWER}" in second.prompts[0]
    assert len(first.prompts) == len(second.prompts) == 1  # no model call of the memory's own


def test_a_later_task_of_a_run_has_what_happened_in_it():
    model = Scripted()
    crew(model, AgentMemMemory(), "Find the capital of Portugal", "Describe the capital of Portugal").kickoff()
    assert "- [short-term] (score=" in model.prompts[1]


async def test_async_kickoffs_remember_and_recall():
    for kickoff in ("kickoff_async", "akickoff"):
        first, second = Scripted(), Scripted()
        memory = AgentMemMemory(user_id=kickoff)
        await getattr(crew(first, memory), kickoff)()
        await getattr(crew(second, AgentMemMemory(user_id=kickoff)), kickoff)()
        assert LABELLED in second.prompts[0]
        assert len(second.prompts) == 1


def test_a_hierarchical_crew_remembers_what_its_manager_found():
    def reply(prompt):
        return "All agreed: Lisbon it is." if "manager" in prompt.lower() else ANSWER

    manager, model = Scripted(reply), Scripted()
    worker = agent(model)
    task = Task(description="Find the capital of Portugal", expected_output="a sentence")
    memory = AgentMemMemory()
    Crew(agents=[worker], tasks=[task], process=Process.hierarchical, manager_llm=manager, memory=memory).kickoff()
    assert any("Lisbon" in record.content for record in memory.long_term.list())
    later = Scripted()
    crew(later, AgentMemMemory()).kickoff()
    assert LABELLED in later.prompts[0]


def test_an_agent_alone_remembers_without_waiting():
    model = Scripted()
    one = agent(model, memory=AgentMemMemory())
    assert one.kickoff("What is the capital of Portugal?").raw == ANSWER
    with AgentMem() as store:  # nothing was drained, closed or waited for
        assert any(ANSWER in item.content for item in store.list().items)
    other = Scripted()
    agent(other, memory=AgentMemMemory()).kickoff("Which city is the capital of Portugal?")
    assert LABELLED in other.prompts[0]


async def test_an_agent_alone_remembers_in_a_loop():
    model = Scripted()
    await agent(model, memory=AgentMemMemory()).kickoff_async("What is the capital of Portugal?")
    assert AgentMemMemory().long_term.count() == 1


def test_a_flow_remembers_and_recalls():
    class Research(Flow):
        @start()
        def begin(self):
            self.remember("The ferry leaves at nine")
            self.remember(["The train leaves at ten", "The bus leaves at eleven"])
            return [match.record.content for match in self.recall("when does the ferry leave?", limit=1)]

    assert Research(memory=AgentMemMemory()).kickoff() == ["The ferry leaves at nine"]
    assert AgentMemMemory().info().record_count == 3


def test_an_agent_saves_and_searches_with_crewais_tools():
    replies = iter([
        'Thought: keep it\nAction: save_to_memory\nAction Input: {"contents": ["The rent is 890 euros"]}',
        'Thought: look\nAction: search_memory\nAction Input: {"queries": ["rent"]}',
        "Thought: done\nFinal Answer: 890 euros",
    ])  # fmt: skip
    model = Scripted(lambda _: next(replies))
    memory = AgentMemMemory()
    assert crew(model, memory, "Find out the rent").kickoff().raw == "890 euros"
    assert "Saved to memory (scope=/, importance=0.5)" in model.prompts[1]
    assert "Found memories:\n- [long-term] (score=" in model.prompts[2]
    assert "The rent is 890 euros" in model.prompts[2]


def test_an_agents_own_memory_and_its_crews_are_two():
    mine, ours = AgentMemMemory(user_id="mine"), AgentMemMemory(user_id="ours")
    one, two = agent(Scripted(), "One", memory=mine), agent(Scripted(), "Two")
    tasks = [Task(description=f"Ask {who.role}", expected_output="x", agent=who) for who in (one, two)]
    Crew(agents=[one, two], tasks=tasks, memory=ours).kickoff()
    assert [record.content.split("\n")[0] for record in mine.long_term.list()] == ["Task: Ask One"]
    assert [record.content.split("\n")[0] for record in ours.long_term.list()] == ["Task: Ask Two"]


def test_two_crews_of_one_user_keep_apart_by_root_scope():
    for name, answer in (("geo", "Lisbon lies on the Tagus"), ("shop", "Tea costs 9 euros")):
        crew(Scripted(answer), AgentMemMemory(root_scope=f"/crew/{name}"), "Say something of Lisbon and tea").kickoff()
    model = Scripted()
    crew(model, AgentMemMemory(root_scope="/crew/geo"), "Say something of Lisbon and tea").kickoff()
    assert "Lisbon lies on the Tagus" in model.prompts[0]
    assert "9 euros" not in model.prompts[0]
    scopes = {record.scope for record in AgentMemMemory().list_records()}
    assert scopes == {"/crew/geo/agent/geographer", "/crew/shop/agent/geographer"}


def test_a_crew_can_be_run_for_each_input_and_copied():
    memory = AgentMemMemory()
    model = Scripted(lambda prompt: "Lisbon" if "Portugal" in prompt.split("Current Task")[1][:60] else "Rome")
    results = crew(model, memory, "Find the capital of {country}").kickoff_for_each(
        inputs=[{"country": "Portugal"}, {"country": "Italy"}]
    )
    assert [result.raw for result in results] == ["Lisbon", "Rome"]
    assert memory.long_term.count() == 2
    twin = crew(model, memory).copy()
    assert twin.memory is memory


def test_an_agent_that_crewai_copies_still_finds_the_store():
    memory = AgentMemMemory()
    memory.remember("The ferry leaves at nine")
    copied = agent(Scripted(), memory=memory).copy()
    assert isinstance(copied.memory, Memory)
    assert copied.memory.recall("ferry", depth="shallow")[0].record.content == "The ferry leaves at nine"


def test_crewais_own_memory_over_our_storage_serves_a_crew():
    def memory():
        return Memory(storage=AgentMemStorage(), embedder=words_embedder, llm=Scripted("not json"))

    crew(Scripted(), memory()).kickoff()
    model = Scripted()
    crew(model, memory()).kickoff()
    assert ANSWER in model.prompts[0]
    assert "Relevant memories" in model.prompts[0]


@pytest.mark.parametrize("kind", ["memory", "long", "short", "entity", "external", "all"])
def test_a_crews_memory_can_be_reset_by_crewai(kind):
    memory = AgentMemMemory()
    made = crew(Scripted(), memory)
    made.kickoff()
    memory.entities.remember("Lisbon")
    memory.client.add("What a chat was told stays")
    made.reset_memories(kind)
    assert memory.info().record_count == 0
    assert [item.content for item in memory.client.list().items] == ["What a chat was told stays"]


def test_resetting_what_a_task_brought_forth_or_a_scope_leaves_the_rest():
    memory = AgentMemMemory()
    memory.remember("Tea is hot", scope="/elsewhere")
    made = crew(Scripted(), memory.scope("/here"))
    made.kickoff()
    made.reset_memories("kickoff_outputs")
    assert memory.info().record_count == 3
    made.reset_memories("memory")
    assert [record.content for record in memory.list_records()] == ["Tea is hot"]


PROJECT = """
from crewai import Crew
from crewai.project import CrewBase, crew
from crewai_agentmem import AgentMemMemory
from tests.crewai.scripted import Scripted, crew as made

@CrewBase
class Project:
    agents_config = {}
    tasks_config = {}
    agents = []
    tasks = []

    @crew
    def crew(self) -> Crew:
        return made(Scripted(), AgentMemMemory())
"""


def test_the_command_that_resets_memories_takes_what_crews_wrote(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "project"\n[tool.crewai]\ntype = "crew"\n')
    (tmp_path / "crew.py").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    memory = AgentMemMemory()
    memory.remember("Tea is hot")
    memory.client.add("What a chat was told stays")
    reset_memories_command(memory=True, knowledge=False, agent_knowledge=False, kickoff_outputs=False, all=False)
    assert memory.info().record_count == 0
    assert memory.client.stats().memories == 1


@pytest.mark.skipif(version("crewai").startswith("1.14"), reason="its train() raises AttributeError for every crew")
def test_training_a_crew_remembers_as_a_run_does(tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *args: "good")
    monkeypatch.chdir(tmp_path)
    memory = AgentMemMemory()
    crew(Scripted(), memory).train(n_iterations=1, filename="trained.pkl", inputs={})
    assert memory.long_term.count() == 1


def test_testing_a_crew_recalls_and_remembers_as_a_run_does():
    memory = AgentMemMemory()
    crew(Scripted(), memory).kickoff()
    model = Scripted(lambda prompt: '{"quality": 8}' if "quality" in prompt.lower() else ANSWER)
    crew(model, memory).test(n_iterations=1, eval_llm=model, inputs={})
    assert any("Relevant memories" in prompt for prompt in model.prompts)
    assert memory.long_term.count() == 1


async def test_crews_in_one_loop_do_not_meet():
    memories = [AgentMemMemory(user_id=f"user {number}") for number in range(4)]
    crews = [crew(Scripted(f"The number is {n}"), memory, "Say your number") for n, memory in enumerate(memories)]
    await asyncio.gather(*(one.akickoff() for one in crews))
    for number, memory in enumerate(memories):
        assert [record.content for record in memory.long_term.list()] == [
            f"Task: Say your number\nResult: The number is {number}"
        ]


def test_a_read_only_memory_is_not_written_by_a_crew():
    memory = AgentMemMemory(read_only=True)
    crew(Scripted(), memory).kickoff()
    assert memory.info().record_count == 0
