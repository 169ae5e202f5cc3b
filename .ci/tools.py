"""Write the tables of docs/mcp.md from the tools: `uv run python .ci/tools.py`; with --check, only say whether they are current."""

import sys
from collections.abc import Iterator
from typing import Any

from pages import keep

from agentmem_core.mcp.offer import TOOLS
from agentmem_core.mcp.prompts import PROMPTS
from agentmem_core.mcp.resources import FIXED, TEMPLATES
from agentmem_core.mcp.tool import Tool


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def arguments(tool: Tool) -> Iterator[str]:
    schema = tool.described()["inputSchema"]
    needed = schema.get("required", ())
    for name, told in schema.get("properties", {}).items():
        yield f"**`{name}`**" if name in needed else f"`{name}`" + default(told)


def default(told: dict[str, Any]) -> str:
    return f" ({told['default']})" if told.get("default") not in (None, False) else ""


def rows() -> Iterator[str]:
    yield from ("| tool | arguments | |", "|---|---|---|")
    for name, tool in TOOLS.items():
        does = {"reads": "", "writes": "Writes.", "removes": "Removes."}[tool.kind]
        only = " Only where somebody [learns](learning.md)." if tool.learns else ""
        yield f"| `{name}` | {cell(', '.join(arguments(tool)))} | {cell(f'{does} {tool.description}{only}'.strip())} |"
    yield from ("", "| resource | |", "|---|---|")
    for item in (*FIXED, *TEMPLATES):
        yield f"| `{item.get('uri') or item['uriTemplate']}` | {cell(item['description'])} |"
    yield from ("", "| prompt | |", "|---|---|")
    for name, prompt in PROMPTS.items():
        takes = "".join(f" Takes `{argument['name']}`." for argument in prompt["arguments"])
        yield f"| `{name}` | {cell(prompt['description'])}.{takes} |"


if __name__ == "__main__":
    sys.exit(keep("mcp.md", script="tools", what="tools", now="\n".join(rows())))
