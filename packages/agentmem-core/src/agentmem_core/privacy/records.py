"""Records of an export on their way in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.things import is_thing
from agentmem_core.privacy.files import cleaned_file
from agentmem_core.privacy.filtering import Cleaning, PrivacyFilter
from agentmem_core.recall.media import media_type_of

_TEXTS = ("content", "reason", "name")


def cleaned_record(privacy: PrivacyFilter, record: dict[str, Any]) -> dict[str, Any]:
    """A memory, a link or a file of an export without what is taken out; what is malformed is left to whoever reads it."""
    kind = record.get("kind")
    if kind == "memory":
        return _memory(privacy, record)
    if kind == "link" and isinstance(record.get("link"), Mapping):
        return {**record, "link": _link(privacy, record["link"])}
    if kind == "file" and isinstance(record.get("data"), str):
        _require_clean(privacy, record)
    return record


def _memory(privacy: PrivacyFilter, record: Mapping[str, Any]) -> dict[str, Any]:
    made = _version(privacy, record)
    cleaning = Cleaning(privacy)
    entities = record.get("entities")
    if isinstance(entities, list | tuple):
        made["entities"] = [cleaning.text(item, "entities") if isinstance(item, str) else item for item in entities]
    history = record.get("history")
    if isinstance(history, list | tuple):
        made["history"] = [_version(privacy, item) if isinstance(item, Mapping) else item for item in history]
    return made


def _version(privacy: PrivacyFilter, record: Mapping[str, Any]) -> dict[str, Any]:
    cleaning = Cleaning(privacy)
    made = dict(record)
    for name in _TEXTS:
        if isinstance(made.get(name), str):
            made[name] = cleaning.text(made[name], name)
    if isinstance(made.get("role"), str):
        cleaning.name(made["role"], "role")
    if isinstance(made.get("metadata"), Mapping):
        made["metadata"] = cleaning.json(made["metadata"], "metadata")
    if cleaning.redacted:
        made["metadata"] = cleaning.marked(made.get("metadata"))
    return made


def _link(privacy: PrivacyFilter, link: Mapping[str, Any]) -> dict[str, Any]:
    cleaning = Cleaning(privacy)
    made = dict(link)
    for end in ("source", "target"):
        if isinstance(made.get(end), str) and is_thing(made[end]):
            made[end] = cleaning.text(made[end], end)
    if isinstance(made.get("relation"), str):
        made["relation"] = cleaning.text(made["relation"], "relation")
    if isinstance(made.get("metadata"), Mapping):
        made["metadata"] = cleaning.json(made["metadata"], "metadata")
    return made


def _require_clean(privacy: PrivacyFilter, record: Mapping[str, Any]) -> None:
    """Bytes are bound to their digest and cannot be rewritten on the way in."""
    try:
        data = base64.b64decode(record["data"], validate=True)
    except (ValueError, binascii.Error):
        return
    cleaning = Cleaning(privacy)
    cleaned_file(cleaning, data, media_type_of(None, data))
    if cleaning.redacted:
        raise InvalidInputError(
            f"file {record.get('sha256')}: holds what redact= takes out ({', '.join(sorted(cleaning.redacted))}); leave its record out "
            "and put the file anew"
        )
