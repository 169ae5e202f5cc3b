"""Facts from what is said to engines and agents: learnt as it is put, told once in the next prompt."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import Memory
from tests.llamaindex.scripted import ScriptedLLM
from tests.llamaindex.test_block_and_chat_store import memory_over

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError
from llamaindex_agentmem import AgentMemBlock, AgentMemChatStore, AgentMemMemory

LISBON = json.dumps({
    "facts": [{"text": "user lives in Lisbon", "subject": "user", "predicate": "lives in", "object": "Lisbon", "turns": [1]}]
})  # fmt: skip


def said(text: str, role: str = "user") -> ChatMessage:
    return ChatMessage(role=role, content=text)


def facts(client: AgentMem) -> list[str]:
    return [item.content for item in client.semantic.list()]


def test_an_engine_with_rules_learns_and_tells_a_fact_once() -> None:
    first = SimpleChatEngine.from_defaults(
        llm=ScriptedLLM("Nice."), memory=AgentMemMemory(learner="rules", user_id="ana", session_id="monday")
    )
    first.chat("I moved to Lisbon in May, and I have a dog")
    llm = ScriptedLLM("In Lisbon.")
    later = AgentMemMemory(learner="rules", user_id="ana", session_id="friday")
    assert facts(later.client) == ["user lives in Lisbon", "user has a dog"]
    SimpleChatEngine.from_defaults(llm=llm, memory=later).chat("Where does user live, in Lisbon?")
    assert llm.prompt.count("user lives in Lisbon") == 1
    assert facts(AgentMemMemory(user_id="bo").client) == []


def test_a_fact_is_not_told_beside_the_turn_that_states_it() -> None:
    memory = AgentMemMemory(learner="rules")
    memory.put(said("I live in Lisbon"))
    shown = "\n".join(str(message) for message in memory.get("Where do I live, in Lisbon?"))
    assert shown.count("live in Lisbon") + shown.count("lives in Lisbon") == 1


async def test_an_agent_learns_with_a_model_without_blocking() -> None:
    memory = AgentMemMemory(llm=ScriptedLLM(LISBON), user_id="ana")
    agent = FunctionAgent(llm=ScriptedLLM("Nice."), tools=[])
    await agent.run("I moved to Lisbon", memory=memory)
    assert facts(memory.client) == ["user lives in Lisbon"]


def test_the_model_of_from_defaults_learns_only_where_it_is_told_to() -> None:
    counting = ScriptedLLM(LISBON)
    memory = AgentMemMemory.from_defaults(llm=counting)
    memory.put(said("I moved to Lisbon"))
    assert (counting.seen, facts(memory.client)) == ([], [])
    learning = AgentMemMemory.from_defaults(llm=counting, infer=True, user_id="ana")
    learning.put(said("I moved to Lisbon"))
    assert facts(learning.client) == ["user lives in Lisbon"]


def test_a_model_that_fails_is_in_the_log_and_loses_nothing(caplog) -> None:
    memory = AgentMemMemory(llm=ScriptedLLM(ConnectionError("no route"), LISBON))
    with caplog.at_level(logging.WARNING, "llamaindex_agentmem"):
        memory.put(said("I live in Lisbon"))
    assert "no route" in caplog.text
    assert [message.content for message in memory.get_all()] == ["I live in Lisbon"]
    assert memory.client.learn().memories[0].content == "user lives in Lisbon"


async def test_llamaindexs_own_memory_learns_through_the_chat_store_or_the_block() -> None:
    store = AgentMemChatStore(learner="rules", user_id="ana")
    own = memory_over(store, session_id="s1")
    await own.aput(said("我住在里斯本，我有一只猫"))
    assert facts(store.client) == ["user住在里斯本", "user有猫"]
    block = AgentMemBlock(learner="rules", user_id="bo")
    short = Memory.from_defaults(session_id="s1", token_limit=40, chat_history_token_ratio=0.2, memory_blocks=[block])
    for text in ("I live in Lisbon", "I like fado", "and so on", "and on"):
        await short.aput(said(text))
    assert "user lives in Lisbon" in facts(block.client)


def test_in_the_background_it_is_learnt_a_little_later() -> None:
    memory = AgentMemMemory(learner="rules", infer="background")
    memory.put(said("I live in Lisbon"))
    assert not memory.client.flush(timeout=60)
    assert facts(memory.client) == ["user lives in Lisbon"]


def test_a_dump_knows_its_learner_but_no_model(tmp_path) -> None:
    dump = AgentMemMemory(path=tmp_path, learner="rules", infer="background").to_dict()
    again = AgentMemMemory.from_dict(json.loads(json.dumps(dump)))
    assert (again.learner, again.infer) == ("rules", "background")
    model = ScriptedLLM(LISBON)
    dump = AgentMemMemory(path=tmp_path, llm=model).to_dict()
    with pytest.raises(NotConfiguredError, match="llm="):
        AgentMemMemory.from_dict(dump).put(said("hi"))
    taught = AgentMemMemory.from_dict(dump, llm=model, user_id="ana")
    asyncio.run(taught.aput(said("I moved to Lisbon")))
    assert facts(taught.client) == ["user lives in Lisbon"]


def test_a_client_that_can_learn_does_where_it_is_told_to(tmp_path) -> None:
    with AgentMem(tmp_path, learner="rules") as client:
        AgentMemMemory(client).put(said("I like tea"))
        assert facts(client) == []
        AgentMemMemory(client, infer=True).put(said("I like fado"))
        assert facts(client) == ["user likes fado"]


def test_what_is_learnt_outlives_a_reset() -> None:
    memory = AgentMemMemory(learner="rules")
    memory.put(said("I live in Lisbon"))
    memory.reset()
    assert (memory.get_all(), facts(memory.client)) == ([], ["user lives in Lisbon"])


@pytest.mark.parametrize("make", [AgentMemMemory, AgentMemBlock, AgentMemChatStore])
def test_what_cannot_be_is_refused(make, client) -> None:
    with pytest.raises(InvalidInputError, match="infer"):
        make(infer="later")
    with pytest.raises(NotConfiguredError, match="learner"):
        make(learner="magic")
    with pytest.raises(InvalidInputError, match="client"):
        make(client, learner="rules")
