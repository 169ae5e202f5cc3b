"""Write docs/providers.md from the table of providers: `uv run python .ci/providers.py`; with --check, only say whether it is current."""

import sys
from pathlib import Path

from agentmem_core.llms import PROVIDERS, Provider

PAGE = Path(__file__).parent.parent / "docs" / "providers.md"
BEGIN, END = "<!-- table: written by .ci/providers.py -->\n", "<!-- end of the table -->\n"
JSON = {"schema": "schema", "shaped": "object with a schema", "tool": "tool", "object": "object", "told": "in words"}
DIALECTS = {"openai": "OpenAI", "anthropic": "Anthropic", "gemini": "Gemini", "litellm": "LiteLLM"}


def row(provider: Provider) -> str:
    address = f"`{provider.url}`" if provider.url else "of your own"
    keys = " or ".join(f"`{key}`" for key in provider.keys) + (" (may be left out)" if provider.open else "")
    cells = (
        f"[{provider.title}]({provider.source})",
        f"`{provider.name}`",
        keys or "LiteLLM's",
        f"`{provider.model}`" if provider.model else "",
        DIALECTS[provider.dialect],
        JSON[provider.json] if provider.dialect != "litellm" else JSON["object"],
        address if provider.dialect != "litellm" else "LiteLLM's",
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    rows = [row(provider) for provider in PROVIDERS.values()]
    others = [
        f"| `{provider.name}` | {', '.join(f'`{name}`' for name in provider.aliases)} | "
        f"{', '.join(f'`{name}`' for name in provider.urls)} | {provider.note} |"
        for provider in PROVIDERS.values()
        if provider.aliases or provider.urls or provider.note
    ]
    return "\n".join(
        [
            "| provider | name | key | default model | dialect | JSON | address |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "| name | also called | another address by | to know |",
            "|---|---|---|---|",
            *others,
            "",
        ]
    )


def page(text: str) -> str:
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{PAGE.name} has lost the marks between which the table stands")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    text = PAGE.read_text("utf-8")
    current = page(text)
    if "--check" in sys.argv[1:]:
        if text != current:
            print(f"{PAGE.name} is not what the table says; run: uv run python .ci/providers.py")
        return int(text != current)
    PAGE.write_text(current, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
