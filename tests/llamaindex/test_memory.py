"""The chat memory: every turn is kept and comes back equal, and a model sees what fits and what matters."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.chat_engine import ContextChatEngine, SimpleChatEngine
from llama_index.core.memory import BaseMemory
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool
from tests.llamaindex.scripted import ScriptedLLM

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError
from llamaindex_agentmem import AgentMemBlock, AgentMemMemory, AgentMemVectorStore

MESSAGES = [
    ChatMessage(role="user", content="plain text"),
    ChatMessage(role="assistant", content=""),
    ChatMessage(role="assistant"),
    ChatMessage(role="user", content="  \n "),
    ChatMessage(role="user", content="nul \x00 and half \ud83d"),
    ChatMessage(role="user", content="里斯本很美"),
    ChatMessage(role="user", content="\u2205"),
    ChatMessage(
        role="assistant",
        content="",
        additional_kwargs={"tool_calls": [{"id": "1", "name": "weather", "arguments": {"city": "Lisbon"}}], "n": 1.5},
    ),
    ChatMessage(role="tool", content="22 degrees", additional_kwargs={"tool_call_id": "1", "name": "weather"}),
    ChatMessage(role="user", blocks=[TextBlock(text="what is"), TextBlock(text="this?"), ImageBlock(url="https://example.org/x.png")]),
    ChatMessage(role="user", blocks=[ImageBlock(image=b"aGVsbG8=", image_mimetype="image/png")]),
    ChatMessage(role="system", content="be kind"),
    ChatMessage(role="developer", content="be brief"),
]  # fmt: skip


def words(text: str) -> list[str]:
    return text.split()


class Asking:
    """A memory asked in one colour."""

    def __init__(self, memory, colour):
        self.memory = memory
        self.colour = colour

    def __getattr__(self, name):
        if self.colour == "sync":
            return getattr(self.memory, name)
        return lambda *arguments, **options: asyncio.run(getattr(self.memory, f"a{name}")(*arguments, **options))


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def memory(client, colour):
    return Asking(AgentMemMemory(client, session_id="s", tokenizer_fn=words), colour)


def says(*pairs):
    return [ChatMessage(role=role, content=text) for role, text in pairs]


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_a_message_comes_back_equal(memory, message):
    before = message.model_copy(deep=True)
    memory.put(message)
    assert message == before, "what is put is not changed"
    assert memory.get_all() == [message]
    assert memory.get()[-1] == message


def test_messages_come_back_in_order(memory):
    memory.put_messages(MESSAGES[:6])
    for message in MESSAGES[6:]:
        memory.put(message)
    memory.put_messages([])
    assert memory.get_all() == MESSAGES
    memory.set(MESSAGES[2:4])
    assert memory.get_all() == MESSAGES[2:4]
    memory.set([])
    assert memory.get_all() == memory.get() == []


def test_a_turn_is_readable_by_anybody(client):
    AgentMemMemory(client, session_id="s").put_messages(MESSAGES[:2])
    first, second = client.list(session_id="s").items
    assert (first.role, first.content, first.type, first.metadata) == ("user", "plain text", "episodic", {})
    assert second.role == "assistant"
    client.add([{"role": "ai", "content": "by another adapter"}], session_id="s")
    assert AgentMemMemory(client, session_id="s").get_all()[-1] == ChatMessage(
        role=MessageRole.ASSISTANT, content="by another adapter"
    )


def test_repeated_messages_are_all_kept(memory):
    memory.put_messages(says(("user", "yes"), ("assistant", "ok"), ("user", "yes"), ("assistant", "ok")))
    assert [message.content for message in memory.get_all()] == ["yes", "ok", "yes", "ok"]


def test_reset_deletes_this_session_only(client, colour):
    one = Asking(AgentMemMemory(client, session_id="one"), colour)
    other = Asking(AgentMemMemory(client, session_id="other"), colour)
    one.put(ChatMessage(content="hello"))
    other.put(ChatMessage(content="hi"))
    client.add("a fact learnt in the session", session_id="one")
    one.reset()
    one.reset()
    assert one.get_all() == []
    assert [message.content for message in other.get_all()] == ["hi"]
    assert client.search("fact learnt")[0].memory.content == "a fact learnt in the session"


def test_the_newest_turns_fit_into_the_limit(client, colour):
    memory = Asking(AgentMemMemory(client, token_limit=20, recall_limit=0, tokenizer_fn=words), colour)
    for number in range(60):
        memory.put_messages(
            says(("user", f"question number {number} here"), ("assistant", f"answer number {number} here"))
        )
    seen = memory.get()
    assert [message.content.split()[2] for message in seen] == ["58", "58", "59", "59"]
    assert [message.content for message in memory.get(initial_token_count=12)] == [
        "question number 59 here", "answer number 59 here",
    ]  # fmt: skip
    assert len(memory.get_all()) == 120, "nothing is lost to the limit"


def test_a_window_does_not_begin_with_an_answer_or_a_tool(client):
    memory = AgentMemMemory(client, token_limit=6, recall_limit=0, tokenizer_fn=words)
    memory.put_messages(
        says(("user", "a b c"), ("assistant", "d e"), ("tool", "f"), ("assistant", "g"), ("user", "h i"))
    )
    assert [message.content for message in memory.get()] == ["h i"]
    greeting = AgentMemMemory(client, session_id="greeting", token_limit=50, tokenizer_fn=words)
    greeting.put_messages(says(("assistant", "Hello, who are you?"), ("user", "x")))
    assert [message.role for message in greeting.get()] == ["assistant", "user"], "where nothing is cut off, it may"


def test_the_newest_turn_is_there_however_long(client):
    memory = AgentMemMemory(client, token_limit=5, tokenizer_fn=words)
    memory.put(ChatMessage(content="word " * 100))
    assert len(memory.get()) == 1


def test_older_memories_of_any_session_are_recalled_and_marked(client, colour):
    old = Asking(AgentMemMemory(client, session_id="old", tokenizer_fn=words), colour)
    old.put_messages(says(("user", "I am allergic to peanuts"), ("assistant", "I will remember that")))
    client.add("Ana's sister is called Rita")
    new = Asking(AgentMemMemory(client, session_id="new", tokenizer_fn=words), colour)
    new.put(ChatMessage(role="user", content="Hello"))
    system, hello = new.get("May I eat peanuts?")
    assert system.role is MessageRole.SYSTEM
    assert system.content.startswith("What is remembered")
    assert "allergic to peanuts" in system.content
    assert hello.content == "Hello"
    new.put(ChatMessage(role="user", content="Are peanuts bad for me?"))
    assert "allergic to peanuts" in new.get()[0].content, "without input, what the user said last is asked"
    assert "allergic to peanuts" in new.get(ChatMessage(content="peanuts?"))[0].content


def test_what_is_recalled_does_not_repeat_a_turn_of_the_window(client):
    memory = AgentMemMemory(client, session_id="s", tokenizer_fn=words)
    memory.put_messages(says(("user", "I like green tea"), ("assistant", "Green tea it is"), ("user", "green tea?")))
    assert [message.role for message in memory.get("green tea?")] == ["user", "assistant", "user"]
    AgentMemMemory(client, session_id="earlier").put(ChatMessage(content="I like GREEN  tea"))
    assert [message.role for message in memory.get("green tea?")] == ["user", "assistant", "user"], "nor its words"


def test_turns_that_left_the_window_are_recalled_and_all_fits(client):
    memory = AgentMemMemory(client, session_id="s", token_limit=100, tokenizer_fn=words)
    memory.put(ChatMessage(role="user", content="The code of the door is 4711"))
    memory.put(ChatMessage(role="assistant", content="Noted"))
    for number in range(40):
        memory.put_messages(says(("user", f"something else {number}"), ("assistant", f"fine {number}")))
    seen = memory.get("what is the code of the door?")
    assert "4711" in seen[0].content
    assert len(words(" ".join(str(message.content) for message in seen))) <= 100
    texts = [message.content for message in seen[1:]]
    assert not any(text in seen[0].content for text in texts)


def test_another_user_is_never_recalled(client):
    AgentMemMemory(client, user_id="bo", session_id="s").put(ChatMessage(content="Bo's PIN is 1234"))
    memory = AgentMemMemory(client, session_id="s")
    assert memory.get("what is the PIN?") == memory.get_all() == []


def test_odd_questions_are_no_error(memory):
    memory.put(ChatMessage(role="user", content="tea"))
    for question in ("", "  ", "\x00", "\ud83d", "word " * 50_000, "里斯本", None):
        assert memory.get(question)[-1].content == "tea"


@pytest.mark.parametrize("made", [AgentMemMemory, AgentMemBlock, AgentMemVectorStore])
@pytest.mark.parametrize("wrong", ["", " ", 3])
def test_a_session_that_is_no_name_is_refused(client, made, wrong):
    """It was the session "default" once."""
    with pytest.raises(InvalidInputError, match="session_id: must"):
        made(client, session_id=wrong)


@pytest.mark.parametrize("wrong", [{"token_limit": 0}, {"recall_limit": "many"}, {"min_score": 2}, {"tokenizer_fn": 3}])
def test_an_argument_that_cannot_be_is_refused_by_its_name(client, wrong):
    (name,) = wrong
    with pytest.raises(InvalidInputError, match=f"{name}: Input should be .*, got {wrong[name]!r}"):
        AgentMemMemory(client, **wrong)


@pytest.mark.parametrize("wrong", [3, ["text"], {"content": "text"}])
def test_an_input_that_is_no_text_is_refused(memory, wrong):
    with pytest.raises(InvalidInputError, match="input: must be text or a ChatMessage, not"):
        memory.get(wrong)


def test_what_is_no_message_is_refused(memory):
    for wrong in ("text", None, {"role": "user", "content": "x"}):
        with pytest.raises(InvalidInputError, match="ChatMessage"):
            memory.put(wrong)
    with pytest.raises(InvalidInputError, match="JSON"):
        memory.put(ChatMessage(role="user", content="x", additional_kwargs={"x": object()}))
    assert memory.get_all() == []


def test_a_new_object_with_the_same_ids_goes_on(tmp_path):
    AgentMemMemory(path=tmp_path / "m", user_id="ana").put(ChatMessage(content="hello"))
    assert [message.content for message in AgentMemMemory(path=tmp_path / "m", user_id="ana").get_all()] == ["hello"]


def test_from_defaults_takes_a_history_and_the_limit_of_the_model(client):
    memory = AgentMemMemory.from_defaults(client, chat_history=MESSAGES[:2], llm=ScriptedLLM("x"), session_id="q")
    assert memory.get_all() == MESSAGES[:2]
    assert memory.token_limit == 3_000
    assert AgentMemMemory.from_defaults(client).token_limit == 3_000


def test_a_dump_opens_the_same_session_again(tmp_path, client):
    memory = AgentMemMemory(path=tmp_path / "m", user_id="ana", session_id="s", token_limit=77)
    memory.put(ChatMessage(content="hello"))
    again = AgentMemMemory.from_dict(memory.to_dict())
    assert [message.content for message in again.get_all()] == ["hello"]
    assert again.token_limit == 77
    with pytest.raises(NotConfiguredError):
        AgentMemMemory.from_dict(AgentMemMemory(client).to_dict())


def test_every_async_method_is_native():
    for name in ("aget", "aget_all", "aput", "aput_messages", "aset", "areset"):
        mine = getattr(AgentMemMemory, name)
        assert mine is not getattr(BaseMemory, name)
        assert inspect.iscoroutinefunction(mine)


def test_threads_keep_their_sessions_apart(client):
    def chat(number):
        memory = AgentMemMemory(client, session_id=f"s{number}")
        for turn in range(10):
            memory.put(ChatMessage(content=f"{number} says {turn}"))
        return [message.content for message in memory.get_all()]

    with ThreadPoolExecutor(8) as pool:
        for number, texts in enumerate(pool.map(chat, range(16))):
            assert texts == [f"{number} says {turn}" for turn in range(10)]


def fact(client):
    client.add("Ana lives in Lisbon", session_id="an earlier one")


def test_a_simple_chat_engine_remembers(client, colour):
    fact(client)
    llm = ScriptedLLM("In Lisbon.", "You asked where you live.")
    memory = AgentMemMemory(client, session_id="s")
    engine = SimpleChatEngine.from_defaults(llm=llm, memory=memory, system_prompt="Be kind.")
    ask = engine.chat if colour == "sync" else lambda text: asyncio.run(engine.achat(text))
    assert ask("Where does Ana live?").response == "In Lisbon."
    assert "Ana lives in Lisbon" in llm.prompt
    assert llm.prompt.count("Where does Ana live?") == 1
    ask("What did I ask?")
    assert "user: Where does Ana live?\nassistant: In Lisbon.\nuser: What did I ask?" in llm.prompt
    assert [message.content for message in memory.get_all()] == [
        "Where does Ana live?", "In Lisbon.", "What did I ask?", "You asked where you live.",
    ]  # fmt: skip


def test_a_simple_chat_engine_streams_and_remembers(client):
    memory = AgentMemMemory(client, session_id="s")
    engine = SimpleChatEngine.from_defaults(llm=ScriptedLLM("In Lisbon."), memory=memory)
    stream = engine.stream_chat("Where?")
    assert "".join(stream.response_gen) == "In Lisbon."
    assert [message.content for message in memory.get_all()] == ["Where?", "In Lisbon."]


def test_a_context_chat_engine_remembers(client, colour):
    from llama_index.core.indices import VectorStoreIndex

    from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

    fact(client)
    embedding = AgentMemEmbedding(client)
    index = VectorStoreIndex.from_vector_store(AgentMemVectorStore(client), embed_model=embedding)
    index.insert_nodes([TextNode(text="The tram 28 goes to Graça")])
    llm = ScriptedLLM("Take the tram 28.")
    engine = ContextChatEngine.from_defaults(
        retriever=index.as_retriever(similarity_top_k=1), llm=llm, memory=AgentMemMemory(client, session_id="s")
    )
    ask = engine.chat if colour == "sync" else lambda text: asyncio.run(engine.achat(text))
    assert ask("Ana lives where, and which tram goes there?").response == "Take the tram 28."
    assert "tram 28 goes to Graça" in llm.prompt
    assert "Ana lives in Lisbon" in llm.prompt


def weather(city: str) -> str:
    """The weather of a city."""
    return f"22 degrees in {city}"


@pytest.mark.parametrize("kind", ["agent", "workflow"])
async def test_an_agent_with_tools_remembers(client, kind):
    fact(client)
    llm = ScriptedLLM({"weather": {"city": "Lisbon"}}, "It is 22 degrees in Lisbon.", "You asked about the weather.")
    agent = FunctionAgent(name="a", description="d", llm=llm, tools=[FunctionTool.from_defaults(weather)])
    runner = agent if kind == "agent" else AgentWorkflow(agents=[agent], root_agent="a")
    memory = AgentMemMemory(client, session_id="s")
    answer = await runner.run(user_msg="What is the weather where Ana lives?", memory=memory)
    assert str(answer) == "It is 22 degrees in Lisbon."
    assert "Ana lives in Lisbon" in "\n".join(map(str, llm.seen[0]))
    kept = memory.get_all()
    assert kept[0].role.value == "user"
    assert kept[-1].content == "It is 22 degrees in Lisbon."
    again = AgentMemMemory(client, session_id="s")
    await runner.run(user_msg="What did I ask?", memory=again)
    assert "What is the weather where Ana lives?" in llm.prompt
    assert "It is 22 degrees in Lisbon." in llm.prompt


def test_sync_calls_inside_a_running_loop_and_three_loops_after_each_other(tmp_path):
    memory = AgentMemMemory(path=tmp_path / "m", session_id="s")

    async def notebook(number):
        memory.put(ChatMessage(content=f"sync {number}"))
        await memory.aput(ChatMessage(content=f"async {number}"))
        assert memory.get_all() == await memory.aget_all()
        return memory.get(f"sync {number}")

    for number in range(3):
        assert asyncio.run(notebook(number))[-1].content == f"async {number}"
    assert len(memory.get_all()) == 6


def test_twenty_tasks_of_one_loop_lose_nothing(tmp_path):
    async def all_at_once():
        memories = [AgentMemMemory(path=tmp_path / "m", session_id=f"s{number % 4}") for number in range(20)]
        await asyncio.gather(*(memory.aput(ChatMessage(content=str(number))) for number, memory in enumerate(memories)))
        return [len(await memory.aget_all()) for memory in memories[:4]]

    assert asyncio.run(all_at_once()) == [5, 5, 5, 5]


def test_a_client_that_is_bound_to_a_session_stays_in_it(tmp_path):
    with AgentMem(tmp_path / "m", session_id="bound") as bound:
        memory = AgentMemMemory(bound)
        assert memory.session_id == "bound"
        memory.put(ChatMessage(content="hello"))
        assert bound.list().items[0].content == "hello"
