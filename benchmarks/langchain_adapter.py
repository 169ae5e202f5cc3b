"""What the LangChain adapter adds to the core's own time: ``python -m benchmarks.langchain_adapter [--rounds N]``.

Each pair does the same work, once through the adapter and once by the core's own verbs on the same rows; they take turns, so that
noise hits both. What is compared is the time of the processor in the calling thread, which waiting for the disk and for other
programs does not lengthen: that is stricter on the adapter than the clock. The bar is 15 % at the median.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median

from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage, HumanMessage

from agentmem_core import AgentMem
from benchmarks.timing import folder
from benchmarks.workload import Workload
from langchain_agentmem import (
    AgentMemChatMessageHistory,
    AgentMemMemory,
    AgentMemRetriever,
    AgentMemStore,
    AgentMemVectorStore,
)

Call = Callable[[int], object]


def pairs(memory: AgentMem, work: Workload, rounds: int) -> dict[str, tuple[Call, Call]]:
    """Of each kind of call: by the adapter, by the core."""
    said, asked = work.sentences(4 * rounds + 4), work.queries(rounds + 1)
    history = AgentMemChatMessageHistory(memory, session_id="adapter")
    told = AgentMemMemory(memory, session_id="adapter")
    retriever = AgentMemRetriever(memory, k=10)
    vectors = AgentMemVectorStore(embedding := DeterministicFakeEmbedding(size=256), client=memory)
    vectors.add_texts(said[:500])
    store = AgentMemStore(memory)

    def add(number: int) -> object:
        return history.add_messages([HumanMessage(said[2 * number]), AIMessage(said[2 * number + 1])])

    def core_add(number: int) -> object:
        turns = [
            {"role": "user", "content": said[2 * number]},
            {"role": "assistant", "content": said[2 * number + 1]},
        ]
        return memory.add(turns, session_id="core")

    def core_load(number: int) -> object:
        recent = memory.list(session_id="adapter", types=["episodic"], order="newest", limit=10)
        return recent, memory.search(asked[number], limit=15)

    def core_vector_add(number: int) -> object:
        item = {"content": said[number], "vector": embedding.embed_documents([said[number]])[0]}
        return memory.add([item], collection="langchain", on_conflict="replace")

    def core_near(number: int) -> object:
        vector = embedding.embed_query(asked[number])
        return memory.search(vector=vector, mode="dense", limit=10, collection="langchain")

    return {
        "add of an exchange": (add, core_add),
        "history for a prompt (window and recall)": (
            lambda number: told.load_memory_variables({"input": asked[number]}),
            core_load,
        ),
        "retriever": (lambda number: retriever.invoke(asked[number]), lambda n: memory.search(asked[n], limit=10)),
        "vector store, add": (lambda number: vectors.add_texts([said[number]]), core_vector_add),
        "vector store, search": (lambda number: vectors.similarity_search(asked[number], k=10), core_near),
        "store, put": (
            lambda number: store.put(("n",), f"{number}", {"text": said[number]}),
            lambda number: memory.add(
                {"content": said[number], "id": f"core {number}"}, collection="langgraph", on_conflict="replace"
            ),
        ),
    }


def alternating(calls: Sequence[Call], rounds: int) -> list[list[float]]:
    """Milliseconds of the processor of each call in each round; all take their turn in every round."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            started = time.thread_time()
            call(number)
            taken.append(1000 * (time.thread_time() - started))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    work = Workload(5)
    with folder() as place, AgentMem(place, user_id="ana") as memory:
        memory.add_many([{"content": text, "session_id": f"s{n % 50}"} for n, text in enumerate(work.sentences(1000))])
        print("| call | adapter, ms | core, ms | adapter adds |\n|---|---|---|---|")
        for name, (ours, core) in pairs(memory, work, rounds).items():
            ours(rounds)
            core(rounds)
            adapter, alone = (median(times) for times in alternating([ours, core], rounds))
            print(f"| {name} | {adapter:.3f} | {alone:.3f} | {100 * (adapter / alone - 1):+.0f} % |")


if __name__ == "__main__":
    main()
