"""LlamaIndex's own ``Memory`` over our chat store and with our block."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import Memory, VectorMemoryBlock
from llama_index.core.storage.chat_store.base_db import MessageStatus
from llama_index.core.storage.chat_store.sql import SQLAlchemyChatStore
from tests.llamaindex.scripted import ScriptedLLM
from tests.llamaindex.test_memory import MESSAGES, says

from agentmem_core import InvalidInputError
from llamaindex_agentmem import AgentMemBlock, AgentMemChatStore, AgentMemEmbedding, AgentMemMemory, AgentMemVectorStore

ACTIVE, ARCHIVED = MessageStatus.ACTIVE, MessageStatus.ARCHIVED


TAKES_ANY_STORE = "chat_store" in inspect.signature(Memory.from_defaults).parameters


def words(text):
    return text.split()


def memory_over(store, **options):
    """As ``Memory.from_defaults(chat_store=...)``; the oldest versions take no store but their own."""
    if not (isinstance(store, SQLAlchemyChatStore) or TAKES_ANY_STORE):
        pytest.skip("this LlamaIndex takes no chat store but its own")
    return Memory(sql_store=store, token_limit=options.pop("token_limit", 1_000), **options)


async def everything(store):
    """A story through every method of a chat store, with what each answered."""
    told = []
    await store.add_message("a", MESSAGES[0])
    await store.add_messages("a", MESSAGES[5:9])
    await store.add_messages("b", says(("user", "one"), ("assistant", "two")), status=ARCHIVED)
    told.append(await store.get_messages("a"))
    told.append(await store.get_messages("a", limit=2, offset=1))
    told.append(await store.get_messages("a", offset=4))
    told.append(await store.get_messages("b"))
    told.append(await store.get_messages("b", status=ARCHIVED))
    told.append(await store.get_messages("b", status=None))
    told.append(sorted(await store.get_keys()))
    told.append(await store.archive_oldest_messages("a", 2))
    told.append(
        [
            await store.count_messages("a"),
            await store.count_messages("a", ARCHIVED),
            await store.count_messages("a", None),
        ]
    )
    told.append(await store.delete_oldest_messages("a", 1))
    told.append(await store.get_messages("a", status=None))
    await store.delete_messages("a", ARCHIVED)
    told.append(await store.get_messages("a", status=None))
    await store.set_messages("b", says(("user", "new")))
    told.append(await store.get_messages("b", status=None))
    await store.delete_messages("b")
    told.append(await store.get_messages("b", status=None))
    told.append(await store.get_messages("never seen"))
    return told


async def test_the_chat_store_answers_what_llama_indexs_own_answers(client):
    theirs = SQLAlchemyChatStore(table_name="t")
    assert await everything(AgentMemChatStore(client)) == await everything(theirs)
    await theirs._async_engine.dispose()


async def test_a_message_is_deleted_by_its_place(client):
    """LlamaIndex's own store takes the number of a row in its table there, which no other method tells."""
    store = AgentMemChatStore(client)
    await store.add_messages("a", says(("user", "0"), ("user", "1"), ("user", "2")))
    assert (await store.delete_message("a", 1)).content == "1"
    for nowhere in (2, -1, 50):
        assert await store.delete_message("a", nowhere) is None
    assert [message.content for message in await store.get_messages("a")] == ["0", "2"]


async def test_what_a_memory_over_the_chat_store_writes_is_everybodys(client):
    memory = memory_over(AgentMemChatStore(client), session_id="s")
    await memory.aput_messages(MESSAGES)
    assert await memory.aget_all() == MESSAGES
    assert AgentMemMemory(client, session_id="s").get_all() == MESSAGES
    assert client.search("里斯本")[0].memory.scope.session_id == "s"
    again = memory_over(AgentMemChatStore(client), session_id="s")
    assert await again.aget() == MESSAGES


def test_a_memory_over_the_chat_store_works_without_a_loop(client):
    memory = memory_over(AgentMemChatStore(client), session_id="s")
    memory.put(ChatMessage(content="hello"))
    assert [message.content for message in memory.get()] == ["hello"]
    memory.set(says(("user", "new")))
    assert [message.content for message in memory.get_all()] == ["new"]
    memory.reset()
    assert memory.get_all() == []


async def test_a_blank_session_is_refused(client):
    with pytest.raises(InvalidInputError, match="session"):
        await AgentMemChatStore(client).get_messages(" ")


