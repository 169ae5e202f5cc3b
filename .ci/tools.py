"""Write the tables of docs/mcp.md from the tools: `uv run python .ci/tools.py`; with --check, only say whether they are current."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentmem_core.mcp.offer import TOOLS
from agentmem_core.mcp.prompts import PROMPTS
from agentmem_core.mcp.resources import FIXED, TEMPLATES
from agentmem_core.mcp.tool import Tool

PAGE = Path(__file__).parent.parent / "docs" / "mcp.md"
BEGIN, END = "<!-- tools: written by .ci/tools.py -->\n", "<!-- end of the tools -->\n"


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


def page(text: str) -> str:
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{PAGE.name} has lost the marks between which the tools stand")
    table = "\n".join(rows())
    return f"{before}{BEGIN}\n{table}\n\n{END}{after}"


def main() -> int:
    text = PAGE.read_text("utf-8")
    current = page(text)
    if "--check" in sys.argv[1:]:
        if current != text:
            print("docs/mcp.md is not what the tools say; run: uv run python .ci/tools.py")
            return 1
        return 0
    PAGE.write_text(current, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
