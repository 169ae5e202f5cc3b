"""``agentmem.toml``: where it is looked for, and what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from agentmem_core.errors import NotConfiguredError
from agentmem_core.settings.table import SECTIONS, SETTINGS, Setting
from agentmem_core.settings.values import at_home, from_toml

FILE_NAME = "agentmem.toml"
NO_FILE = "none"

_LARGEST = 65_536
_DOTS = 200
"""In one line; what ``tomllib`` takes for a name of many parts grows with their square."""
_PROFILE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BORROWED = "_env"
"""Behind the name of a secret: the variable that holds it."""

Entries = Mapping[str, "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the file says of one setting: a value, or the environment variable that has it."""

    value: Any
    where: str
    borrowed: str | None = None


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file that was read; ``named`` when somebody said which, or it is the user's own, so that it is trusted.

    ``own`` is the user's own file beside one that was only found: what it protects stays protected.
    """

    path: Path
    always: Entries
    profiles: Mapping[str, Entries]
    problems: tuple[str, ...]
    named: bool = True
    own: SettingsFile | None = None


@dataclass(slots=True)
class _Reading:
    """Goes through a file once, and keeps all that is wrong with it."""

    path: Path
    lines: Mapping[tuple[str, ...], int]
    problems: list[str] = field(default_factory=list)

    def level(self, table: Mapping[str, Any], inside: tuple[str, ...] = ()) -> dict[str, Entry]:
        """The settings of the top, or of a profile."""
        found: dict[str, Entry] = {}
        for key, value in table.items():
            if key in SECTIONS:
                if isinstance(value, dict):
                    for name, item in cast("dict[str, Any]", value).items():
                        self.entry(found, (key, name), item, inside)
                else:
                    self.wrong((*inside, key), f"must be a table, [{'.'.join((*inside, key))}]")
            else:
                self.entry(found, (key,), value, inside)
        return found

    def entry(self, found: dict[str, Entry], name: tuple[str, ...], value: Any, inside: tuple[str, ...]) -> None:
        """One line of the file."""
        said, path = ".".join(name), (*inside, *name)
        setting = SETTINGS.get(said.removesuffix(_BORROWED) if said not in SETTINGS else said)
        if setting is None or not setting.in_file:
            self.wrong(path, unknown(name, top=not inside))
        elif setting.name in found:
            self.wrong(path, f"is said twice, as {setting.key} and {setting.key}{_BORROWED}")
        elif said != setting.name:
            self.borrowed(found, setting, value, path)
        else:
            where = self.where(path)
            try:
                found[said] = Entry(from_toml(setting, value, where, self.path.parent), where)
            except NotConfiguredError as error:
                self.problems.append(str(error))

    def borrowed(self, found: dict[str, Entry], setting: Setting, value: Any, path: tuple[str, ...]) -> None:
        """A secret that stands in a variable."""
        if not setting.secret:
            self.wrong(path, f"is for secrets; set {setting.variable} in the environment instead")
        elif not isinstance(value, str) or not value.strip() or "=" in value:
            self.wrong(path, "must be the name of an environment variable")
        else:
            found[setting.name] = Entry(None, self.where(path), value.strip())

    def where(self, path: tuple[str, ...]) -> str:
        """The file, the line, and the key."""
        begins = [line for begun, line in self.lines.items() if begun[: len(path)] == path]
        around = [self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines]
        line = next(iter([*begins, *around]), None)
        return f"{self.path}, " + (f"line {line}, " if line else "") + ".".join(path)

    def wrong(self, path: tuple[str, ...], what: str) -> None:
        self.problems.append(f"{self.where(path)}: {what}")


def unknown(name: tuple[str, ...], *, top: bool) -> str:
    """That there is no such setting, and which one may be meant."""
    from difflib import get_close_matches

    key = name[-1]
    section = name[0] if len(name) > 1 else ""
    here = [setting.key for setting in SETTINGS.values() if setting.in_file and setting.section == section]
    others = [setting for setting in SETTINGS.values() if setting.in_file and setting.key == key]
    near = get_close_matches(key, [*here, *(() if section else (*SECTIONS, *(["profile"] if top else [])))], n=1)
    if others:
        home = others[0].section
        return "is unknown here; " + (f"it belongs into [{home}]" if home else "it belongs in front of all tables")
    return "is unknown" + (
        f"; did you mean {near[0]}?" if near else "; see docs/configuration.md, or agentmem config init"
    )


def places(named: str | None) -> Iterator[tuple[Path, bool]]:
    """Where the file may be, the first one counts; and whether it is trusted there."""
    if named is not None:
        yield at_home(named, "config").absolute(), True
        return
    try:
        here = Path.cwd()
    except OSError:  # the folder was removed meanwhile
        here = None
    if here is not None:
        for folder in (here, *here.parents):
            yield folder / FILE_NAME, False
    yield user_file(), True


def user_file() -> Path:
    """The file of the user, for all folders."""
    import platformdirs

    return Path(platformdirs.user_config_dir("agentmem", appauthor=False)) / FILE_NAME


def find_file(named: str | None) -> SettingsFile | None:
    """The file that counts, read; None where there is none. A file that is named must be there."""
    if named == NO_FILE:
        return None
    own = user_file() if named is None else None
    for path, trusted in places(named):
        try:
            found = path.stat()
        except (OSError, ValueError) as error:
            if named is not None:
                raise NotConfiguredError(
                    f"{path} cannot be read ({error}); name a file, or {NO_FILE} for none"
                ) from None
            continue
        if path.is_file():
            file = _read(path, found.st_mtime_ns, found.st_size, found.st_ino, trusted or path == own)
            if not file.named:
                _require_ours(path, found)
                return replace(file, own=_own(own))
            return file
        if named is not None:
            raise NotConfiguredError(f"{path} is no file; name a file of settings, or {NO_FILE} for none")
    return None


def _own(path: Path | None) -> SettingsFile | None:
    """The user's own file, where there is one."""
    try:
        found = path.stat() if path is not None and path.is_file() else None
    except OSError:
        return None
    return None if path is None or found is None else _read(path, found.st_mtime_ns, found.st_size, found.st_ino, True)  # noqa: FBT003 - a part of the cache's key


