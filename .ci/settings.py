"""Write the table of docs/configuration.md from the settings: `uv run python .ci/settings.py`; with --check, only say whether it is current."""

import sys
from pathlib import Path

from agentmem_core.settings import SECTIONS, SETTINGS, Setting

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- settings: written by .ci/settings.py -->\n", "<!-- end of the settings -->\n"
TITLES = {"": "### In front of all tables", **{section: f"### `[{section}]`" for section in SECTIONS}}


def default(setting: Setting) -> str:
    """What is the case when nobody says it."""
    if setting.usual or setting.default in (None, ()):
        return setting.usual or "none"
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    if isinstance(setting.default, int | float):
        return f"{setting.default:,}"
    return f"`{setting.default if isinstance(setting.default, str) else ', '.join(setting.default)}`"


def row(setting: Setting) -> str:
    """One setting: its key, its variable, its default, what it is."""
    marks = "".join([" 🔒" if setting.secret else "", " †" if setting.trusted and not setting.section else ""])
    what = setting.what.replace("|", "\\|")
    return f"| `{setting.key}`{marks} | `{setting.variable}` | {default(setting)} | {what} |"


def table() -> str:
    """A table for each part of the file, and one of what only the environment says."""
    lines: list[str] = []
    for section, title in TITLES.items():
        rows = [row(setting) for setting in SETTINGS.values() if setting.section == section and setting.in_file]
        lines += [title, "", "| key | variable | default | |", "|---|---|---|---|", *rows, ""]
    lines += ["### Not in the file", "", "| variable | default | |", "|---|---|---|"]
    lines += [
        f"| `{item.variable}` | {default(item)} | {item.what} |" for item in SETTINGS.values() if not item.in_file
    ]
    return "\n".join([*lines, ""])


def page(text: str) -> str:
    """The page with the table of now."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{PAGE.name} has lost the marks between which the table stands")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write it, or say whether it is current."""
    text = PAGE.read_text("utf-8")
    current = page(text)
    if "--check" in sys.argv[1:]:
        if text != current:
            print(f"docs/{PAGE.name} is not what the table says; run: uv run python .ci/settings.py")
        return int(text != current)
    PAGE.write_text(current, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
