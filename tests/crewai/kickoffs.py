"""Every way to start a crew, one after another: ``main`` prints what each was told of earlier runs, and what was connected to."""

import asyncio
import json
import os
import socket
import sys

from crewai.flow.flow import Flow, listen, start
from pydantic import PrivateAttr
from tests.crewai.scripted import ANSWER, Scripted, agent, crew
from tests.crewai.watching import opened

from crewai import Crew, Process, Task
from crewai_agentmem import AgentMemMemory

QUESTION = "Find the capital of Portugal"


def sequential(model, memory):
    crew(model, memory, QUESTION).kickoff()


def hierarchical(model, memory):
    task = Task(description=QUESTION, expected_output="a sentence")
    Crew(
        agents=[agent(Scripted())], tasks=[task], process=Process.hierarchical, manager_llm=model, memory=memory
    ).kickoff()


def hierarchical_async(model, memory):
    task = Task(description=QUESTION, expected_output="a sentence")
    made = Crew(
        agents=[agent(Scripted())], tasks=[task], process=Process.hierarchical, manager_llm=model, memory=memory
    )
    asyncio.run(made.akickoff())


def in_a_thread(model, memory):
    asyncio.run(crew(model, memory, QUESTION).kickoff_async())


def native_async(model, memory):
    asyncio.run(crew(model, memory, QUESTION).akickoff())


def for_each(model, memory):
    crew(model, memory, "Find the capital of {country}").kickoff_for_each(inputs=[{"country": "Portugal"}])


def agent_alone(model, memory):
    agent(model, memory=memory).kickoff(QUESTION)


def agent_async(model, memory):
    asyncio.run(agent(model, memory=memory).kickoff_async(QUESTION))


def agents_own(model, memory):
    worker = agent(model, memory=memory)
    Crew(agents=[worker], tasks=[Task(description=QUESTION, expected_output="a sentence", agent=worker)]).kickoff()


def scoped(model, memory):
    crew(model, memory.scope("/geography"), QUESTION).kickoff()


def rooted(model, memory):
    rooted = AgentMemMemory(memory.client, root_scope="/crew/geography")
    crew(model, rooted, QUESTION).kickoff()


class Research(Flow):
    """One step runs a crew, the next remembers and recalls."""

    _model: Scripted = PrivateAttr()

    @start()
    def look_up(self):
        return crew(self._model, self.memory, QUESTION).kickoff().raw

    @listen(look_up)
    def note(self, answer):
        known = [match.record.content for match in self.recall("When does the archive open?", limit=3)]
        self.remember("The archive opens at ten")
        return {"answer": answer, "known": known}


def research(model, memory):
    made = Research(memory=memory)
    made._model = model
    return made


def knew(outcome):
    assert outcome["answer"] == ANSWER
    return "The archive opens at ten" in outcome["known"]


def flow(model, memory):
    return knew(research(model, memory).kickoff())


def flow_async(model, memory):
    made = research(model, memory)
    return knew(asyncio.run(made.akickoff()))


WAYS = (
    sequential, hierarchical, hierarchical_async, in_a_thread, native_async, for_each, agent_alone, agent_async, agents_own,
    scoped, rooted, flow, flow_async,
)  # fmt: skip


def main():
    told = {}
    for way in WAYS:
        model = Scripted()
        known = way(model, AgentMemMemory(user_id=way.__name__))
        in_prompt = "- [long-term] (score=" in model.prompts[0] and f"Result: {ANSWER}" in model.prompts[0]
        told[way.__name__] = in_prompt and known is not False
    connected = list(opened)
    socket.getaddrinfo("127.0.0.1", None)  # the watch is awake
    found = {"told": told, "connected": connected, "watched": len(opened) - len(connected)}
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)  # nothing is drained, closed or waited for