def _require_ours(path: Path, found: os.stat_result) -> None:
    if hasattr(os, "geteuid") and (found.st_uid not in {0, os.geteuid()} or found.st_mode & 0o002):
        raise NotConfiguredError(
            f"{path} belongs to another user, or everybody may write it; if you trust it, name it: AGENTMEM_CONFIG={path}, "
            f"otherwise AGENTMEM_CONFIG={NO_FILE}"
        )


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int, size: int, _inode: int, named: bool) -> SettingsFile:  # noqa: FBT001 - a part of the cache's key
    """Read a file; the same until it changes on disk."""
    import tomllib

    if size > _LARGEST:
        raise NotConfiguredError(f"{path} is no file of settings: it has {size:,} bytes")
    try:
        text = path.read_text("utf-8-sig")
        if any(line.count(".") > _DOTS for line in text.split("\n")):
            raise NotConfiguredError(f"{path} is no file of settings: a line of it has more than {_DOTS} dots")
        data = tomllib.loads(text)
    except OSError as error:
        raise NotConfiguredError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise NotConfiguredError(f"{path} is not UTF-8 text ({error.reason})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NotConfiguredError(f"{path} is not TOML: {error}") from None
    reading = _Reading(path, _lines(text))
    profiles: dict[str, Entries] = {}
    tables = data.pop("profile", {})
    always = reading.level(data)
    if not isinstance(tables, dict):
        reading.wrong(("profile",), "must be tables, as [profile.prod]; AGENTMEM_PROFILE chooses one")
        tables = {}
    for name, table in cast("dict[str, Any]", tables).items():
        if not isinstance(table, dict):
            reading.wrong(
                ("profile", name), f"must be in a table, as [profile.prod]; is {name} a setting of a profile?"
            )
        elif not _PROFILE.fullmatch(name):
            reading.wrong(("profile", name), "a profile is named by letters, digits, - and _")
        else:
            profiles[name] = reading.level(cast("dict[str, Any]", table), ("profile", name))
    return SettingsFile(path, always, profiles, tuple(reading.problems), named)


_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_KEY = re.compile(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+)\s*=""")


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """On which line each table and key begins, as far as can be told without a parser that keeps lines."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _dotted(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_dotted(key[1])), number)
    return found


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))
