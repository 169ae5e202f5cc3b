"""A research crew over two runs: the second has what the first learnt in its prompt. No key, no network.

The model is scripted, so that the example says the same every time; put any CrewAI model in its place.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

with tempfile.TemporaryDirectory(prefix="agentmem-crewai-", ignore_cleanup_errors=True) as folder:
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "CREWAI_TESTING": "true"}
    os.environ |= {"HOME": folder, "CREWAI_STORAGE_DIR": folder}

    from crewai.llms.base_llm import BaseLLM

    from crewai import Agent, Crew, Task
    from crewai_agentmem import AgentMemMemory

    prompts: list[str] = []

    class Scripted(BaseLLM):
        """Answers with what a model might have found out, and keeps the prompts."""

        def call(self, messages: Any, *args: Any, **options: Any) -> str:
            prompts.append(str(messages[-1]["content"]))
            return "Thought: I know\nFinal Answer: Lisbon has 575,000 inhabitants, says Statistics Portugal."

        def supports_function_calling(self) -> bool:
            return False

    def research(question: str) -> str:
        """One run, with a memory object of its own; the store is the same."""
        analyst = Agent(role="Analyst", goal="find figures", backstory="precise", llm=Scripted(model="scripted"))
        task = Task(description=question, expected_output="one sentence", agent=analyst)
        return str(Crew(agents=[analyst], tasks=[task], memory=AgentMemMemory(path=f"{folder}/memory")).kickoff())

    print("run 1:", research("How many people live in Lisbon?"))
    assert "Statistics Portugal" not in prompts[0]

    print("run 2:", research("Compare the number of people in Lisbon and Porto"))
    known = next(line for line in prompts[1].splitlines() if line.startswith("- [long-term]"))
    assert "How many people live in Lisbon?" in known
    assert "Statistics Portugal" in prompts[1]
    print("the model of run 2 was told:", known)

    memory = AgentMemMemory(path=f"{folder}/memory")
    for record in memory.long_term.list():
        print(f"learnt on {record.created_at:%Y-%m-%d}:", record.content.replace("\n", " | "))
    assert len(prompts) == 2, "the memory asked no model"
    memory.close()
