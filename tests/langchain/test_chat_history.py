"""The chat history: every message comes back equal, in order, to its own user and session."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.history import RunnableWithMessageHistory
from tests.langchain.scripted import ScriptedChat

from agentmem_core import AgentMem, InvalidInputError, StoreClosedError, StoreUnavailableError
from langchain_agentmem import AgentMemChatMessageHistory

CALL = {"name": "look_up", "args": {"city": "里斯本", "deep": {"n": [1, 2.5, None, True]}}, "id": "call-1"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
MESSAGES = [
    HumanMessage("I moved to Lisbon"),
    HumanMessage("我去年五月搬到了里斯本", name="安娜", id="h-1"),
    HumanMessage("x", name=" "),
    HumanMessage("x", name="n" * 300),
    HumanMessage(""),
    HumanMessage(" \n "),
    HumanMessage([{"type": "text", "text": "what is this?"}, IMAGE]),
    HumanMessage(["one", "two"]),
    HumanMessage([IMAGE]),
    HumanMessage([]),
    HumanMessage("extra", additional_kwargs={"a": {"b": [1, "二"]}}, example=True),
    AIMessage("Nice!"),
    AIMessage(""),
    AIMessage("", tool_calls=[CALL], id="a-1"),
    AIMessage("said", tool_calls=[CALL, {**CALL, "id": "call-2"}]),
    AIMessage("", invalid_tool_calls=[{"name": "f", "args": "{", "id": "c", "error": "no JSON"}]),
    AIMessage(
        "counted",
        response_metadata={"model": "m", "logprobs": None},
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    ),
    AIMessage([{"type": "text", "text": "t"}, {"type": "tool_use", "id": "1", "name": "f", "input": {}}]),
    AIMessageChunk(content="chunk", tool_call_chunks=[{"name": "f", "args": '{"a":', "id": "1", "index": 0}]),
    SystemMessage("Be kind"),
    SystemMessage(""),
    ToolMessage("19 degrees", tool_call_id="call-1", name="look_up"),
    ToolMessage("", tool_call_id="call-1", status="error", artifact={"rows": [1, 2]}),
    ToolMessage("found", tool_call_id="c", artifact=[Document("text", id="d", metadata={"n": 1})]),
    FunctionMessage(content="old style", name="f"),
    ChatMessage(content="guilty", role="judge"),
    ChatMessage(content="", role=" "),
    HumanMessage("…"),
    AIMessage("\u2060"),
    ToolMessage("NUL \x00 of a file", tool_call_id="c"),
    HumanMessage("\x00"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{type(message).__name__}-{message.content!r:.20}")
def test_a_message_comes_back_equal(client, message):
    history = AgentMemChatMessageHistory(client)
    history.add_messages([message])
    (back,) = history.messages
    assert back == message
    assert type(back) is type(message)
    assert back.model_dump() == message.model_dump()


def test_messages_come_back_in_the_order_they_were_added_in_both_colours(client):
    sync, later = (AgentMemChatMessageHistory(client, session_id=name) for name in ("sync", "later"))
    for start in range(0, len(MESSAGES), 7):
        sync.add_messages(MESSAGES[start : start + 7])

    async def add_and_read():
        for start in range(0, len(MESSAGES), 7):
            await later.aadd_messages(MESSAGES[start : start + 7])
        return await later.aget_messages()

    assert sync.messages == MESSAGES
    assert asyncio.run(add_and_read()) == MESSAGES
    assert later.messages == asyncio.run(sync.aget_messages())


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=8))
def test_any_text_comes_back(texts):
    with AgentMem(":memory:", embedder="hashing") as memory:
        history = AgentMemChatMessageHistory(memory)
        messages = [HumanMessage(text) for text in texts]
        history.add_messages(messages)
        assert history.messages == messages


def test_nothing_to_add_is_no_error(client):
    history = AgentMemChatMessageHistory(client)
    history.add_messages([])
    assert history.messages == []


@pytest.mark.parametrize(
    "wrong",
    [
        "text", HumanMessage("x"), {"role": "user"}, 3, ["text"], [None], [RemoveMessage(id="1")],
        [HumanMessage("fine"), ToolMessage("x", tool_call_id="c", artifact=object())],
        [HumanMessage("x", additional_kwargs={"o": object()})],
    ],
)  # fmt: skip
def test_what_could_not_come_back_equal_is_refused_whole(client, wrong):
    history = AgentMemChatMessageHistory(client)
    with pytest.raises(InvalidInputError):
        history.add_messages(wrong)
    assert history.messages == []


def test_a_window_reads_only_the_newest(client):
    AgentMemChatMessageHistory(client).add_messages([HumanMessage(f"{n}") for n in range(1200)])
    assert len(AgentMemChatMessageHistory(client).messages) == 1200
    window = AgentMemChatMessageHistory(client, window=3)
    assert [message.content for message in window.messages] == ["1197", "1198", "1199"]
    assert [turn.content for turn in window.turns(700)][::699] == ["500", "1199"]
    assert window.turns(0) == []


def test_a_window_does_not_begin_with_the_result_of_a_tool_whose_call_is_cut_off(client):
    history = AgentMemChatMessageHistory(client, window=3)
    history.add_messages([AIMessage("", tool_calls=[CALL]), ToolMessage("r", tool_call_id="call-1")])
    history.add_messages([AIMessage("19"), HumanMessage("thanks")])
    assert [message.type for message in history.messages] == ["ai", "human"]
    assert len(AgentMemChatMessageHistory(client, window=4).messages) == 4


@pytest.mark.parametrize("window", [0, -1, True, "3", 2.5])
def test_a_window_that_cannot_be_is_refused(client, window):
    with pytest.raises(InvalidInputError, match="window"):
        AgentMemChatMessageHistory(client, window=window)


def test_users_agents_and_sessions_do_not_mix(client):
    def history(**scope):
        return AgentMemChatMessageHistory(client, **scope)

    history(user_id="ana", session_id="s").add_user_message("of ana")
    history(user_id="bo", session_id="s").add_user_message("of bo")
    history(user_id="ana", session_id="t").add_user_message("of another session")
    history(user_id="ana", session_id="u", agent_id="x").add_user_message("of x")
    history(user_id="ana").add_user_message("of the session nobody named")
    assert [message.content for message in history(user_id="ana", session_id="s").messages] == ["of ana"]
    assert [message.content for message in history(user_id="bo", session_id="s").messages] == ["of bo"]
    assert [message.content for message in history(user_id="ana", session_id="u", agent_id="x").messages] == ["of x"]
    assert history(user_id="ana", session_id="u", agent_id="y").messages == []
    assert [message.content for message in history(user_id="ana").messages] == ["of the session nobody named"]
    assert history(user_id="cy", session_id="s").messages == []


def test_clear_erases_this_session_only_and_not_what_is_remembered_beside_it(client):
    mine, other, bos = (
        AgentMemChatMessageHistory(client, session_id="s"),
        AgentMemChatMessageHistory(client, session_id="t"),
        AgentMemChatMessageHistory(client, user_id="bo", session_id="s"),
    )
    for history in (mine, other, bos):
        history.add_user_message("hello")
    client.add("a fact of ana's")
    client.add("a document", session_id="s", collection="documents", vector=[1.0])
    kept = mine.turns()[0].id
    mine.clear()
    assert mine.messages == []
    assert len(other.messages) == len(bos.messages) == 1
    assert [memory.content for memory in client.list(types=["semantic"]).items] == ["a fact of ana's"]
    assert len(client.list(collection="documents").items) == 1
    assert client.forget(kept).memories == 0, "clear leaves nothing that could be restored"
    asyncio.run(other.aclear())
    assert other.messages == []
    assert len(bos.messages) == 1


def test_clear_with_an_agent_leaves_the_other_agents_turns(client):
    one, two = (AgentMemChatMessageHistory(client, agent_id=name, session_id="s") for name in ("one", "two"))
    one.add_user_message("to one")
    two.add_user_message("to two")
    one.clear()
    assert one.messages == []
    assert len(two.messages) == 1


def test_turns_that_others_wrote_are_messages_by_their_role(client):
    client.add(
        [
            {"role": "user", "content": "hi", "name": "Ana"}, {"role": "assistant", "content": "hello"},
            {"role": "system", "content": "be kind"}, {"role": "critic", "content": "too long"},
            {"role": "user", "content": "with metadata", "metadata": {"langchain": "something else"}},
        ],
        session_id="default",
    )  # fmt: skip
    client.add("a fact is no turn", session_id="default")
    assert AgentMemChatMessageHistory(client).messages == [
        HumanMessage("hi", name="Ana"), AIMessage("hello"), SystemMessage("be kind"),
        ChatMessage(content="too long", role="critic"), HumanMessage("with metadata"),
    ]  # fmt: skip


def test_a_corrected_turn_is_the_message_from_then_on(client):
    history = AgentMemChatMessageHistory(client)
    history.add_messages([HumanMessage("my name is Ann", id="1")])
    client.update(history.turns()[0].id, content="my name is Ana")
    assert history.messages == [HumanMessage("my name is Ana", id="1")]


def test_plain_turns_are_plain_in_the_store(client):
    AgentMemChatMessageHistory(client).add_messages([HumanMessage("hi"), AIMessage("hello", id="1")])
    plain, marked = client.list().items
    assert (plain.role, plain.content, plain.metadata, plain.type) == ("user", "hi", {}, "episodic")
    assert (marked.role, marked.metadata) == ("assistant", {"langchain": {"type": "ai", "data": {"id": "1"}}})


def test_tool_calls_are_found_by_their_words(client):
    AgentMemChatMessageHistory(client).add_messages([AIMessage("", tool_calls=[CALL])])
    assert client.search("里斯本", mode="lexical")[0].memory.role == "assistant"


def test_a_name_that_is_no_name_is_refused(client):
    wrong: Any
    for wrong in ("", "  ", 7, "x" * 300):
        with pytest.raises(InvalidInputError):
            AgentMemChatMessageHistory(client, session_id=wrong)
        with pytest.raises(InvalidInputError):
            AgentMemChatMessageHistory(client, user_id=wrong)


@pytest.mark.parametrize("path", [3, "", b"\0"])
def test_a_path_that_is_none_is_refused(path):
    with pytest.raises(StoreUnavailableError, match="path must"):
        AgentMemChatMessageHistory(path=path)


def test_a_client_made_for_a_session_is_the_history_of_that_session():
    with AgentMem(":memory:", user_id="ana", session_id="monday") as mine:
        history = AgentMemChatMessageHistory(mine)
        assert history.session_id == "monday"
        history.add_user_message("hi")
        assert mine.list().items[0].scope.session_id == "monday"


def test_the_next_history_of_a_store_finds_it_open(tmp_path):
    AgentMemChatMessageHistory(path=tmp_path / "s", session_id="a").add_user_message("hi")
    again = AgentMemChatMessageHistory(path=tmp_path / "s", session_id="a")
    assert again.client._backend._shared() is AgentMemChatMessageHistory(path=tmp_path / "s").client._backend._shared()  # type: ignore[attr-defined]
    assert [message.content for message in again.messages] == ["hi"]


def test_a_store_in_memory_is_its_history_alone():
    one, two = AgentMemChatMessageHistory(path=":memory:"), AgentMemChatMessageHistory(path=":memory:")
    one.add_user_message("hi")
    assert two.messages == []


def test_errors_of_the_store_are_raised(client):
    history = AgentMemChatMessageHistory(client)
    client.close()
    for call in (lambda: history.messages, lambda: history.add_user_message("x"), history.clear):
        with pytest.raises(StoreClosedError):
            call()


async def test_a_runnable_with_history_tells_what_it_could_not_read_and_logs_what_it_could_not_save(client, caplog):
    """The second is LangChain's: it saves in a callback. The manual says so; here it is seen when that changes."""

    def history(session_id):
        return AgentMemChatMessageHistory(client, session_id=session_id)

    talk = RunnableWithMessageHistory(ScriptedChat(script=["noted"] * 2), history)
    options = RunnableConfig(configurable={"session_id": "s"})
    for answer in (talk.invoke("x" * 1_000_001, options), await talk.ainvoke("x" * 1_000_001, options)):
        assert answer.content == "noted"
    logged = [record.getMessage() for record in caplog.records if record.name == "langchain_core.callbacks.manager"]
    assert len(logged) == 2
    assert all("the limit is 1,000,000; split it" in message for message in logged)
    assert history("s").messages == []
    client.close()
    with pytest.raises(StoreClosedError):
        talk.invoke("hello", options)


def test_showing_a_history_shows_no_content_beside_its_names(client):
    history = AgentMemChatMessageHistory(client, session_id="s")
    history.add_user_message("secret")
    assert repr(history) == "AgentMemChatMessageHistory(user_id='ana', session_id='s')"
    assert str(history) == "Human: secret"
