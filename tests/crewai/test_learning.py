"""With llm= a crew learns facts and entities from its tasks: in two calls at most, and what fails costs nothing."""

import json
import logging
import re

import pytest
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import MemorySaveFailedEvent
from crewai.llms.base_llm import BaseLLM
from tests.core.learning.scripted import Scripted as CoreModel
from tests.core.learning.scripted import fact, verdict
from tests.crewai.scripted import ANSWER, Scripted, crew

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError
from crewai_agentmem import AgentMemMemory
from crewai_agentmem.models import as_core_model

LISBON = [fact("Rodela is based in Lisbon", "Rodela|is based in|Lisbon"), fact("Rodela rents out 900 bicycles")]
PORTO = [fact("Rodela is based in Porto", "Rodela|is based in|Porto", exclusive=True)]


def moved(*facts):
    """A model that tells these facts, one list a task."""
    return CoreModel(list(facts))


def facts(memory):
    """What a crew learnt that still holds."""
    rows = memory.client.list(limit=1_000, filters={"memory.type": "semantic"}).items
    return sorted(item.content for item in rows if "learner" in item.metadata and item.valid_to is None)


def told_of(memory, name):
    """What is known of an entity."""
    record = memory.entities.get(name)
    return None if record is None else record.content


def contents(records):
    return {record.content for record in records}


def test_a_crew_learns_facts_and_entities_and_keeps_its_result_verbatim():
    learner, memory = moved(LISBON), None
    memory = AgentMemMemory(llm=learner)
    worker = Scripted("Rodela is based in Lisbon and rents out 900 bicycles.")
    crew(worker, memory, "Find out about Rodela").kickoff()
    assert len(worker.prompts) == 1
    assert len(learner.prompts) == 1
    assert "who and what" not in learner.prompts[0].text
    assert "what agents found out" in learner.prompts[0].system
    assert 'Geographer (agent): "Task: Find out about Rodela' in learner.prompts[0].text
    result = "Task: Find out about Rodela\nResult: Rodela is based in Lisbon and rents out 900 bicycles."
    assert contents(memory.long_term.list()) == {
        result, "Rodela is based in Lisbon", "Rodela rents out 900 bicycles",
    }  # fmt: skip
    assert contents(memory.short_term.list()) == {result}
    assert memory.entities.relations("lisbon") == {("Rodela", "is based in", "Lisbon")}
    assert told_of(memory, "Rodela") == "Rodela (entity)\nRodela is based in Lisbon"

    later = Scripted()
    crew(later, AgentMemMemory(), "Where is Rodela based?").kickoff()
    assert "Rodela is based in Lisbon" in later.prompts[0]
    assert "- [entity]" in later.prompts[0]


def test_each_task_costs_two_calls_at_most_and_what_ended_is_ended():
    memory, learner = moving()
    crew(Scripted(), memory, "Where is Rodela?", "Where is Rodela now?").kickoff()
    has_moved(memory, learner)


@pytest.mark.parametrize("kickoff", ["kickoff_async", "akickoff"])
async def test_so_it_is_in_a_loop(kickoff):
    memory, learner = moving()
    await getattr(crew(Scripted(), memory, "Where is Rodela?", "Where is Rodela now?"), kickoff)()
    has_moved(memory, learner)


def test_what_was_told_wrong_is_corrected_in_the_entities_too():
    wrong = verdict(1, "UPDATE", 1, text="Rodela is based in Porto")
    learner = CoreModel([LISBON[:1], PORTO], [[wrong]])
    memory = AgentMemMemory(llm=learner)
    crew(Scripted(), memory, "Where is Rodela?", "Where is Rodela really?").kickoff()
    assert facts(memory) == ["Rodela is based in Porto"]
    assert memory.entities.relations("Rodela") == {("Rodela", "is based in", "Porto")}


def moving():
    learner = CoreModel([LISBON, PORTO], [[verdict(1, "UPDATE", 1, was_true=True)]])
    return AgentMemMemory(llm=learner), learner


