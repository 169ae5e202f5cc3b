"""Memory of chains: what the prompt of a ConversationChain says, and what is kept of each exchange."""

from __future__ import annotations

import asyncio

import pytest
from langchain_classic.chains import ConversationChain
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate
from tests.langchain.scripted import ScriptedChat, ScriptedText

from agentmem_core import InvalidInputError, StoreClosedError, estimate_tokens
from langchain_agentmem import AgentMemChatMessageHistory, AgentMemMemory

REMEMBERED = "What is remembered that may matter here:"


def talked(memory, *exchanges):
    for asked, answered in exchanges:
        memory.save_context({"input": asked}, {"response": answered})


def history_of(memory, question):
    return memory.load_memory_variables({"input": question})["history"]


def test_a_chain_without_any_configuration_remembers():
    llm = ScriptedText(script=["Nice to meet you, Ana.", "Ana, of course."])
    chain = ConversationChain(llm=llm, memory=AgentMemMemory())
    assert chain.invoke({"input": "My name is Ana"})["response"] == "Nice to meet you, Ana."
    chain.invoke({"input": "What is my name?"})
    assert "Human: My name is Ana\nAI: Nice to meet you, Ana.\nHuman: What is my name?\nAI:" in llm.asked[1]
    assert llm.asked[1].count("My name is Ana") == 1

    later = ScriptedText()
    ConversationChain(llm=later, memory=AgentMemMemory()).predict(input="And now?")
    assert "Human: What is my name?\nAI: Ana, of course.\nHuman: And now?" in later.asked[0]


async def test_an_async_chain_remembers(client):
    llm = ScriptedText(script=["Nice."])
    chain = ConversationChain(llm=llm, memory=AgentMemMemory(client))
    await chain.ainvoke({"input": "My name is Ana"})
    await chain.ainvoke({"input": "What is my name?"})
    assert "Human: My name is Ana\nAI: Nice.\nHuman: What is my name?" in llm.asked[1]


def test_a_chat_model_gets_messages(client):
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{input}")])
    llm = ScriptedChat(script=["Hello Ana"])
    chain = ConversationChain(llm=llm, prompt=prompt, memory=AgentMemMemory(client, return_messages=True))
    chain.predict(input="I am Ana")
    chain.predict(input="Who am I?")
    assert [(message.type, message.content) for message in llm.asked[1]] == [
        ("human", "I am Ana"), ("ai", "Hello Ana"), ("human", "Who am I?"),
    ]  # fmt: skip


def test_older_memories_of_any_session_are_recalled_and_marked(client):
    talked(AgentMemMemory(client, session_id="may"), ("I moved to Lisbon in May", "Congratulations on Lisbon!"))
    client.add("Ana's favourite tram in Lisbon is number 28")
    talked(now := AgentMemMemory(client, session_id="now"), ("Good morning", "Good morning, Ana"))
    told = history_of(now, "What do you know about Lisbon?")
    head, *lines = told.splitlines()
    assert head == REMEMBERED
    assert any(line.endswith("user: I moved to Lisbon in May") for line in lines)
    assert any(line.endswith("Ana's favourite tram in Lisbon is number 28") for line in lines)
    assert lines[-2:] == ["Human: Good morning", "AI: Good morning, Ana"]

    messages = history_of(AgentMemMemory(client, session_id="now", return_messages=True), "What about Lisbon?")
    assert isinstance(messages[0], SystemMessage)
    assert messages[0].text.startswith(REMEMBERED)
    assert messages[1:] == [HumanMessage("Good morning"), AIMessage("Good morning, Ana")]


def test_a_turn_of_the_window_is_not_repeated(client):
    memory = AgentMemMemory(client)
    talked(memory, ("I like tea", "Tea it is"), ("Is tea good?", "Very"))
    talked(AgentMemMemory(client, session_id="other"), ("I like tea", "Green tea?"))
    told = history_of(memory, "tea")
    assert told.count("I like tea") == 1, "nor is the same sentence of another session"
    assert "assistant: Green tea?" in told


