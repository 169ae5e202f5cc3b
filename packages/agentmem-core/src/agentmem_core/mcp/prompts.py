"""Prompts: what a person may choose to say, with what is remembered put in."""

from __future__ import annotations

from collections.abc import Mapping

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.errors import InvalidInputError
from agentmem_core.mcp.arguments import Json

PROMPTS: Mapping[str, Json] = {
    "with_memory": {
        "name": "with_memory",
        "title": "Ask with memory",
        "description": "Ask a question together with the core blocks and what is remembered about it",
        "arguments": [{"name": "question", "description": "What you want to ask", "required": True}],
    },
    "keep_this": {
        "name": "keep_this",
        "title": "Keep this conversation",
        "description": "Let the model remember what is worth keeping of this conversation",
        "arguments": [],
    },
}

WRITING = frozenset({"keep_this"})
"""Those that ask the model to write."""

_KEEP = (
    "Go through our conversation and remember what will still matter later: facts about me, decisions, preferences, plans with their "
    "dates. One sentence each that can be understood on its own, in the language I used. Recall first: correct what is outdated with "
    "update_memory instead of remembering it twice. Leave out small talk and secrets. Then tell me in a short list what you kept."
)


async def filled(memory: AgentMem, name: str, arguments: Mapping[str, str]) -> Json:
    """The messages of a prompt."""
    if name == "keep_this":
        text = _KEEP
    elif name == "with_memory":
        text = await _with_memory(memory, arguments.get("question", ""))
    else:
        raise InvalidInputError(f"there is no prompt {name!r}; use one of {', '.join(PROMPTS)}")
    message = {"role": "user", "content": {"type": "text", "text": text}}
    return {"description": PROMPTS[name]["description"], "messages": [message]}


async def _with_memory(memory: AgentMem, question: str) -> str:
    if not question.strip():
        raise InvalidInputError("question: is missing; say what you want to ask")
    parts = [await memory.core.acompile(), str(await memory.acontext(question)), question]
    return "\n\n".join(part for part in parts if part)
