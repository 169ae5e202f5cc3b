"""Crews of two users at once, four agents each: nothing crosses, nothing is lost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.crewai.scripted import Scripted, agent

from crewai import Crew, Task
from crewai_agentmem import AgentMemMemory

USERS = {"ana": "安娜", "bo": "Bo"}
AGENTS = range(4)
ROUNDS = range(3)


def crew_of(user, memory, round_):
    """A crew whose agents work at the same time, but for the last; and their models."""
    models = [Scripted(f"{USERS[user]} keeps the secret {round_}.{number}") for number in AGENTS]
    workers = [agent(model, f"Agent {number}") for number, model in enumerate(models)]
    tasks = [
        Task(
            description=f"Ask for the secret {round_}.{number}",
            expected_output="a secret",
            agent=worker,
            async_execution=number < len(AGENTS) - 1,
        )
        for number, worker in enumerate(workers)
    ]
    return Crew(agents=workers, tasks=tasks, memory=memory), models


def check(user, memory, models):
    other = next(name for name in USERS if name != user)
    prompts = [prompt for model in models for prompt in model.prompts]
    assert len(prompts) == len(ROUNDS) * len(AGENTS)
    assert any(f"Result: {USERS[user]} keeps" in prompt for prompt in prompts)
    assert all(USERS[other] not in prompt for prompt in prompts)
    secrets = {f"{USERS[user]} keeps the secret {round_}.{number}" for round_ in ROUNDS for number in AGENTS}
    for view in (memory.long_term, memory.short_term):
        assert {record.content.split("Result: ")[1] for record in view.list()} == secrets
        assert view.count() == len(secrets)


@pytest.fixture
def memories():
    return {user: AgentMemMemory(user_id=user) for user in USERS}


def test_in_threads(memories):
    def work(user):
        done = []
        for round_ in ROUNDS:
            crew, models = crew_of(user, memories[user], round_)
            crew.kickoff()
            done += models
        return done

    with ThreadPoolExecutor(len(USERS)) as pool:
        for user, models in zip(USERS, pool.map(work, USERS), strict=True):
            check(user, memories[user], models)


async def test_in_one_event_loop(memories):
    async def work(user):
        done = []
        for round_ in ROUNDS:
            crew, models = crew_of(user, memories[user], round_)
            await crew.akickoff()
            done += models
        return done

    found = await asyncio.gather(*map(work, USERS))
    for user, models in zip(USERS, found, strict=True):
        check(user, memories[user], models)


def test_crews_of_one_user_share_one_memory_object(memories):
    def work(round_):
        crew, models = crew_of("ana", memories["ana"], round_)
        crew.kickoff()
        return models

    with ThreadPoolExecutor(len(ROUNDS)) as pool:
        models = [model for done in pool.map(work, ROUNDS) for model in done]
    assert memories["ana"].long_term.count() == memories["ana"].short_term.count() == len(models)
    assert memories["bo"].info().record_count == 0
