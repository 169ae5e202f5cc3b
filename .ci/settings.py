"""Write the table of docs/configuration.md from the settings: `uv run python .ci/settings.py`; with --check, only say whether it is current."""

import sys

from pages import keep

from agentmem_core.settings import SECTIONS, SETTINGS, Setting

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


if __name__ == "__main__":
    sys.exit(keep("configuration.md", script="settings", what="settings", now=table()))