def test_what_is_kept_twice_is_told_once(client):
    for session, kind in (("run", "episodic"), (None, "semantic")):
        client.add("The ferry leaves at 7:40", session_id=session, type=kind)
    client.add("Tickets of the ferry are sold at the pier")
    told = history_of(AgentMemMemory(client, recall_limit=2), "When does the ferry leave?")
    assert told.count("7:40") == told.count("pier") == 1


def test_what_lies_before_the_window_is_recalled_by_meaning(client):
    memory = AgentMemMemory(client, window=2, recall_limit=1)
    talked(memory, ("My cello teacher is Rita", "Noted"), ("It rains", "Take an umbrella"))
    told = history_of(memory, "Who is my cello teacher?")
    assert "user: My cello teacher is Rita" in told
    assert told.endswith("Human: It rains\nAI: Take an umbrella")


def test_limits_of_zero_leave_a_part_out(client):
    talked(AgentMemMemory(client, session_id="old"), ("I like tea", "Fine"))
    talked(AgentMemMemory(client), ("Tea again", "Fine again"))
    assert history_of(AgentMemMemory(client, recall_limit=0), "tea") == "Human: Tea again\nAI: Fine again"
    assert "Human: " not in history_of(AgentMemMemory(client, window=0), "tea")
    assert history_of(AgentMemMemory(client, window=0, recall_limit=0), "tea") == ""


@pytest.mark.parametrize("return_messages", [False, True])
@pytest.mark.parametrize("most", [1, 8, 20, 45, 70, 2000])
def test_the_history_never_takes_more_than_max_tokens(client, most, return_messages):
    for number in range(8):
        talked(AgentMemMemory(client, session_id=f"s{number}"), (f"Lisbon is lovely, part {number} 里斯本", "I see."))
    talked(AgentMemMemory(client), ("First words of the day about trams", "Yes."), ("Second words", "Yes, yes."))
    memory = AgentMemMemory(client, max_tokens=most, return_messages=return_messages)
    told = history_of(memory, "Lisbon")
    text = "\n".join(message.content for message in told) if return_messages else told
    assert estimate_tokens(text) <= most
    if most >= 20:
        assert "Yes, yes." in text, "the newest turns come first"
    if most == 2000:
        assert "里斯本" in text


def test_the_models_own_counter_is_used_where_it_has_one(client):
    class Counting(ScriptedText):
        def get_num_tokens(self, text):
            return 100 * len(text.split())

    talked(AgentMemMemory(client), ("one two", "three four"))
    assert history_of(AgentMemMemory(client, llm=Counting(), max_tokens=399), "x") == "AI: three four"
    assert history_of(AgentMemMemory(client, llm=Counting(), max_tokens=299), "x") == ""
    assert "one two" in history_of(AgentMemMemory(client, llm=ScriptedText(), max_tokens=299), "x")


def test_memory_variables_and_prefixes(client):
    memory = AgentMemMemory(client, memory_key="past", human_prefix="Ana", ai_prefix="Bot", input_key="question")
    assert memory.memory_variables == ["past"]
    memory.save_context({"question": "hi", "other": "thing"}, {"text": "hello"})
    assert memory.load_memory_variables({"question": "x", "other": "y"}) == {"past": "Ana: hi\nBot: hello"}
    prompt = PromptTemplate.from_template("{past}\nAna: {question}")
    llm = ScriptedText()
    ConversationChain(llm=llm, memory=memory, prompt=prompt, input_key="question").predict(question="again?")
    assert llm.asked == ["Ana: hi\nBot: hello\nAna: again?"]


def test_of_several_outputs_the_named_one_is_kept(client):
    AgentMemMemory(client, output_key="b").save_context({"input": "q"}, {"a": "no", "b": "yes"})
    AgentMemMemory(client).save_context({"input": "q"}, {"a": "no", "output": "default"})
    assert [turn.content for turn in client.list().items] == ["q", "yes", "q", "default"]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"a": "x", "b": "y"}, {"response": "z"}), ({"input": "x"}, {"a": "x", "b": "y"}), ({}, {"response": "z"}),
        ({"input": 3}, {"response": "z"}), ({"input": "x"}, {"response": None}), ({"input": "x"}, {}),
    ],
)  # fmt: skip
def test_what_cannot_be_an_exchange_is_refused_and_nothing_is_kept(client, inputs, outputs):
    with pytest.raises(InvalidInputError):
        AgentMemMemory(client).save_context(inputs, outputs)
    assert client.list().items == ()


