"""What other memories hold is taken over, once."""

from __future__ import annotations

import asyncio

import pytest
from langchain_classic.memory import ConversationBufferMemory, ConversationSummaryMemory
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.store.memory import InMemoryStore
from tests.langchain.scripted import ScriptedText

from agentmem_core import InvalidInputError
from langchain_agentmem import (
    AgentMemChatMessageHistory,
    AgentMemMemory,
    AgentMemStore,
    aimport_history,
    aimport_store,
    import_history,
    import_store,
)

MESSAGES = [HumanMessage("I moved to Lisbon", id="1"), AIMessage("Nice"), HumanMessage("ok"), HumanMessage("ok")]


@pytest.fixture(params=["sync", "async"])
def take_over(request):
    def taken(source, client, **options):
        if request.param == "sync":
            return import_history(source, client, **options)
        return asyncio.run(aimport_history(source, client, **options))

    return taken


def sources():
    buffer = ConversationBufferMemory()
    buffer.chat_memory.add_messages(MESSAGES)
    return [MESSAGES, InMemoryChatMessageHistory(messages=MESSAGES), buffer]


@pytest.mark.parametrize("number", range(3))
def test_a_conversation_is_taken_over_once_and_in_order(client, take_over, number):
    assert take_over(sources()[number], client, session_id="old") == 4
    assert take_over(sources()[number], client, session_id="old") == 0
    assert AgentMemChatMessageHistory(client, session_id="old").messages == MESSAGES
    assert take_over(sources()[number], client, session_id="other") == 4
    told = AgentMemMemory(client, session_id="new").load_memory_variables({"input": "Lisbon"})["history"]
    assert "user: I moved to Lisbon" in told


def test_what_was_said_since_is_all_that_is_new(client, take_over):
    take_over(MESSAGES, client)
    assert take_over([*MESSAGES, AIMessage("more")], client) == 1


def test_a_summary_becomes_a_memory(client, take_over):
    summary = ConversationSummaryMemory(llm=ScriptedText(), buffer="The human moved to Lisbon.")
    summary.chat_memory.add_messages(MESSAGES)
    assert take_over(summary, client, session_id="old") == 5
    (kept,) = client.list(types=["semantic"]).items
    assert (kept.content, kept.metadata) == ("The human moved to Lisbon.", {"summary_of": "old"})
    assert AgentMemChatMessageHistory(client, session_id="old").messages == MESSAGES


@pytest.mark.parametrize("wrong", ["text", None, 3, {"messages": []}, ["text"]])
def test_what_holds_no_conversation_is_refused(client, take_over, wrong):
    with pytest.raises(InvalidInputError):
        take_over(wrong, client)
    assert take_over([], client) == 0


def test_the_items_of_a_store_are_copied(client):
    source = InMemoryStore()
    for n in range(1100):
        source.put(("users", f"{n % 3}"), f"{n}", {"n": n})
    target = AgentMemStore(client)
    assert import_store(source, target) == 1100
    assert asyncio.run(aimport_store(source, target)) == 1100
    assert target.list_namespaces() == source.list_namespaces()
    copied = target.get(("users", "2"), "1001")
    assert copied is not None
    assert copied.value == {"n": 1001}
    assert len(client.list(collection="langgraph", limit=2000).items) == 1100