def has_moved(memory, learner):
    asked = "".join("E" if "what agents found out" in prompt.system else "d" for prompt in learner.prompts)
    assert re.fullmatch("Ed?Ed?", asked), "a task is read once, and then at most once decided upon"
    assert told_of(memory, "Rodela") == "Rodela (entity)\nRodela is based in Porto"
    assert memory.entities.relations("Rodela") == {("Rodela", "is based in", "Porto")}
    assert facts(memory) == ["Rodela is based in Porto", "Rodela rents out 900 bicycles"]


def test_without_llm_no_model_is_asked_even_where_the_environment_names_one(monkeypatch):
    monkeypatch.setenv("AGENTMEM_LLM", "http://127.0.0.1:9/v1#none")
    memory, worker = AgentMemMemory(), Scripted()
    crew(worker, memory).kickoff()
    assert len(worker.prompts) == 1
    assert memory.info().record_count == 2


class Crewman(BaseLLM):
    """A model of CrewAI that is asked for facts; with no async call of its own."""

    def __init__(self, said):
        super().__init__(model="crewman")
        self._said = said
        self._asked = []

    _said: str = ""
    _asked: list = []  # noqa: RUF012 - a private attribute of pydantic's

    def call(self, messages, *args, **options):
        self._asked.append(messages)
        return self._said


def test_a_model_of_crewai_learns_as_well():
    learner = Crewman("```json\n" + json.dumps({"facts": LISBON}) + "\n```")
    memory = AgentMemMemory(llm=learner)
    crew(Scripted(), memory).kickoff()
    assert [message["role"] for message in learner._asked[0]] == ["system", "user"]
    assert "JSON Schema" in learner._asked[0][0]["content"]
    learnt = {item.metadata.get("model") for item in memory.client.semantic.about("Rodela")}
    assert "Crewman:crewman" in learnt


async def test_a_model_of_crewai_is_asked_in_a_loop():
    memory = AgentMemMemory(llm=Crewman(json.dumps({"facts": LISBON})))
    outcome = memory.extract_memories("Task: t\nAgent: Scout\nExpected result: x\nResult: Rodela is in Lisbon")
    await memory.aremember_many(outcome)
    assert await memory.entities.arelations("Rodela") == {("Rodela", "is based in", "Lisbon")}


@pytest.mark.parametrize("failure", [ConnectionError("no route"), "no json at all", {"facts": "none"}])
def test_what_the_model_gets_wrong_costs_nothing_is_told_and_can_be_made_up_for(failure, caplog):
    told = []
    learner = CoreModel([failure, LISBON])
    memory = AgentMemMemory(llm=learner)
    with crewai_event_bus.scoped_handlers(), caplog.at_level(logging.WARNING, "crewai_agentmem"):
        crewai_event_bus.on(MemorySaveFailedEvent)(lambda source, event: told.append(event.error))
        assert crew(Scripted(), memory).kickoff().raw == ANSWER
        crewai_event_bus.flush()
    said = [record.getMessage() for record in caplog.records if record.name == "crewai_agentmem"]
    assert said == [f"learning: {told[0]}"]
    assert "nothing was learnt from 1 turns" in said[0]
    assert memory.info().record_count == 2
    assert memory.learn().count("ADD") == 2
    assert memory.entities.get("Lisbon") is not None
    assert memory.learn().read == 0


def test_crews_below_two_root_scopes_see_what_they_learnt_themselves():
    one = AgentMemMemory(llm=moved(LISBON), root_scope="/one")
    crew(Scripted(), one).kickoff()
    two = AgentMemMemory(llm=moved([LISBON[0]]), root_scope="/two")
    assert not two.recall("Where is Rodela based?")
    crew(Scripted("It is Rodela's town."), two).kickoff()
    assert "Rodela is based in Lisbon" in contents(two.long_term.list())  # known already, and now to both
    assert "Rodela rents out 900 bicycles" not in contents(two.long_term.list())
    assert "Rodela is based in Lisbon" in contents(one.long_term.list())
    one.reset()
    assert one.info().record_count == 0


