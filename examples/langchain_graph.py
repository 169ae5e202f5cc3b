"""A LangGraph graph with a store on disk: items under names, a time to live, found by meaning. No key, no network."""

import sys
import tempfile

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import BaseStore

from langchain_agentmem import AgentMemStore


def answer(state: MessagesState, *, store: BaseStore) -> dict[str, list[tuple[str, str]]]:
    """Stands for a node that asks a model: it says what it knows."""
    asked = state["messages"][-1].text
    known = store.search(("users", "ana"), query=asked, limit=1)
    store.put(("users", "ana", "asked"), asked, {"text": asked}, ttl=60)
    return {"messages": [("ai", known[0].value["text"])]}


def main(folder: str) -> None:
    store = AgentMemStore(path=folder)
    store.put(("users", "ana"), "home", {"text": "Ana moved to Lisbon in May", "kind": "place"})
    store.put(("users", "ana"), "music", {"text": "Ana plays the cello", "kind": "hobby"})
    store.put(("users", "bo"), "music", {"text": "Bo plays the drums", "kind": "hobby"})

    graph = StateGraph(MessagesState).add_node("answer", answer).add_edge(START, "answer").compile(store=store)
    said = graph.invoke({"messages": [("human", "Which instrument: cello or piano?")]})["messages"][-1].text
    print(said)
    assert said == "Ana plays the cello"

    assert [item.key for item in store.search(("users",), filter={"kind": "hobby"})] == ["music", "music"]
    assert store.list_namespaces(prefix=("users", "*"), max_depth=2) == [("users", "ana"), ("users", "bo")]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(made)