def test_messages_as_input_and_output_are_kept_as_they_are(client):
    memory = AgentMemMemory(client, return_messages=True)
    memory.save_context({"input": [HumanMessage("a", id="1"), HumanMessage("b")]}, {"output": AIMessage("c", id="2")})  # type: ignore[dict-item]  # what chat chains hand over
    assert history_of(memory, "") == [HumanMessage("a", id="1"), HumanMessage("b"), AIMessage("c", id="2")]


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_an_empty_question_recalls_nothing_and_is_kept(client, question):
    memory = AgentMemMemory(client)
    talked(memory, ("I like tea", ""), (question, "What?"))
    assert history_of(memory, question).startswith("Human: I like tea\nAI: \nHuman: ")
    assert memory.load_memory_variables({})["history"] == history_of(memory, question)
    assert [message.content for message in memory.chat_memory.messages] == ["I like tea", "", question, "What?"]


def test_chinese_is_recalled(client):
    talked(AgentMemMemory(client, session_id="旧"), ("我去年五月搬到了里斯本", "真好！"))
    assert "我去年五月搬到了里斯本" in history_of(AgentMemMemory(client, session_id="新"), "里斯本怎么样？")


def test_clear_clears_this_session_only(client):
    one, two = (AgentMemMemory(client, session_id=name) for name in ("one", "two"))
    for memory in (one, two):
        talked(memory, ("hello", "hi"))
    one.clear()
    assert one.chat_memory.messages == []
    assert len(two.chat_memory.messages) == 2
    asyncio.run(two.aclear())
    assert two.chat_memory.messages == []


async def test_async_methods_answer_as_sync_ones(client):
    memory = AgentMemMemory(client, session_id="a")
    await memory.asave_context({"input": "I like tea"}, {"response": "Fine"})
    other = AgentMemMemory(client, session_id="b")
    assert await other.aload_memory_variables({"input": "tea"}) == other.load_memory_variables({"input": "tea"})
    assert "I like tea" in (await other.aload_memory_variables({"input": "tea"}))["history"]


def test_users_do_not_hear_of_each_other(client):
    talked(AgentMemMemory(client, user_id="ana"), ("My PIN hint is the old house", "Noted"))
    assert history_of(AgentMemMemory(client, user_id="bo"), "PIN hint") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory_kye": "x"}, {"k": 3}, {"chat_memory": None}, {"recall_limit": -1}, {"window": "many"},
        {"max_tokens": 0}, {"return_messages": "perhaps"}, {"user_id": ""}, {"session_id": " "}, {"llm": "gpt"},
    ],
)  # fmt: skip
def test_arguments_that_are_none_or_cannot_be_are_refused(client, wrong):
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        AgentMemMemory(client, **wrong)


def test_a_client_and_a_path_together_are_refused(client, tmp_path):
    with pytest.raises(InvalidInputError):
        AgentMemMemory(client, path=tmp_path)
    with pytest.raises(InvalidInputError):
        AgentMemMemory("not a client")  # type: ignore[arg-type]  # what a user may try


def test_a_context_that_is_none_is_refused(client):
    with pytest.raises(InvalidInputError, match="inputs, outputs"):
        AgentMemMemory(client).save_context(None, None)  # type: ignore[arg-type]  # what a user may try


def test_a_failing_store_fails_the_chain(client):
    chain = ConversationChain(llm=ScriptedText(), memory=AgentMemMemory(client))
    chain.predict(input="hi")
    client.close()
    with pytest.raises(StoreClosedError):
        chain.predict(input="still there?")


def test_the_history_of_the_memory_is_that_of_the_session(client):
    memory = AgentMemMemory(client, session_id="s")
    memory.chat_memory.add_user_message("by hand")
    assert AgentMemChatMessageHistory(client, session_id="s").messages == [HumanMessage("by hand")]
    assert history_of(memory, "") == "Human: by hand"
