"""Facts from what is said to chains and agents: learnt as it is saved, told once in the next prompt."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_classic.chains import ConversationChain
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory
from tests.langchain.scripted import ScriptedChat, ScriptedText

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError
from langchain_agentmem import AgentMemChatMessageHistory, AgentMemMemory, AgentMemMiddleware

LISBON = json.dumps({
    "facts": [{"text": "user lives in Lisbon", "subject": "user", "predicate": "lives in", "object": "Lisbon", "turns": [1]}]
})  # fmt: skip


def facts(client: AgentMem) -> list[str]:
    return [item.content for item in client.semantic.list()]


def test_a_chain_with_rules_learns_and_tells_a_fact_once() -> None:
    first = ConversationChain(
        llm=ScriptedText(), memory=AgentMemMemory(learner="rules", user_id="ana", session_id="monday")
    )
    first.predict(input="I moved to Lisbon in May, and I have a dog")
    llm = ScriptedText(script=["In Lisbon."])
    later = AgentMemMemory(learner="rules", user_id="ana", session_id="friday")
    assert facts(later.history.client) == ["user lives in Lisbon", "user has a dog"]
    ConversationChain(llm=llm, memory=later).predict(input="Where does user live, in Lisbon?")
    assert llm.asked[0].count("I moved to Lisbon in May") == 1, "by the turn that it was learnt from"
    assert "user lives in Lisbon" not in llm.asked[0]
    assert ConversationChain(llm=ScriptedText(), memory=AgentMemMemory(user_id="bo")).predict(input="Lisbon?") == "ok"
    assert facts(AgentMemMemory(user_id="bo").history.client) == []


def test_a_fact_is_not_told_beside_the_turn_that_states_it() -> None:
    memory = AgentMemMemory(learner="rules")
    llm = ScriptedText()
    chain = ConversationChain(llm=llm, memory=memory)
    chain.predict(input="I live in Lisbon")
    chain.predict(input="Where do I live, in Lisbon?")
    assert llm.asked[1].count("live in Lisbon") + llm.asked[1].count("lives in Lisbon") == 1


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_chat_model_learns_where_it_is_told_to(colour: str) -> None:
    model = ScriptedChat(script=["Hello", LISBON])
    memory = AgentMemMemory(llm=model, infer=True, return_messages=True)
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{input}")])
    chain = ConversationChain(llm=model, prompt=prompt, memory=memory)
    given = {"input": "I moved to Lisbon"}
    chain.invoke(given) if colour == "sync" else asyncio.run(chain.ainvoke(given))
    assert facts(memory.history.client) == ["user lives in Lisbon"]
    assert len(model.asked) == 2


def test_a_model_that_only_counts_is_not_asked() -> None:
    model = ScriptedChat()
    memory = AgentMemMemory(llm=model)
    memory.save_context({"input": "I live in Lisbon"}, {"output": "ok"})
    assert (model.asked, facts(memory.history.client)) == ([], [])


def test_a_model_that_fails_is_in_the_log_and_loses_nothing(caplog) -> None:
    model = ScriptedChat(script=[ConnectionError("no route")])
    history = AgentMemChatMessageHistory(llm=model)
    with caplog.at_level(logging.WARNING, "langchain_agentmem"):
        history.add_messages([HumanMessage("I live in Lisbon")])
    assert "no route" in caplog.text
    assert [message.content for message in history.messages] == ["I live in Lisbon"]
    model.script = [LISBON]
    assert history.client.learn().memories[0].content == "user lives in Lisbon"


def test_a_runnable_with_history_learns_and_chinese_is_read() -> None:
    chat = RunnableWithMessageHistory(
        ScriptedChat(),
        lambda session_id: AgentMemChatMessageHistory(session_id=session_id, user_id="ana", learner="rules"),
    )
    chat.invoke([HumanMessage("我住在里斯本，我有一只猫")], {"configurable": {"session_id": "s1"}})
    client = AgentMemChatMessageHistory(user_id="ana", learner="rules").client
    assert facts(client) == ["user住在里斯本", "user有猫"]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_an_agent_learns_when_it_is_done(colour: str) -> None:
    middleware = AgentMemMiddleware(learner="rules", user_id="ana", session_id="s1")
    model = ScriptedChat(script=["Nice."])
    agent = create_agent(model, middleware=[middleware])
    given: Any = {"messages": [HumanMessage("I live in Lisbon and I like fado")]}
    agent.invoke(given) if colour == "sync" else asyncio.run(agent.ainvoke(given))
    assert facts(middleware.client) == ["user lives in Lisbon", "user likes fado"]
    again = create_agent(model, middleware=[AgentMemMiddleware(learner="rules", user_id="ana", session_id="s2")])
    again.invoke({"messages": [HumanMessage("What does user like: fado?")]})
    assert str(model.asked[-1][0].content).count("I like fado") == 1, "by the turn that it was learnt from"
    assert "user likes fado" not in str(model.asked[-1][0].content)


def test_in_the_background_it_is_learnt_a_little_later() -> None:
    history = AgentMemChatMessageHistory(learner="rules", infer="background")
    history.add_messages([HumanMessage("I live in Lisbon"), AIMessage("Nice")])
    assert not history.client.flush(timeout=60)
    assert facts(history.client) == ["user lives in Lisbon"]


def test_clearing_a_session_takes_what_was_learnt_from_it() -> None:
    history = AgentMemChatMessageHistory(learner="rules")
    history.add_messages([HumanMessage("I live in Lisbon")])
    AgentMemChatMessageHistory(learner="rules", session_id="other").add_messages([HumanMessage("I like fado")])
    history.clear()
    assert facts(history.client) == ["user likes fado"]


def test_a_client_that_can_learn_does_where_it_is_told_to(tmp_path) -> None:
    with AgentMem(tmp_path, learner="rules") as client:
        AgentMemMemory(client).save_context({"input": "I like tea"}, {"output": "ok"})
        assert facts(client) == []
        AgentMemMemory(client, infer=True).save_context({"input": "I like fado"}, {"output": "ok"})
        assert facts(client) == ["user likes fado"]


@pytest.mark.parametrize("make", [AgentMemMemory, AgentMemChatMessageHistory, AgentMemMiddleware])
def test_what_cannot_be_is_refused(make, client) -> None:
    with pytest.raises(InvalidInputError, match="infer"):
        make(infer="later")
    with pytest.raises(NotConfiguredError, match="learner"):
        make(learner="magic")
    with pytest.raises(InvalidInputError, match="client"):
        make(client, learner="rules")


def test_nobody_learns_where_nobody_is_named(client) -> None:
    with pytest.raises(NotConfiguredError, match="llm="):
        AgentMemMemory(client, infer=True).save_context({"input": "hi"}, {"output": "ok"})
    assert client.stats().memories == 0


def test_histories_of_one_model_share_one_store() -> None:
    model = ScriptedChat()
    one, two = (AgentMemChatMessageHistory(llm=model, user_id=user) for user in ("ana", "bo"))
    shares: Any = [history.client._backend for history in (one, two)]
    assert shares[0]._opened is shares[1]._opened
