"""The tools alone, by LangChain's own suites and by hand."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from agentmem_core import AgentMem, InvalidInputError, StoreClosedError
from langchain_agentmem import memory_tools


def named(name: str) -> BaseTool:
    (tool,) = memory_tools(AgentMem(":memory:"), names=[name])  # type: ignore[list-item]  # one of the three
    return tool


class Remember:
    """What LangChain's suites ask of the tool."""

    @property
    def tool_constructor(self):
        return named("remember")

    @property
    def tool_invoke_params_example(self):
        return {"content": "Ana moved to Lisbon"}


class Recall:
    """The same."""

    @property
    def tool_constructor(self):
        return named("recall")

    @property
    def tool_invoke_params_example(self):
        return {"query": "Lisbon", "limit": 3}


class Forget:
    """The same."""

    @property
    def tool_constructor(self):
        return named("forget")

    @property
    def tool_invoke_params_example(self):
        return {"memory_id": "unknown"}


class TestRememberUnit(Remember, ToolsUnitTests): ...


class TestRememberIntegration(Remember, ToolsIntegrationTests): ...


class TestRecallUnit(Recall, ToolsUnitTests): ...


class TestRecallIntegration(Recall, ToolsIntegrationTests): ...


class TestForgetUnit(Forget, ToolsUnitTests): ...


class TestForgetIntegration(Forget, ToolsIntegrationTests): ...


def test_what_is_remembered_is_recalled_and_forgotten(client):
    remember, recall, forget = memory_tools(client)
    assert [tool.name for tool in (remember, recall, forget)] == ["remember", "recall", "forget"]
    memory_id = remember.invoke({"content": "我去年五月搬到了里斯本"}).removeprefix("Remembered as ").rstrip(".")
    assert recall.invoke({"query": "里斯本"}).startswith(memory_id)
    assert forget.invoke({"memory_id": memory_id}) == f"Forgotten: {memory_id}."
    assert forget.invoke({"memory_id": memory_id}) == f"There is no memory {memory_id}."
    assert recall.invoke({"query": "里斯本"}) == "Nothing is remembered about that."
    assert client.restore(memory_id, 1).content == "我去年五月搬到了里斯本", "models err"


async def test_the_same_in_async_code(client):
    remember, recall, forget = memory_tools(client)
    memory_id = (await remember.ainvoke({"content": "Ana likes tea"})).split()[-1].rstrip(".")
    assert memory_id in await recall.ainvoke({"query": "tea"})
    assert "Forgotten" in await forget.ainvoke({"memory_id": memory_id})


def test_a_recalled_line_says_who_spoke_and_noise_is_no_answer(client):
    (recall,) = memory_tools(client, names=["recall"])
    client.add({"role": "user", "name": "Ana", "content": "My sister is called Rita"})
    client.add("会议改到下周三下午")
    assert recall.invoke({"query": "sister"}).endswith("] Ana: My sister is called Rita")
    assert recall.invoke({"query": "Which planet is the largest?"}) == "Nothing is remembered about that."


def test_a_model_cannot_name_a_user(client):
    for tool in memory_tools(client):
        assert not set(tool.args) & {"user_id", "agent_id", "session_id", "client"}
    (forget,) = memory_tools(client, names=["forget"], user_id="bo")
    mine = client.add("of ana").ids[0]
    assert forget.invoke({"memory_id": mine}) == f"There is no memory {mine}."
    assert client.get(mine)


def test_names_that_are_none_are_refused(client):
    wrong: Any
    for wrong in (["erase"], "recall"):
        with pytest.raises(InvalidInputError):
            memory_tools(client, names=wrong)


def test_errors_of_the_store_are_raised(client):
    remember, recall, _ = memory_tools(client)
    client.close()
    with pytest.raises(StoreClosedError):
        remember.invoke({"content": "x"})
    with pytest.raises(StoreClosedError):
        recall.invoke({"query": "x"})
