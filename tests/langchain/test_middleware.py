"""Agents of create_agent: what the model is told, what is kept of a run, and whose it is."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from tests.langchain.scripted import ScriptedChat, calling

from agentmem_core import AgentMem, InvalidInputError, StoreClosedError
from langchain_agentmem import AgentMemChatMessageHistory, AgentMemMiddleware


@dataclass
class Who:
    user_id: str | None = None
    session_id: str | None = None


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


@pytest.fixture(params=["sync", "async"])
def run(request):
    """Runs an agent in one colour."""

    def ask(agent, text, thread=None, **options):
        config = {"configurable": {"thread_id": thread}} if thread else None
        given = {"messages": text if isinstance(text, list) else [HumanMessage(text)]}
        if request.param == "sync":
            return agent.invoke(given, config, **options)
        return asyncio.run(agent.ainvoke(given, config, **options))

    return ask


def system_of(messages):
    return messages[0].text if isinstance(messages[0], SystemMessage) else None


def test_memories_are_told_in_the_system_message_and_the_state_stays_clean(client, run):
    client.add("Ana moved to Lisbon in May")
    model = ScriptedChat(script=["In Lisbon."])
    agent = create_agent(model, middleware=[AgentMemMiddleware(client)], system_prompt="Be kind.")
    result = run(agent, "Where does Ana live? Lisbon?")
    assert system_of(model.asked[0]).startswith("Be kind.\n\nWhat is remembered that may matter here:\n- [")
    assert system_of(model.asked[0]).endswith("Ana moved to Lisbon in May")
    assert [message.type for message in result["messages"]] == ["human", "ai"]


def test_without_a_system_prompt_and_without_memories(client, run):
    model = ScriptedChat()
    agent = create_agent(model, middleware=[AgentMemMiddleware(client)])
    run(agent, "hello Lisbon")
    assert system_of(model.asked[0]) is None
    run(agent, "Lisbon again")
    assert "hello Lisbon" in system_of(model.asked[1])


def test_the_last_exchange_is_kept_and_the_calls_of_tools_are_not(client, run):
    model = ScriptedChat(script=[calling("weather", city="Lisbon"), "Sunny!"])
    agent = create_agent(model, [weather], middleware=[AgentMemMiddleware(client, session_id="s")])
    run(agent, "How is the weather in Lisbon?")
    assert AgentMemChatMessageHistory(client, session_id="s").messages[0].content == "How is the weather in Lisbon?"
    assert [(turn.role, turn.content) for turn in client.list().items] == [
        ("user", "How is the weather in Lisbon?"), ("assistant", "Sunny!"),
    ]  # fmt: skip
    assert len(model.asked) == 2


def test_what_is_kept_twice_is_told_once(client, run):
    for session, kind in (("run", "episodic"), (None, "semantic")):
        client.add("The ferry leaves at 7:40", session_id=session, type=kind)
    model = ScriptedChat(script=["At 7:40."])
    run(create_agent(model, middleware=[AgentMemMiddleware(client)]), "When does the ferry leave?")
    assert system_of(model.asked[0]).count("7:40") == 1


def test_a_conversation_that_is_handed_over_whole_is_kept_once(client, run):
    model = ScriptedChat(script=["one", "two"])
    agent = create_agent(model, middleware=[AgentMemMiddleware(client)])
    first = run(agent, "first")["messages"]
    run(agent, [*first, HumanMessage("second"), HumanMessage("and third")])
    contents = [turn.content for turn in client.list().items]
    assert contents == ["first", "one", "second", "and third", "two"]


def test_a_thread_is_a_session_and_what_it_shows_is_not_told_again(client, run):
    model = ScriptedChat(script=["Noted.", "Yes.", "Yes again."])
    agent = create_agent(model, middleware=[AgentMemMiddleware(client)], checkpointer=InMemorySaver())
    run(agent, "I like green tea", "monday")
    run(agent, "Do I like green tea?", "monday")
    assert system_of(model.asked[1]) is None, "the thread says it already"
    run(agent, "What tea do I like?", "tuesday")
    assert "user: I like green tea" in system_of(model.asked[2])
    assert [turn.content for turn in client.list(session_id="monday").items] == [
        "I like green tea", "Noted.", "Do I like green tea?", "Yes.",
    ]  # fmt: skip


def test_the_context_says_whose_memory_it_is(client, run):
    model = ScriptedChat()
    middleware = AgentMemMiddleware(client, tools=True)
    agent = create_agent(model, middleware=[middleware], context_schema=Who)
    run(agent, "My hint is the old house", context=Who("ana", "s1"))
    run(agent, "What is my hint?", context=Who("bo"))
    assert system_of(model.asked[1]) is None
    run(agent, "What is my hint?", context=Who("ana"))
    assert "the old house" in system_of(model.asked[2])
    assert client.list(user_id="ana", session_id="s1").items[0].content == "My hint is the old house"
    assert len(client.list(user_id="bo").items) == 2

    model.script[:] = [calling("remember", content="Bo is afraid of geese"), "Noted."]
    run(agent, "I fear geese", context=Who("bo"))
    assert client.list(user_id="bo", types=["semantic"]).items[0].content == "Bo is afraid of geese"
    model.script[:] = [calling("recall", query="geese"), "No idea."]
    told = run(agent, "Who fears birds?", context=Who("ana"))["messages"]
    (answer,) = [message.content for message in told if isinstance(message, ToolMessage)]
    assert "geese" not in answer


def test_a_context_may_be_a_dict(client, run):
    class Context(TypedDict):
        user_id: str

    agent = create_agent(ScriptedChat(), middleware=[AgentMemMiddleware(client)], context_schema=Context)
    run(agent, "hello", context={"user_id": "cy"})
    assert len(client.list(user_id="cy").items) == 2
    assert client.list().items == ()


@pytest.mark.parametrize("wrong", ["", " ", 3])
def test_a_session_that_is_no_name_is_refused_when_it_is_given(client, wrong):
    with pytest.raises(InvalidInputError, match="session_id: must"):
        AgentMemMiddleware(client, session_id=wrong)


def test_a_context_with_a_name_that_is_none_is_refused(client, run):
    agent = create_agent(ScriptedChat(), middleware=[AgentMemMiddleware(client)], context_schema=Who)
    with pytest.raises(InvalidInputError, match="user_id"):
        run(agent, "hello", context=Who(""))


def test_tools_remember_recall_and_forget(client, run):
    model = ScriptedChat(script=[calling("remember", content="Ana plays the cello"), "Noted."])
    agent = create_agent(model, middleware=[AgentMemMiddleware(client, tools=True, save=False)])
    run(agent, "I play the cello")
    (kept,) = client.list().items
    assert kept.content == "Ana plays the cello"
    model.script[:] = [calling("recall", query="cello"), calling("forget", memory_id=kept.id), "Gone."]
    said = [message.content for message in run(agent, "Forget it")["messages"] if isinstance(message, ToolMessage)]
    assert str(said[0]).startswith(f"{kept.id} [")
    assert str(said[0]).endswith("Ana plays the cello")
    assert said[1] == f"Forgotten: {kept.id}."
    assert client.list().items == ()


def test_what_the_model_gets_wrong_it_is_told(client, run):
    model = ScriptedChat(script=[calling("remember", content=" "), "Sorry."])
    agent = create_agent(model, middleware=[AgentMemMiddleware(client, tools=["remember"])])
    (answer,) = [message for message in run(agent, "x")["messages"] if isinstance(message, ToolMessage)]
    assert "must not be empty" in answer.content
    assert answer.status == "error"


@pytest.mark.skipif(
    "system_message" not in inspect.signature(ModelRequest).parameters, reason="LangChain 1.0 takes a text only"
)
def test_system_messages_of_blocks_get_another_block(client, run):
    client.add("Ana likes tea")
    model = ScriptedChat()
    before = SystemMessage([{"type": "text", "text": "Be kind."}])
    run(create_agent(model, middleware=[AgentMemMiddleware(client)], system_prompt=before), "tea?")
    blocks: Any = model.asked[0][0].content
    assert [block["text"].split("\n")[0] for block in blocks] == [
        "Be kind.", "What is remembered that may matter here:",
    ]  # fmt: skip


def test_limits_hold(client, run):
    client.add_many([f"Lisbon is lovely, part {n}" for n in range(20)])
    model = ScriptedChat()
    options: Any
    for options, lines in (({}, 5), ({"recall_limit": 2}, 2), ({"recall_limit": 0}, None), ({"max_tokens": 25}, 1)):
        agent = create_agent(model, middleware=[AgentMemMiddleware(client, save=False, **options)])
        run(agent, "Lisbon?")
        told = system_of(model.asked[-1])
        assert (told and len(told.splitlines()) - 1) == lines, options
    wrong: Any
    for wrong in (
        {"recall_limit": -1},
        {"min_score": "0.5"},
        {"min_score": 2},
        {"max_tokens": 0},
        {"tools": ["erase"]},
        {"tools": "recall"},
    ):
        with pytest.raises(InvalidInputError):
            AgentMemMiddleware(client, **wrong)


def test_nothing_of_a_failed_run_is_kept(client, run):
    agent = create_agent(ScriptedChat(script=[RuntimeError("down")]), middleware=[AgentMemMiddleware(client)])
    with pytest.raises(RuntimeError, match="down"):
        run(agent, "hello")
    assert client.list().items == ()


def test_errors_of_the_store_fail_the_run(run):
    memory = AgentMem(":memory:")
    agent = create_agent(ScriptedChat(), middleware=[AgentMemMiddleware(memory)])
    memory.close()
    with pytest.raises(StoreClosedError):
        run(agent, "hello")


def test_messages_without_text_do_no_harm(client, run):
    agent = create_agent(ScriptedChat(script=[AIMessage("")]), middleware=[AgentMemMiddleware(client)])
    run(agent, [HumanMessage([{"type": "image_url", "image_url": {"url": "data:,"}}])])
    assert [turn.content for turn in client.list().items] == ["[image_url]"]


def test_what_hardly_resembles_the_question_is_not_told(client, run):
    client.add_many(["我每天早上六点去河边跑步", "会议改到下周三下午", "My sister is called Rita"])
    options: Any
    for options, chinese in (({}, False), ({"min_score": 0}, True)):
        model = ScriptedChat()
        middleware = AgentMemMiddleware(client, save=False, **options)
        run(create_agent(model, middleware=[middleware]), "What is my sister's name?")
        assert "Rita" in system_of(model.asked[0])
        assert ("跑步" in system_of(model.asked[0])) is chinese
