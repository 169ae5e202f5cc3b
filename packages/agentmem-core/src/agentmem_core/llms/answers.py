"""From what a model answered to a reply: JSON where JSON was asked for, or an error that says what came instead. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from agentmem_core.errors import ModelError
from agentmem_core.ports import Prompt, Reply, Usage

Stop = Literal["end", "length", "declined", "failed"]

ONE_CALL = Usage(calls=1)
_THOUGHTS = re.compile(r"\A\s*<think(ing)?>.*?</think(ing)?>", re.DOTALL)
_FENCED = re.compile(r"```[a-zA-Z]*\s*\n(.*?)\n?\s*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, in the words of no provider.

    ``called`` holds the arguments of functions that the model called; ``why`` is the provider's own word for ``stop``, or the model's reason for declining.
    """

    text: str
    called: tuple[str, ...] = ()
    stop: Stop = "end"
    why: str = ""
    usage: Usage = ONE_CALL


def reply_of(answer: Answer, prompt: Prompt, name: str) -> Reply:
    """The reply; ``ModelError`` for an answer that was declined, cut off, empty, or no JSON object where one was asked for."""
    if answer.stop == "declined":
        raise failure(f"the model {name} declined to answer{_because(answer.why)}", answer.usage)
    if answer.stop == "failed":
        raise failure(f"the model {name} broke off{_because(answer.why)}; try again", answer.usage)
    text = _whole(answer, structured=prompt.schema is not None)
    if text is not None and (answer.stop == "end" or prompt.schema is not None):
        return Reply(text, answer.usage)
    if answer.stop == "length":
        raise failure(
            f"the answer of the model {name} was cut off after {answer.usage.output_tokens or prompt.max_tokens:,} tokens; "
            "ask for less at once, or take a model that thinks less",
            answer.usage,
        )
    if not (answer.text.strip() or answer.called):
        raise failure(f"the model {name} answered nothing{_because(answer.why)}", answer.usage)
    if prompt.schema is None:
        raise failure(f"the model {name} called a function instead of answering", answer.usage)
    raise failure(f"the model {name} answered {len(answer.text):,} characters that are no JSON object", answer.usage)


def failure(message: str, usage: Usage) -> ModelError:
    """An error that knows what the answer cost all the same."""
    return ModelError(message, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)


def _whole(answer: Answer, *, structured: bool) -> str | None:
    if not structured:
        said = _THOUGHTS.sub("", answer.text, count=1).strip()
        return said or None
    for text in (answer.text, *answer.called):
        found = json_object(text)
        if found is not None:
            return found
    return None


def json_object(text: str) -> str | None:
    """The JSON object that a text is, or holds: bare, fenced, or after the model's thoughts; None if there is none."""
    text = _THOUGHTS.sub("", text, count=1).strip()
    fenced = _FENCED.search(text)
    for candidate in (text, fenced[1] if fenced else ""):
        if isinstance(_parsed(candidate), dict):
            return candidate.strip()
    return _held(text)


def _held(text: str) -> str | None:
    """The first object inside prose, when it is the only one: of two nobody can say which is meant."""
    start = text.find("{")
    try:
        found, end = json.JSONDecoder().raw_decode(text, start) if start >= 0 else (None, 0)
    except (ValueError, RecursionError):
        return None
    return text[start:end] if isinstance(found, dict) and "{" not in text[end:] else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _because(why: str) -> str:
    short = " ".join(why.split())[:200]
    return f" ({short})" if short else ""