def test_what_is_private_stays_private_when_it_is_learnt_from():
    memory = AgentMemMemory(llm=moved(LISBON))
    outcome = memory.extract_memories("Task: t\nAgent: Scout\nExpected result: x\nResult: Rodela is in Lisbon")
    memory.remember_many(outcome, private=True, source="ana")
    assert memory.recall("Where is Rodela based?") == []
    assert memory.recall("Where is Rodela based?", source="ana")[0].record.private
    assert memory.entities.list() == []


def test_a_client_that_learns_does_so_for_a_crew_and_one_that_does_not_is_as_before():
    learner = moved(LISBON)
    with AgentMem(user_id="ana", llm=learner) as client:
        memory = AgentMemMemory(client)
        crew(Scripted(), memory).kickoff()
        assert memory.entities.get("Rodela") is not None
        with pytest.raises(InvalidInputError, match="embedder, llm and learner"):
            AgentMemMemory(client, llm=learner)
    with AgentMem(user_id="bo") as client:
        memory = AgentMemMemory(client)
        crew(Scripted(), memory).kickoff()
        assert memory.info().record_count == 2
        with pytest.raises(NotConfiguredError, match="learner"):
            memory.learn()


def test_memories_with_different_models_of_one_store_ask_their_own():
    first, second = moved(LISBON), moved(PORTO)
    one, two = AgentMemMemory(user_id="ana", llm=first), AgentMemMemory(user_id="bo", llm=second)
    plain = AgentMemMemory(user_id="cy")
    for memory in (one, two, plain):
        crew(Scripted(), memory).kickoff()
    assert (len(first.prompts), len(second.prompts)) == (1, 1)
    assert one.entities.get("Porto") is None
    assert two.entities.get("Porto") is not None
    assert plain.entities.list() == []


def test_rules_learn_what_a_task_says_in_the_first_person():
    memory = AgentMemMemory(learner="rules")
    worker = Scripted("I live in Rome, says the guide.")
    crew(worker, memory, "I live in Lisbon. Find a bakery nearby.").kickoff()
    assert len(worker.prompts) == 1
    assert facts(memory) == ["user lives in Lisbon"]
    assert memory.entities.relations("user") == {("user", "lives in", "Lisbon")}


def test_chinese_work_is_asked_about_in_chinese():
    learner = moved([fact("罗德拉的总部位于里斯本", "罗德拉|总部位于|里斯本")])
    memory = AgentMemMemory(llm=learner)
    crew(Scripted("罗德拉的总部位于里斯本。"), memory, "查找罗德拉的总部").kickoff()
    assert "你阅读智能体完成任务" in learner.prompts[0].system
    assert memory.entities.relations("里斯本") == {("罗德拉", "总部位于", "里斯本")}


def test_a_long_task_does_not_hide_its_result_from_the_model():
    learner = moved([])
    crew(Scripted("The needle is here."), AgentMemMemory(llm=learner), "hay " * 10_000).kickoff()
    assert "The needle is here." in learner.prompts[0].text
    assert len(learner.prompts[0].text) < 8_000


def test_what_cannot_be_a_model_is_refused():
    with pytest.raises(NotConfiguredError, match="llm: must be"):
        AgentMemMemory(llm=5)
    with pytest.raises(NotConfiguredError, match="learner: must be"):
        AgentMemMemory(learner="nobody")
    with pytest.raises(NotConfiguredError, match="the server decides about llm"):
        AgentMemMemory(api_url="http://127.0.0.1:9", llm=moved())
    with pytest.raises(InvalidInputError, match="llm: must be an LLM of CrewAI"):
        as_core_model("gpt")  # type: ignore[arg-type]  # it is what is tested
