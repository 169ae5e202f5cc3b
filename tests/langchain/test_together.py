"""Across processes, threads and an event loop: everybody's turns stay everybody's own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory
from tests.langchain.scripted import ScriptedChat

from agentmem_core import AgentMem
from langchain_agentmem import AgentMemChatMessageHistory, AgentMemMemory, AgentMemStore

SPEAKING = Path(__file__).parent / "speaking.py"


def speak(kind, folder, said):
    command = [sys.executable, str(SPEAKING), kind, str(folder), said]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["chain", "runnable", "agent", "graph"])
def test_what_one_process_was_told_another_tells_its_model(tmp_path, kind):
    first = speak(kind, tmp_path, "My cello teacher is called Rita")
    assert json.dumps(first).count("Rita") <= 3, "nothing but the question, and the call of the agent's tool"
    (prompt, *_) = speak(kind, tmp_path, "How is my cello teacher called?")
    if kind == "chain":
        assert "Human: My cello teacher is called Rita\nAI: noted\nHuman: How is my cello" in prompt
    elif kind == "runnable":
        assert prompt == ["My cello teacher is called Rita", "noted", "How is my cello teacher called?"]
    else:
        told, question = prompt
        assert "My cello teacher is called Rita" in told
        assert question == "How is my cello teacher called?"


def test_twenty_threads_and_an_event_loop_keep_every_turn_in_its_history(tmp_path):
    names = [(user, f"s{number}") for user in ("ana", "bo") for number in range(5)]

    def history(user, session):
        return AgentMemChatMessageHistory(path=tmp_path, user_id=user, session_id=session)

    def talk(job):
        (user, session), thread = names[job % len(names)], job
        for turn in range(5):
            history(user, session).add_messages(
                [HumanMessage(f"{user} {session} {thread} {turn}"), AIMessage(f"to {user} {session} {thread} {turn}")]
            )

    async def atalk(job):
        user, session = names[job]
        for turn in range(5):
            await history(user, session).aadd_messages(
                [HumanMessage(f"{user} {session} loop {turn}"), AIMessage(f"to {user} {session} loop {turn}")]
            )

    async def all_at_once():
        await asyncio.gather(*(atalk(job) for job in range(len(names))))

    with ThreadPoolExecutor(21) as threads:
        jobs = [threads.submit(talk, job) for job in range(20)]
        jobs.append(threads.submit(lambda: asyncio.run(all_at_once())))
        for job in jobs:
            job.result()

    for user, session in names:
        all_of_one_conversation(history(user, session).messages, user, session)
        told = AgentMemMemory(path=tmp_path, user_id=user, session_id="new").load_memory_variables({"input": "to s1"})
        assert ("bo" if user == "ana" else "ana") not in told["history"]


def all_of_one_conversation(messages, user, session):
    """Thirty messages of nobody else, each answer behind its question, each speaker's in the order they were said."""
    assert len(messages) == 30
    for human, answer in zip(messages[::2], messages[1::2], strict=True):
        assert human.text.startswith(f"{user} {session} ")
        assert answer.text == f"to {human.text}"
    for speaker in {message.text.split()[2] for message in messages[::2]}:
        turns = [int(message.text.split()[3]) for message in messages[::2] if message.text.split()[2] == speaker]
        assert turns == list(range(5))


async def test_a_runnable_with_history_keeps_users_apart_on_one_loop(tmp_path):
    llm = ScriptedChat(script=["noted"] * 40)
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{input}")])
    talk = RunnableWithMessageHistory(
        prompt | llm,
        lambda session_id: AgentMemChatMessageHistory(path=tmp_path, user_id=session_id),
        input_messages_key="input",
        history_messages_key="history",
    )
    for turn in range(2):
        await asyncio.gather(
            *(
                talk.ainvoke({"input": f"{user} {turn}"}, {"configurable": {"session_id": user}})
                for user in map("user{}".format, range(20))
            )
        )
    for user in map("user{}".format, range(20)):
        messages = await AgentMemChatMessageHistory(path=tmp_path, user_id=user).aget_messages()
        assert [message.content for message in messages] == [f"{user} 0", "noted", f"{user} 1", "noted"]
    assert all(len({message.text.split()[0] for message in asked} - {"noted"}) == 1 for asked in llm.asked)


async def test_items_put_from_threads_and_a_loop_at_once_are_all_there(tmp_path):
    store = AgentMemStore(path=tmp_path)
    with ThreadPoolExecutor(8) as threads:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(threads, store.put, ("n",), f"t{n}", {"n": n}) for n in range(40)]
        await asyncio.gather(*jobs, *(store.aput(("n",), f"a{n}", {"n": n}) for n in range(40)))
    assert len(await store.asearch(("n",), limit=100)) == 80


def test_what_a_chain_was_told_the_core_finds(tmp_path):
    AgentMemMemory(path=tmp_path, user_id="ana").save_context({"input": "I moved to Lisbon"}, {"response": "Nice"})
    with AgentMem(tmp_path, user_id="ana") as memory:
        hit = memory.search("Lisbon")[0].memory
        assert (hit.role, hit.content, hit.scope.session_id) == ("user", "I moved to Lisbon", "default")
