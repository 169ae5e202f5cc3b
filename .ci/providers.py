"""Write docs/providers.md from the table of providers: `uv run python .ci/providers.py`; with --check, only say whether it is current."""

import sys

from pages import keep

from agentmem_core.llms import PROVIDERS, Provider

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


if __name__ == "__main__":
    sys.exit(keep("providers.md", script="providers", what="providers", now=table()))
