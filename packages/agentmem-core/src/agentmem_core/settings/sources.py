"""What is said, by whom: arguments first, then the environment, then the profile of the file, then the file, then the default."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from agentmem_core.errors import NotConfiguredError
from agentmem_core.settings.file import FILE_NAME, Entries, Entry, SettingsFile, find_file
from agentmem_core.settings.table import SETTINGS, Setting
from agentmem_core.settings.values import checked, from_text

Source = Literal["argument", "environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Found:
    """A setting, and who said it: ``where`` is the variable, or the file with line and key."""

    setting: Setting
    value: Any
    source: Source
    where: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is said now. The environment is looked at when a setting is asked for, the file stays what it was when it was read."""

    file: SettingsFile | None = None
    profile: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def value(self, name: str, given: Any = None) -> Any:
        """What counts; ``given`` is the argument. ``NotConfiguredError`` says who said what cannot be used."""
        return self.found(name, given).value

    def found(self, name: str, given: Any = None) -> Found:
        """The same, with who said it."""
        setting = SETTINGS[name]
        if given is not None:
            fits = setting.kind == "whole" or setting.choices
            return Found(setting, checked(setting, given, name, loose=True) if fits else given, "argument", name)
        text = self.environment.get(setting.variable) or ""
        if text.strip():
            return Found(setting, from_text(setting, text, setting.variable), "environment", setting.variable)
        entry = next((entries[name] for entries in self._levels() if name in entries), None)
        own = self._own_entry(name) if setting.protects else None
        if own is not None and entry is not None:
            return Found(
                setting, tuple(dict.fromkeys((*own.value, *entry.value))), "file", f"{own.where}; {entry.where}"
            )
        if own is not None:
            return Found(setting, own.value, "file", own.where)
        return Found(setting, setting.default, "default", "") if entry is None else self._of_file(setting, entry)

    def _own_entry(self, name: str) -> Entry | None:
        """What the user's own file says beside one that was only found; ``NotConfiguredError`` where it cannot be read."""
        own = None if self.file is None else self.file.own
        if own is None:
            return None
        if own.problems:
            raise NotConfiguredError(own.problems[0])
        levels = [own.profiles.get(self.profile, {}) if self.profile is not None else {}, own.always]
        return next((entries[name] for entries in levels if name in entries), None)

    def server(self) -> Found | None:
        """The server that the environment or the file means; None where the first of them that says either says a path."""
        for name in ("api_url", "path"):
            if (self.environment.get(SETTINGS[name].variable) or "").strip():
                return self.found("api_url") if name == "api_url" else None
        for entries in self._levels():
            for name in ("api_url", "path"):
                if name in entries:
                    return self.found("api_url") if name == "api_url" else None
        return None

    def key_for(self, url: str, given: Any = None) -> Any:
        """The key for a server. One of the file is for the file's address, and not for another that the program is told to ask."""
        found = self.found("api_key", given)
        if found.source == "file" and not any(
            "api_url" in entries and entries["api_url"].value == url for entries in self._levels()
        ):
            return None
        return found.value

    def _levels(self) -> Iterator[Entries]:
        if self.file is None:
            return
        if self.profile is not None:
            yield self.file.profiles[self.profile]
        yield self.file.always

    def _of_file(self, setting: Setting, entry: Entry) -> Found:
        if self.file is not None and not self.file.named and setting.is_trusted(entry.value):
            raise NotConfiguredError(
                f"{entry.where}: where something is sent, and who is let in, is not taken from a file that was only found; if you "
                f"trust it, name it: agentmem --config, or AGENTMEM_CONFIG={self.file.path}"
            )
        if entry.borrowed is None:
            return Found(setting, entry.value, "file", entry.where)
        text = (self.environment.get(entry.borrowed) or "").strip()
        if not text:
            raise NotConfiguredError(f"{entry.where}: the environment variable {entry.borrowed} is not set")
        return Found(setting, text, "file", f"{entry.where} ({entry.borrowed})")


@dataclass(slots=True)
class _Chosen:
    """What the command line says of file and profile, for the whole process."""

    config: str | None = None
    profile: str | None = None


_CHOSEN = _Chosen()


@contextmanager
def chosen(*, config: str | None = None, profile: str | None = None) -> Generator[None]:
    """Another file or profile than the environment's, while the block runs. For a program's command line: it holds for all threads."""
    before = _CHOSEN.config, _CHOSEN.profile
    _CHOSEN.config, _CHOSEN.profile = config or before[0], profile or before[1]
    try:
        yield
    finally:
        _CHOSEN.config, _CHOSEN.profile = before


def named_file() -> str | None:
    """The file that somebody named, or ``none``; None where it is looked for."""
    return _CHOSEN.config or os.environ.get(SETTINGS["config"].variable, "").strip() or None


def named_profile() -> str | None:
    """The profile that somebody named."""
    return _CHOSEN.profile or os.environ.get(SETTINGS["profile"].variable, "").strip() or None


def current() -> Settings:
    """What is said now; ``NotConfiguredError`` where the file cannot be used, or has no such profile."""
    file, profile = find_file(named_file()), named_profile()
    if file is not None and file.problems:
        first, *others = file.problems
        more = f" (and {len(others)} more: agentmem config validate)" if others else ""
        raise NotConfiguredError(first + more)
    if profile is not None:
        require_profile(file, profile)
    return Settings(file, profile)


def require_profile(file: SettingsFile | None, profile: str) -> None:
    """Refuse a profile that is not there, and say which ones are."""
    if file is None:
        raise NotConfiguredError(
            f"profile {profile!r}: there is no {FILE_NAME} that has it; agentmem config init makes one"
        )
    if profile not in file.profiles:
        from difflib import get_close_matches

        near = get_close_matches(profile, file.profiles, n=1)
        there = ", ".join(file.profiles) or "none"
        hint = f"; did you mean {near[0]}?" if near else ""
        raise NotConfiguredError(f"profile {profile!r}: {file.path} has no [profile.{profile}]; it has {there}{hint}")
