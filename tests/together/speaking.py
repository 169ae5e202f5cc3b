"""One turn with each framework, and a program that does turns: a line of JSON in, the prompt its model received out."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any


def chain(user: str, said: str, answer: str, **where: Any) -> str:
    """A LangChain chat."""
    from langchain_classic.chains import ConversationChain
    from langchain_core._api import suppress_langchain_deprecation_warning
    from tests.langchain.scripted import ScriptedText

    from langchain_agentmem import AgentMemMemory

    llm = ScriptedText(script=[answer])
    with suppress_langchain_deprecation_warning():
        ConversationChain(llm=llm, memory=AgentMemMemory(**where, user_id=user)).predict(input=said)
    (prompt,) = llm.asked
    return prompt


def chat(user: str, said: str, answer: str, **where: Any) -> str:
    """A LlamaIndex chat."""
    from llama_index.core.chat_engine import SimpleChatEngine
    from tests.llamaindex.scripted import ScriptedLLM

    from llamaindex_agentmem import AgentMemMemory

    llm = ScriptedLLM(answer)
    SimpleChatEngine.from_defaults(llm=llm, memory=AgentMemMemory(**where, user_id=user)).chat(said)
    return llm.prompt


def index(user: str, said: str, answer: str, **where: Any) -> str:
    """A LlamaIndex index over what is remembered; it keeps nothing of the question."""
    from llama_index.core import VectorStoreIndex
    from tests.llamaindex.scripted import ScriptedLLM

    from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

    llm = ScriptedLLM(answer)
    store = AgentMemVectorStore(**where, user_id=user, collection="memories")
    over = VectorStoreIndex.from_vector_store(store, embed_model=AgentMemEmbedding(**where, user_id=user))
    over.as_query_engine(llm=llm, similarity_top_k=5).query(said)
    return llm.prompt if llm.seen else ""  # where nothing is found, LlamaIndex asks no model


def crew(user: str, said: str, answer: str, **where: Any) -> str:
    """A CrewAI crew with one task."""
    from tests.crewai.scripted import Scripted
    from tests.crewai.scripted import crew as made

    from crewai_agentmem import AgentMemMemory

    model = Scripted(answer)
    made(model, AgentMemMemory(**where, user_id=user), said).kickoff()
    (prompt,) = model.prompts
    return prompt


TURNS: dict[str, Callable[..., str]] = {"chain": chain, "chat": chat, "index": index, "crew": crew}


def answer_lines(folder: str) -> None:
    """Answer every line of the input; what a framework prints goes to the errors."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        who, user, said, answer = json.loads(line)
        answers.write(json.dumps(TURNS[who](user, said, answer, path=folder)) + "\n")


if __name__ == "__main__":
    answer_lines(sys.argv[1])
