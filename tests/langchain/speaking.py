"""A program of two turns for ``test_together``: ``speaking.py <kind> <folder> <what the user says>`` prints what the model was told."""

import json
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from langchain_core._api import LangChainDeprecationWarning
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from tests.langchain.scripted import ScriptedChat, ScriptedText, calling

warnings.filterwarnings("error")
warnings.filterwarnings("ignore", category=LangChainDeprecationWarning)


def chain(folder, said):
    from langchain_classic.chains import ConversationChain

    from langchain_agentmem import AgentMemMemory

    llm = ScriptedText(script=["noted"])
    ConversationChain(llm=llm, memory=AgentMemMemory(path=folder, user_id="ana")).predict(input=said)
    return llm.asked


def runnable(folder, said):
    from langchain_core.runnables.history import RunnableWithMessageHistory

    from langchain_agentmem import AgentMemChatMessageHistory

    llm = ScriptedChat(script=["noted"])
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{input}")])
    talk = RunnableWithMessageHistory(
        prompt | llm,
        lambda session_id: AgentMemChatMessageHistory(path=folder, user_id="ana", session_id=session_id),
        input_messages_key="input",
        history_messages_key="history",
    )
    talk.invoke({"input": said}, {"configurable": {"session_id": "s"}})
    return [[message.content for message in messages] for messages in llm.asked]


def agent(folder, said):
    from langchain.agents import create_agent

    from langchain_agentmem import AgentMemMiddleware

    llm = ScriptedChat(script=[calling("remember", content=f"Ana said: {said}"), "noted"])
    made = create_agent(llm, middleware=[AgentMemMiddleware(path=folder, user_id="ana", tools=True)])
    made.invoke({"messages": [HumanMessage(said)]})
    return [[message.content for message in messages] for messages in llm.asked]


def graph(folder, said):
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.store.base import BaseStore

    from langchain_agentmem import AgentMemStore

    llm = ScriptedChat(script=["noted"])

    def answer(state: MessagesState, *, store: BaseStore):
        known = [item.value["text"] for item in store.search(("ana", "facts"), query=state["messages"][-1].text)]
        store.put(("ana", "facts"), str(len(known)), {"text": state["messages"][-1].text})
        return {"messages": [llm.invoke([("system", "; ".join(known)), *state["messages"]])]}

    built = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer")
    built.compile(store=AgentMemStore(path=folder, user_id="ana")).invoke({"messages": [HumanMessage(said)]})
    return [[message.content for message in messages] for messages in llm.asked]


if __name__ == "__main__":
    _, kind, folder, said = sys.argv
    kinds = {"chain": chain, "runnable": runnable, "agent": agent, "graph": graph}
    sys.stdout.write(json.dumps(kinds[kind](folder, said)))
