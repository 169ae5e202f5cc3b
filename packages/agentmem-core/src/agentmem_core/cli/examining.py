"""Whether settings can be used: the file with all its profiles, and the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any

from agentmem_core.errors import AgentMemError, NotConfiguredError
from agentmem_core.settings import (
    BY_VARIABLE,
    SETTINGS,
    Settings,
    SettingsFile,
    find_file,
    named_file,
    named_profile,
    require_profile,
)

_PREFIX = "AGENTMEM_"


@dataclass(frozen=True, slots=True)
class Examined:
    """``problems`` stop a command, ``remarks`` do not."""

    file: SettingsFile | None
    profile: str | None
    problems: tuple[str, ...]
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        """Which file is read, in one line."""
        if self.file is None:
            return "no agentmem.toml is read"
        return str(self.file.path) + (f", profile {self.profile}" if self.profile else "")


def examine(named: str | None = None) -> Examined:
    """All that is wrong with the file that is ``named``, or else counts, and with the environment."""
    profile = named_profile()
    try:
        file = find_file(named if named is not None else named_file())
        problems = [] if file is None else list(_of_file(file))
        if profile is not None:
            require_profile(file, profile)
    except NotConfiguredError as error:
        return Examined(None, profile, (str(error), *_of_environment()), ())
    remarks = [*_unknown_variables(), *([] if file is None else _remarks(file, profile))]
    return Examined(file, profile, (*problems, *_of_environment()), tuple(remarks))


def _of_file(file: SettingsFile) -> Iterator[str]:
    yield from file.problems
    for entries in (file.always, *file.profiles.values()):
        if {"path", "api_url"} <= entries.keys():
            yield f"{entries['api_url'].where}: a store of one's own has a path, and a server an api_url; leave out one of them"
        for name, entry in entries.items():
            if entry.borrowed is None:
                try:
                    _require_known(name, entry.value)
                except AgentMemError as error:
                    yield f"{entry.where}: {error}"


def _require_known(name: str, value: Any) -> None:
    """What is looked up by name is there; an address is one."""
    if name in {"embedder", "index"}:
        group = {"embedder": "agentmem.embedders", "index": "agentmem.indexes"}[name]
        known = [*(entry.name for entry in entry_points(group=group)), *(["none"] if name == "index" else [])]
        if value.partition(":")[0] not in known:
            raise NotConfiguredError(f"unknown {name} {value!r}; installed are {', '.join(sorted(known))}")
    if name == "api_url":
        from agentmem_core.http.address import address_of

        address_of(value)


def _of_environment() -> Iterator[str]:
    settings = Settings()
    for setting in SETTINGS.values():
        try:
            found = settings.found(setting.name)
            if found.source == "environment":
                _require_known(setting.name, found.value)
        except AgentMemError as error:
            said = str(error)
            yield said if said.startswith(setting.variable) else f"{setting.variable}: {said}"


def _unknown_variables() -> Iterator[str]:
    for name in sorted(os.environ):
        if name.startswith(_PREFIX) and name not in BY_VARIABLE:
            near = get_close_matches(name, BY_VARIABLE, n=1)
            yield f"{name}: is no variable of AgentMem" + (f"; did you mean {near[0]}?" if near else "")


def _remarks(file: SettingsFile, profile: str | None) -> Iterator[str]:
    levels = [file.always, *file.profiles.values()]
    in_force = [file.always, *(entries for name, entries in file.profiles.items() if name == profile)]
    for entry in (entry for entries in in_force for entry in entries.values()):
        if entry.borrowed is not None and not os.environ.get(entry.borrowed, "").strip():
            yield f"{entry.where}: the environment variable {entry.borrowed} is not set here"
    secrets = [
        entries[name] for entries in levels for name in entries if SETTINGS[name].secret and not entries[name].borrowed
    ]
    if secrets and os.name == "posix" and file.path.stat().st_mode & 0o044:
        yield f"{secrets[0].where}: others can read this secret; chmod 600 {file.path}"
    held = [entry for entries in levels for name, entry in entries.items() if SETTINGS[name].is_trusted(entry.value)]
    if held and not file.named:
        yield (
            f"{held[0].where}: is refused as long as the file is only found; name it with --config, or AGENTMEM_CONFIG={file.path}"
        )
