"""From what a caller or the environment names to a filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from agentmem_core.errors import NotConfiguredError
from agentmem_core.privacy.filtering import PrivacyFilter
from agentmem_core.privacy.presidio import ENTITIES, presidio_recogniser
from agentmem_core.privacy.recognisers import BUILT_IN, Places, Recogniser
from agentmem_core.settings import current

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def configured_filter(redact: Any, block: Any) -> PrivacyFilter | None:
    """The filter that the arguments, or else the settings ``redact`` and ``block``, ask for; None where nothing is asked."""
    settings = current()
    redacts = _recognisers("redact", settings.value("redact", redact))
    blocks = _recognisers("block", settings.value("block", block))
    return PrivacyFilter(redacts, blocks) if redacts or blocks else None


def _recognisers(argument: str, given: Any) -> dict[str, Recogniser]:
    found: dict[str, Recogniser] = {}
    for kind, own in _named(argument, given):
        name = kind.strip().lower()
        if own is not None:
            found[_own_name(argument, name)] = _own(argument, name, own)
        elif name in BUILT_IN:
            found[name] = BUILT_IN[name]
        elif name in ENTITIES:
            found[name] = presidio_recogniser(name)
        else:
            raise NotConfiguredError(
                f"{argument}: unknown kind {kind!r}; built in are {', '.join(sorted(BUILT_IN))}, with agentmem-core[privacy] also "
                f'{", ".join(sorted(ENTITIES))}; or give your own: {{"badge": re.compile(...)}}'
            )
    return found


def _named(argument: str, given: Any) -> list[tuple[str, Any]]:
    """Kinds, each with the caller's own recogniser or None."""
    if given is None:
        return []
    if isinstance(given, str):
        return [(name, None) for name in given.split(",") if name.strip()]
    if isinstance(given, Mapping):
        return [_pair(argument, name, own) for name, own in given.items()]
    if not isinstance(given, Iterable):
        raise NotConfiguredError(f"{argument}: must be a list of kinds, not {type(given).__name__}")
    found: list[tuple[str, Any]] = []
    for item in given:
        if isinstance(item, tuple) and len(item) == 2:
            found.append(_pair(argument, item[0], item[1]))
        elif isinstance(item, Mapping):
            found += _named(argument, item)
        elif isinstance(item, str):
            found.append((item, None))
        else:
            raise NotConfiguredError(
                f'{argument}: a kind is a name, or {{"name": a compiled pattern or a function}}, not {type(item).__name__}'
            )
    return found


def _pair(argument: str, name: Any, own: Any) -> tuple[str, Any]:
    if not isinstance(name, str):
        raise NotConfiguredError(f"{argument}: the name of a kind must be text, not {type(name).__name__}")
    return name, None if own is True or own is None else own


def _own_name(argument: str, name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise NotConfiguredError(
            f"{argument}: {name!r} cannot name a kind; use small letters, digits, - and _, for example badge"
        )
    return name


def _own(argument: str, name: str, given: Any) -> Recogniser:
    """A caller's pattern or function as a recogniser; a failure of theirs refuses the call rather than let a text through."""
    if isinstance(given, re.Pattern):
        if not isinstance(given.pattern, str):
            raise NotConfiguredError(f"{argument}: the pattern of {name!r} must be of text, not of bytes")
        pattern = cast("re.Pattern[str]", given)
        return lambda text: [found.span() for found in pattern.finditer(text) if found.end() > found.start()]
    if not callable(given):
        raise NotConfiguredError(
            f"{argument}: {name!r} must be a compiled pattern or a function, not {type(given).__name__}"
        )
    function = cast("Callable[[str], Iterable[Any]]", given)

    def recognise(text: str) -> Places:
        try:
            return [_place(text, found) for found in function(text)]
        except Exception as error:
            raise NotConfiguredError(
                f"{argument}: the recogniser of {name!r} failed ({type(error).__name__}), so that nothing was stored; it must "
                "answer (start, end) pairs of a text"
            ) from error

    return recognise


def _place(text: str, found: Any) -> tuple[int, int]:
    start, end = found
    if not 0 <= int(start) <= int(end) <= len(text):
        raise ValueError("a place lies outside of the text")
    return int(start), int(end)
