"""A conversation chain that knows, in a new session and a new process, what was said before. No key, no network."""

import sys
import tempfile
import warnings

from langchain_classic.chains import ConversationChain
from langchain_core.language_models import FakeListLLM

from langchain_agentmem import AgentMemMemory

warnings.filterwarnings("ignore", message="The class `ConversationChain` was deprecated")


def main(folder: str) -> None:
    # Any model goes here. This one answers what is written down, so that the example runs anywhere.
    llm = FakeListLLM(responses=["Congratulations! How do you like Lisbon?", "Number 28, then."])

    monday = AgentMemMemory(path=folder, user_id="ana", session_id="monday")
    chain = ConversationChain(llm=llm, memory=monday)
    chain.predict(input="I moved to Lisbon in May")
    chain.predict(input="My favourite tram is number 28")

    # Another conversation: nothing was said in it yet, and what fits the question is remembered.
    friday = AgentMemMemory(path=folder, user_id="ana", session_id="friday")
    history = friday.load_memory_variables({"input": "Which tram do I like in Lisbon?"})["history"]
    print(history)
    assert "My favourite tram is number 28" in history
    assert "I moved to Lisbon in May" in history

    # Another user hears nothing of it.
    stranger = AgentMemMemory(path=folder, user_id="bo")
    assert stranger.load_memory_variables({"input": "Which tram does she like in Lisbon?"})["history"] == ""


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(made)
