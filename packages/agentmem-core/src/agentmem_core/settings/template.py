"""A file of settings to begin with: everything there is, commented out."""

from __future__ import annotations

import json
from typing import Any

from agentmem_core.settings.table import SECTIONS, SETTINGS, Setting

_HEAD = """\
# Settings of AgentMem, for this folder and those below. Arguments and environment variables come before what stands here;
# `agentmem config show` says what counts, and who said it. Relative folders are told from where this file is.
"""

_PROFILES = """\
# What stands in a profile comes before the rest of the file: agentmem --profile prod ..., or AGENTMEM_PROFILE=prod.

# [profile.dev]
# embedder = "hashing"
# path = "dev-memory"

# [profile.staging]
# api_url = "https://staging.example.org"
# api_key_env = "STAGING_KEY"

# [profile.prod]
# api_url = "https://memory.example.org"
# api_key_env = "PROD_KEY"
# [profile.prod.learning]
# max_calls_per_day = 1000
"""


def template(path: str | None = None) -> str:
    """The text of a new file; ``path`` is the folder of the store, where it says one."""
    parts = [_HEAD, *(_lines(setting, path if setting.name == "path" else None) for setting in _of(""))]
    for section in SECTIONS:
        parts.append(f"# [{section}]\n")
        parts += [_lines(setting) for setting in _of(section)]
    return "\n".join([*parts, _PROFILES])


def _of(section: str) -> list[Setting]:
    return [setting for setting in SETTINGS.values() if setting.section == section and setting.in_file]


def _lines(setting: Setting, value: str | None = None) -> str:
    usual = f" Otherwise {setting.usual}." if setting.usual else ""
    said = f"# {setting.what}{usual}\n".replace("`", "")
    if value is not None:
        return f"{said}{setting.key} = {_toml(value)}\n"
    if setting.secret:
        return f'{said}# {setting.key}_env = "NAME_OF_A_VARIABLE"\n'
    return f"{said}# {setting.key} = {_toml(_example(setting))}\n"


def _example(setting: Setting) -> Any:
    if setting.default is not None:
        return setting.default
    kinds = {
        "whole": 1000 if setting.most is None or setting.most >= 1000 else 1,
        "seconds": 60,
        "timeout": [5, 60],
        "names": [],
        "folder": "memory",
    }
    return kinds.get(setting.kind, setting.choices[0] if setting.choices else "")


def _toml(value: Any) -> str:
    """A value as TOML has it; of a text JSON's form is TOML's too."""
    return json.dumps(value, ensure_ascii=False)
