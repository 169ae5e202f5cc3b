"""What is not worth telling is told by none of the frameworks: one character in common, and a turn without a text."""

import pytest
from llama_index.core.llms import ChatMessage

from agentmem_core import AgentMem
from crewai_agentmem import AgentMemMemory as CrewMemory
from langchain_agentmem import AgentMemMemory as ChainMemory
from langchain_agentmem import memory_tools
from llamaindex_agentmem import AgentMemMemory as ChatMemory

TICKET, TEMPLATE = "天坛公园的门票是十五元", "周报要用蓝色的模板"
QUESTION = f"请写一份很长的说明，{'，'.join(f'第{number}条内容' for number in range(300))}，天，周报"


def chain(client, question):
    return ChainMemory(client, session_id="now").load_memory_variables({"input": question})["history"]


def tool(client, question):
    (recall,) = [tool for tool in memory_tools(client) if tool.name == "recall"]
    return recall.invoke({"query": question})


def chat(client, question):
    return "\n".join(message.content or "" for message in ChatMemory(client, session_id="now").get(question))


def crew(client, question):
    return "\n".join(match.format() for match in CrewMemory(client).recall(question))


@pytest.mark.parametrize("ask", [chain, tool, chat, crew])
def test_one_character_in_common_is_no_word_for_any_framework(folder, ask):
    with AgentMem(folder, user_id="小伟") as client:
        client.add_many([TICKET, TEMPLATE])
        assert {hit.memory.content for hit in client.search(QUESTION)} == {TICKET, TEMPLATE}
        told = ask(client, QUESTION)
    assert TEMPLATE in told
    assert TICKET not in told


@pytest.mark.parametrize("ask", [chain, tool, chat, crew])
def test_a_turn_without_a_text_is_told_to_no_framework(folder, ask):
    with AgentMem(folder, user_id="ana") as client:
        turns = ChatMemory(client, session_id="before")
        turns.put(ChatMessage(role="user", content="What is the weather in Lisbon?"))
        turns.put(ChatMessage(role="assistant", content=""))
        (_, silent) = client.list(session_id="before").items
        assert silent.content in {hit.memory.content for hit in client.search("weather in Lisbon")}
        told = ask(client, "weather in Lisbon")
    assert "What is the weather in Lisbon?" in told
    assert silent.content not in told