async def test_turns_that_leave_the_window_are_kept_once_and_recalled(client):
    block = AgentMemBlock(client)
    memory = memory_over(
        AgentMemChatStore(client),
        session_id="s",
        token_limit=60,
        token_flush_size=10,
        tokenizer_fn=words,
        memory_blocks=[block],
    )
    await memory.aput(ChatMessage(role="user", content="The code of the door is 4711"))
    await memory.aput(ChatMessage(role="assistant", content="Noted"))
    for number in range(20):
        await memory.aput_messages(says(("user", f"something else {number}"), ("assistant", f"fine {number}")))
    seen = await memory.aget("what is the code of the door?")
    assert "The code of the door is 4711" in str(seen[0].content)
    texts = [item.content for item in client.list(limit=1000).items]
    assert len(texts) == len(set(texts)) == 42, "nothing is lost, nothing is kept twice"
    window = [message.content for message in await memory.sql_store.get_messages("s")]
    assert not any(f": {text}\n" in f"{seen[0].content}\n" for text in window)


async def test_a_block_alone_keeps_what_it_is_given(client):
    block = AgentMemBlock(client)
    theirs = SQLAlchemyChatStore(table_name="t")
    memory = memory_over(
        theirs, session_id="s", token_limit=30, token_flush_size=10, tokenizer_fn=words, memory_blocks=[block]
    )
    for number in range(12):
        await memory.aput_messages(says(("user", f"the number is {number}"), ("assistant", "yes")))
    kept = [item.content for item in client.list(session_id="s", limit=100).items]
    assert kept[0] == "the number is 0"
    assert kept.count("yes") == len(kept) // 2 > 2, "repeated turns are all kept"
    assert "session_id" not in str(client.list(limit=100).items[0].metadata)
    await theirs._async_engine.dispose()


async def test_one_block_serves_two_memories(client):
    block = AgentMemBlock(client)
    await block.aput(says(("user", "I like green tea")), session_id="one")
    await block.aput(says(("user", "I live in Lisbon")), session_id="two")
    assert "green tea" in await block.aget(says(("user", "which tea?")), session_id="two")
    assert {item.scope.session_id for item in client.list().items} == {"one", "two"}
    assert await block.aget([]) == await block.aget(None) == ""
    assert await block.aget(says(("assistant", "no question"))) == ""


async def test_a_block_answers_within_its_tokens_and_can_be_cut(client):
    client.add_many([f"Tea number {number} is green" for number in range(20)])
    block = AgentMemBlock(client, limit=20, max_tokens=60, count_tokens=lambda text: len(text.split()))
    text = await block.aget(says(("user", "green tea")))
    assert 20 < len(text.split()) <= 60
    shorter = await block.atruncate(text, 10)
    assert len(shorter.split()) <= len(text.split()) - 10
    assert shorter.startswith("What is remembered")
    assert await block.atruncate(text, 1_000) is None


async def test_an_agent_uses_a_memory_with_our_block(client):
    client.add("Ana lives in Lisbon")
    llm = ScriptedLLM("In Lisbon.")
    memory = memory_over(AgentMemChatStore(client), session_id="s", memory_blocks=[AgentMemBlock(client)])
    agent = FunctionAgent(name="a", description="d", llm=llm, tools=[])
    assert str(await agent.run(user_msg="Where does Ana live?", memory=memory)) == "In Lisbon."
    assert "Ana lives in Lisbon" in llm.prompt


async def test_llama_indexs_vector_memory_block_works_over_our_vector_store(client):
    block = VectorMemoryBlock(vector_store=AgentMemVectorStore(client), embed_model=AgentMemEmbedding(client))
    await block.aput(says(("user", "I am allergic to peanuts")), session_id="s")
    assert "peanuts" in await block.aget(says(("user", "what about peanuts?")), session_id="s")


def test_from_defaults_takes_the_chat_store_where_it_can(client):
    if not TAKES_ANY_STORE:
        pytest.skip("this LlamaIndex takes no chat store but its own")
    memory = Memory.from_defaults(session_id="s", chat_store=AgentMemChatStore(client))
    memory.put(ChatMessage(content="hello"))
    assert client.list(session_id="s").items[0].content == "hello"
    assert asyncio.run(AgentMemChatStore(client).get_keys()) == ["s"]
