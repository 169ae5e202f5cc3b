"""What a setting may hold: from a text of the environment, a value of the file, or an argument."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from agentmem_core.errors import NotConfiguredError
from agentmem_core.settings.table import Setting

T = TypeVar("T", int, float)

IN_MEMORY = ":memory:"

_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def from_text(setting: Setting, text: str, where: str) -> Any:
    """What a variable says."""
    if setting.kind == "names":
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if setting.kind == "flag":
        word = text.strip().lower()
        if word not in _YES | _NO:
            raise NotConfiguredError(f"{where}: must be true or false, not {text!r}")
        return word in _YES
    return checked(setting, text, where, loose=True)


def from_toml(setting: Setting, value: Any, where: str, folder: Path) -> Any:
    """What a file in ``folder`` says; a value has the type of the setting."""
    found = checked(setting, value, where)
    if (setting.kind == "folder" and found != IN_MEMORY) or (setting.kind == "place" and "://" not in found):
        return str(folder / at_home(found, where))
    return found


def at_home(path: str, where: str) -> Path:
    """A path with ``~`` read as a shell does; one that names a user who is not there is refused."""
    try:
        os.fsencode(path)
        return Path(path).expanduser()
    except (RuntimeError, UnicodeError) as error:
        raise NotConfiguredError(f"{where}: {path!r} cannot be a path ({error})") from None


def checked(setting: Setting, value: Any, where: str, *, loose: bool = False) -> Any:
    """The value, when the setting may hold it; ``NotConfiguredError`` says what it may. A ``loose`` number may be written as text."""
    if setting.choices and value not in setting.choices:
        raise NotConfiguredError(f"{where}: must be {_either(setting.choices)}, not {value!r}")
    if setting.kind == "whole":
        return _whole(setting, value, where, loose=loose)
    if setting.kind == "seconds":
        return _seconds(value, where, loose=loose)
    if setting.kind == "timeout" and not loose:
        return _timeout(value, where)
    others = {"flag": _flag, "names": _names}
    return others[setting.kind](value, where) if setting.kind in others else _text(setting, value, where)


def shown(setting: Setting, value: Any) -> Any:
    """A value for people and logs: nothing of a secret, nor of a password in an address."""
    if value is None:
        return None
    if setting.secret:
        return "***"
    if isinstance(value, str) and "://" in value and "@" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://***@{rest.rpartition('@')[2]}"
    return value


def _text(setting: Setting, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise NotConfiguredError(
            f"{where}: must be text, not {'a secret of another type' if setting.secret else repr(value)}"
        )
    if not value.strip() or "\x00" in value:
        raise NotConfiguredError(f"{where}: must not be empty or hold NUL; leave it out for the default")
    if len(value) < setting.shortest:
        raise NotConfiguredError(f"{where}: must have {setting.shortest} characters or more, not {len(value)}")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise NotConfiguredError(f"{where}: must be true or false, not {value!r}")
    return value


def _whole(setting: Setting, value: Any, where: str, *, loose: bool) -> int:
    found = _number(value, int, loose=loose)
    if found is None or (isinstance(value, float) and not value.is_integer()):
        raise NotConfiguredError(f"{where}: must be a whole number, not {value!r}")
    if found < setting.least:
        least = "must not be negative" if setting.least == 0 else f"must be {setting.least} or more"
        raise NotConfiguredError(f"{where}: {least}, not {found}")
    if setting.most is not None and found > setting.most:
        raise NotConfiguredError(f"{where}: must be {setting.most:,} or less, not {found}")
    return found


def _seconds(value: Any, where: str, *, loose: bool) -> float:
    found = _number(value, float, loose=loose)
    if found is None or not 0 < found < math.inf:
        raise NotConfiguredError(f"{where}: must be a number of seconds above 0, not {value!r}")
    return found


def _number(value: Any, kind: Callable[[Any], T], *, loose: bool) -> T | None:
    """A number of the kind; None for what is none."""
    if isinstance(value, bool) or (isinstance(value, str) and not loose):
        return None
    try:
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _timeout(value: Any, where: str) -> Any:
    """Whether both fit is told where a server is asked; here it is only their number and type."""
    parts: list[Any] = value if isinstance(value, list) else [value]
    if len(parts) not in {1, 2} or not all(
        isinstance(part, int | float) and not isinstance(part, bool) for part in parts
    ):
        raise NotConfiguredError(
            f"{where}: must be seconds, or two of them, [5, 60]: for connecting, and in all; not {value!r}"
        )
    return (
        tuple(_seconds(part, where, loose=False) for part in parts)
        if len(parts) == 2
        else _seconds(parts[0], where, loose=False)
    )


def _names(value: Any, where: str) -> tuple[str, ...]:
    names = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name.strip() for name in names):
        raise NotConfiguredError(f'{where}: must be a list of names, ["one", "two"], not {value!r}')
    return tuple(str(name) for name in names)


def _either(choices: Sequence[str]) -> str:
    said = [f'"{choice}"' for choice in choices]
    return " or ".join(said) if len(said) < 3 else f"{', '.join(said[:-1])} or {said[-1]}"
