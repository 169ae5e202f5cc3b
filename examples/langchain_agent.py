"""An agent that remembers its users: recalled before the model is asked, saved when it is done. No key, no network."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult

from langchain_agentmem import AgentMemMiddleware

told: list[list[BaseMessage]] = []


class Scripted(FakeMessagesListChatModel):
    """Stands for your model: it answers what is written down, and shows what it was told."""

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> "Scripted":
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        told.append(messages)
        return super()._generate(messages, *args, **kwargs)


@dataclass
class Who:
    """What a run says about itself."""

    user_id: str


def main(folder: str) -> None:
    remember = {"name": "remember", "args": {"content": "Ana is allergic to peanuts"}, "id": "1"}
    model = Scripted(
        responses=[
            AIMessage("", tool_calls=[remember]),
            AIMessage("I will remember that."),
            AIMessage("A fruit salad!"),
            AIMessage("Not that I know."),
        ]
    )
    agent = create_agent(
        model,
        system_prompt="You are a cook.",
        middleware=[AgentMemMiddleware(path=folder, tools=["remember", "recall"])],
        context_schema=Who,
    )
    agent.invoke({"messages": [HumanMessage("I am allergic to peanuts")]}, context=Who("ana"))
    result = agent.invoke({"messages": [HumanMessage("What may I eat with my peanuts allergy?")]}, context=Who("ana"))

    system = told[-1][0].text
    print(system)
    assert system.startswith("You are a cook.")
    assert "Ana is allergic to peanuts" in system
    assert [message.type for message in result["messages"]] == ["human", "ai"]  # the state is as it was

    agent.invoke({"messages": [HumanMessage("Do I have a peanuts allergy?")]}, context=Who("bo"))
    assert "Ana" not in told[-1][0].text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(made)
