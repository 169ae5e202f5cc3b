"""A chat engine and LlamaIndex's own ``Memory`` that remember across sessions, and an index over what they learnt.

Run it from anywhere: ``python examples/llamaindex_chat.py``. It needs no key and no network: the model only repeats what it is
shown, so that you see what a real one would be shown.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from llama_index.core import VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
from llama_index.core.memory import Memory

from llamaindex_agentmem import (
    AgentMemBlock,
    AgentMemEmbedding,
    AgentMemMemory,
    AgentMemVectorStore,
)


def main() -> None:
    """Monday, Tuesday, and Wednesday with another kind of memory over the same store."""
    with tempfile.TemporaryDirectory(prefix="agentmem-example-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        monday = AgentMemMemory(path=place, user_id="ana", session_id="monday")
        chat(monday, "My name is Ana and I am allergic to peanuts.")

        tuesday = AgentMemMemory(path=place, user_id="ana", session_id="tuesday")
        shown = chat(tuesday, "Which dessert without peanuts do you suggest?")
        assert "allergic to peanuts" in shown
        print("The model was shown on Tuesday:\n" + shown)

        wednesday = Memory.from_defaults(
            session_id="wednesday", token_limit=3_000, memory_blocks=[AgentMemBlock(path=place, user_id="ana")]
        )
        wednesday.put(ChatMessage(role="user", content="Are there peanuts in it?"))
        assert "allergic to peanuts" in str(wednesday.get()[0].content)

        index = VectorStoreIndex.from_vector_store(
            AgentMemVectorStore(path=place, user_id="ana", collection="memories"),
            embed_model=AgentMemEmbedding(path=place),
        )
        found = index.as_retriever(similarity_top_k=3, vector_store_query_mode="semantic_hybrid").retrieve("peanuts")
        print("\nAn index over the memories finds:", *(f"  {hit.node.get_content()}" for hit in found[:2]), sep="\n")
        assert any("allergic" in hit.node.get_content() for hit in found)

        stranger = AgentMemMemory(path=place, user_id="bo", session_id="monday")
        assert stranger.get("peanuts") == []


def chat(memory: AgentMemMemory, text: str) -> str:
    """One turn; answers what the model was shown, which is what ``MockLLM`` says."""
    engine = SimpleChatEngine.from_defaults(llm=MockLLM(), memory=memory)
    return str(engine.chat(text))


if __name__ == "__main__":
    main()
