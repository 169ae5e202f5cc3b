"""What the messages of many systems have in common: a role, and content that is a text or a list of parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from agentmem_core.moving.record import EMPTY

_ROLES = {
    "human": "user", "humanmessage": "user", "humanmessagechunk": "user", "user": "user", "用户": "user", "我": "user",
    "ai": "assistant", "aimessage": "assistant", "aimessagechunk": "assistant", "assistant": "assistant", "bot": "assistant",
    "chatbot": "assistant", "gpt": "assistant", "chatgpt": "assistant", "claude": "assistant", "model": "assistant",
    "助手": "assistant", "助理": "assistant", "机器人": "assistant", "system": "system", "developer": "system", "系统": "system",
    "systemmessage": "system", "tool": "tool", "function": "tool", "toolmessage": "tool", "functionmessage": "tool",
    "tool_result": "tool", "ipython": "tool",
}  # fmt: skip


def known_role(given: object) -> str | None:
    """The role that a word stands for in any of the systems; None where it stands for none."""
    return _ROLES.get(given.strip().casefold()) if isinstance(given, str) else None


def role_of(given: object, fallback: str = "user") -> str:
    """The role a word stands for, or the word itself."""
    return known_role(given) or (given.strip() if isinstance(given, str) and given.strip() else fallback)


class Said(NamedTuple):
    """The text of a message, and the kinds of its parts that are none."""

    text: str
    others: tuple[str, ...] = ()

    def why_empty(self) -> str:
        """Why there is nothing to move."""
        return f"it has no text, only {', '.join(sorted(set(self.others)))}" if self.others else EMPTY


def said_in(content: object) -> Said:
    """The text of a content: a text, a part, or a list of them."""
    if isinstance(content, str):
        return Said(content)
    if isinstance(content, Mapping):
        return _said_by(cast("Mapping[str, Any]", content))
    if not isinstance(content, list):
        return Said("")
    found = [said_in(part) for part in content]
    return Said(
        "\n".join(part.text for part in found if part.text.strip()),
        tuple(other for part in found for other in part.others),
    )


def _said_by(part: Mapping[str, Any]) -> Said:
    kind = next((str(part[key]) for key in ("type", "block_type", "content_type") if part.get(key)), "part")
    if kind in _HIDDEN:
        return Said("", (kind,))
    text = next((part[key] for key in ("text", "output_text", "refusal") if isinstance(part.get(key), str)), None)
    if text is None and kind == "tool_result":
        return said_in(part.get("content"))
    return Said("", (kind,)) if text is None else Said(text)


_HIDDEN = {"thinking", "reasoning", "redacted_thinking", "omitted_reasoning", "summarized_reasoning"}


def text_or_none(given: object) -> str | None:
    """A text that is not blank, or a number as text."""
    if isinstance(given, bool) or given is None:
        return None
    text = str(given) if isinstance(given, str | int) else ""
    return text if text.strip() else None


def mapping(given: object) -> dict[str, Any]:
    """A JSON object; an empty one where something else stands."""
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def listed(given: object) -> list[Any]:
    """A JSON array; an empty one where something else stands."""
    return given if isinstance(given, list) else []


def rest(given: Mapping[str, Any], *taken: str) -> dict[str, Any]:
    """The fields that were not taken and say something."""
    return {key: value for key, value in given.items() if key not in taken and value not in (None, "", [], {})}


def is_lasting(given: str | None) -> bool:
    """Whether an id is long enough to stand for one thing for ever; a short one counts the rows of one table."""
    return given is not None and len(given) >= 16
