"""What the values have in common: frozen pydantic models, and the checked kinds of their fields."""

from __future__ import annotations

import json
import math
import re
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from agentmem_core.errors import InvalidInputError

MAX_CONTENT_BYTES = 1_000_000
MAX_METADATA_BYTES = 1_000_000
MAX_NAME_LENGTH = 256
MAX_LIMIT = 10_000

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Value(BaseModel):
    """A frozen value: compared by its fields, refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, strict=False)


class Given(Value):
    """A value that callers make themselves: what cannot be used is an ``InvalidInputError``."""

    def __init__(self, **given: Any) -> None:
        """Checked, field by field."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise self._refusal(explain(error)) from None

    @classmethod
    def _refusal(cls, why: str) -> InvalidInputError:
        return InvalidInputError(why)


def explain(error: ValidationError) -> str:
    """A pydantic error in one line a caller can act on, without the content that was given."""
    lines: list[str] = []
    for detail in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in detail["loc"] if not _is_union_branch(part)) or "argument"
        problem = _PROBLEMS.get(detail["type"], detail["msg"]).removeprefix("Value error, ")
        found: Any = detail.get("input")
        shown = f", got {found!r}" if isinstance(found, int | float) else ""
        line = f"{where}: {problem}{shown}"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)


def _is_union_branch(part: Any) -> bool:
    return isinstance(part, str) and ("[" in part or part[:1].isupper())


_PROBLEMS = {
    "timezone_aware": "is a naive datetime; give it a time zone, for example datetime.now(UTC)",
    "extra_forbidden": "is not an argument of this call",
    "missing": "is missing",
    "datetime_type": "must be an aware datetime or an ISO 8601 text",
    "datetime_from_date_parsing": "must be an ISO 8601 datetime with a zone, for example 2024-05-03T18:00:00+00:00",
    "datetime_parsing": "must be an ISO 8601 datetime with a zone, for example 2024-05-03T18:00:00+00:00",
    "datetime_object_invalid": "must be an aware datetime or an ISO 8601 text",
    "bool_type": "must be True or False",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text (str)",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold NUL bytes; remove them")
    if not value.isascii() and _LONE_SURROGATE.search(value):
        raise ValueError("holds lone surrogates, which are not text; decode it properly first")
    return value


def _content(value: str) -> str:
    _text(value)
    if not value.strip():
        raise ValueError("must not be empty or blank")
    size = len(value) if value.isascii() else len(value.encode())
    if size > MAX_CONTENT_BYTES:
        raise ValueError(f"is {size:,} bytes, the limit is {MAX_CONTENT_BYTES:,}; split it into several memories")
    return value


def _name(value: str) -> str:
    _text(value)
    if not value.strip():
        raise ValueError("must not be empty or blank")
    if len(value) > MAX_NAME_LENGTH:
        raise ValueError(f"is {len(value):,} characters long, the limit is {MAX_NAME_LENGTH}")
    return value


def _only_str(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"must be text (str), not {type(value).__name__}")  # noqa: TRY004 - pydantic wants ValueError
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the years 1 to 9999 in UTC") from None


def _no_number(value: Any) -> Any:
    """A number would be read as seconds since 1970, so that the year "2024" would be half an hour past its midnight."""
    digits = value.strip().lstrip("+-").replace(".", "", 1) if isinstance(value, str) else ""
    if isinstance(value, int | float) or digits.isdecimal():
        raise ValueError("must be an aware datetime or an ISO 8601 text, for example 2024-05-03T18:00:00+00:00")
    return value


def _json_object(value: Any) -> Any:
    """A deep copy of a JSON object, so that a value cannot change behind our back."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a dict of JSON values, not {type(value).__name__}")  # noqa: TRY004
    if not value:
        return {}
    _string_keys(value)
    try:
        text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"must hold JSON values only (str, int, float, bool, None, list, dict): {error}") from None
    _text_in_json(text)
    if len(text) > MAX_METADATA_BYTES:
        raise ValueError(f"is {len(text):,} characters as JSON, the limit is {MAX_METADATA_BYTES:,}")
    return json.loads(text)


def _text_in_json(text: str) -> None:
    if _LONE_SURROGATE.search(text):
        raise ValueError("holds lone surrogates, which are not text; decode it properly first")


def _string_keys(value: Any, depth: int = 0) -> None:
    if depth > 100:
        raise ValueError("is nested more than 100 deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"keys must be text, not {type(key).__name__} ({key!r})")  # noqa: TRY004
            _string_keys(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _string_keys(item, depth + 1)


def _vector(value: Any) -> Any:
    """Any sequence of numbers, or a one-dimensional buffer (a numpy array), as float32 bytes."""
    if value is None:
        return value
    try:
        items = array("f", value) if isinstance(value, bytes) else array("f", _numbers(value))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"must be a flat sequence of numbers: {error}") from None
    if not items:
        raise ValueError("must hold at least one number")
    if not all(map(math.isfinite, items)):
        raise ValueError("holds NaN or infinity (or a number beyond float32); every number must be finite")
    return items.tobytes()


def _numbers(value: Any) -> Iterable[float]:
    if isinstance(value, str | Mapping):
        raise TypeError(f"not {type(value).__name__}")
    tolist = getattr(value, "tolist", None)
    items: Any = tolist() if callable(tolist) else value
    for item in items:
        if isinstance(item, bool | str):
            raise TypeError(f"not {type(item).__name__}")
        yield item


def _not_too_long(value: str) -> str:
    if len(value) > MAX_CONTENT_BYTES:
        raise ValueError(f"is {len(value):,} characters long, the limit is {MAX_CONTENT_BYTES:,}")
    return value


Text = Annotated[str, BeforeValidator(_only_str), AfterValidator(_text), AfterValidator(_not_too_long)]
Content = Annotated[str, BeforeValidator(_only_str), AfterValidator(_content)]
Name = Annotated[str, BeforeValidator(_only_str), AfterValidator(_name)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_utc)]
Metadata = Annotated[dict[str, Any], BeforeValidator(_json_object)]
Importance = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**62)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Vector = Annotated[bytes, BeforeValidator(_vector)]
"""float32 numbers in the machine's byte order; given as any sequence of numbers or a numpy array."""
