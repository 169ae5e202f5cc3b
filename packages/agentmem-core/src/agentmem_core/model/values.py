"""What the values have in common: frozen pydantic models, and the checked kinds of their fields."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self, TypeGuard, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import from_json

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.explaining import explain

MAX_CONTENT_BYTES = 1_000_000
MAX_METADATA_BYTES = 1_000_000
MAX_NAME_LENGTH = 256
MAX_LIMIT = 10_000

_FEW = 64
_SHORT = 256
_SMALL = 2**53
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_NO_OFFSET = timedelta()
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Value(BaseModel):
    """A frozen value: compared by its fields, refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, strict=False)

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """A value of fields that are known to be right, every one of them given: in a third of the time of checking them."""
        return trusting(cls)(fields)


V = TypeVar("V", bound=BaseModel)


def trusting(kind: type[V]) -> Callable[[dict[str, Any]], V]:
    """What makes values of a kind as ``Value.trusted`` does, of a dict that becomes the value's own."""
    made: Callable[[dict[str, Any]], V] = _MAKERS.get(kind) or _MAKERS.setdefault(kind, _maker(kind))
    return made


def _maker(kind: type[V]) -> Callable[[dict[str, Any]], V]:
    every = set(kind.model_fields)  # one set for all of them: a frozen value never changes its own
    new = object.__new__
    put_fields, put_names, put_extra, put_private = _SLOTS

    def make(fields: dict[str, Any]) -> V:
        made = new(kind)
        put_fields(made, fields)
        put_names(made, every)
        put_extra(made, None)
        put_private(made, None)
        return made

    return make


_MAKERS: dict[type, Any] = {}
_SLOTS = [
    vars(BaseModel)[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
]


class Given(Value):
    """A value that callers make themselves, also in the order of its fields: what cannot be used is an ``InvalidInputError``."""

    def __init__(self, *in_order: Any, **given: Any) -> None:
        """Checked, field by field."""
        if in_order:
            given = {**self._named(in_order, given), **given}
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise self._refusal(explain(error)) from None

    @classmethod
    def _named(cls, in_order: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        fields = list(cls.model_fields)
        if len(in_order) > len(fields):
            raise cls._refusal(f"{cls.__name__} takes {', '.join(fields)}, and {len(in_order)} values were given")
        twice = [name for name in fields[: len(in_order)] if name in given]
        if twice:
            raise cls._refusal(f"{twice[0]}: was given twice, by its place and by its name")
        return dict(zip(fields, in_order, strict=False))

    @classmethod
    def _refusal(cls, why: str) -> InvalidInputError:
        return InvalidInputError(why)


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold NUL bytes; remove them")
    if not value.isascii() and _LONE_SURROGATE.search(value):
        raise ValueError("holds lone surrogates, which are not text; decode it properly first")
    return value


def checked_content(value: str) -> str:
    """A text that can be remembered, or a ``ValueError``."""
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


def _in_utc(value: datetime) -> datetime:
    """As it is; only the zone that JSON's Z becomes, which is UTC but not equal to it, is made ours."""
    return value.replace(tzinfo=UTC) if value.tzinfo is not UTC and value.utcoffset() == _NO_OFFSET else value


def _no_number(value: Any) -> Any:
    """A number would be read as seconds since 1970, so that the year "2024" would be half an hour past its midnight."""
    digits = value.strip().lstrip("+-").replace(".", "", 1) if isinstance(value, str) else ""
    if isinstance(value, int | float) or digits.isdecimal():
        raise ValueError("must be an aware datetime or an ISO 8601 text, for example 2024-05-03T18:00:00+00:00")
    return value


def checked_metadata(value: Any) -> Any:
    """A deep copy of a JSON object, so that a value cannot change behind our back, or a ``ValueError``."""
    if value is None:
        return {}
    if not isinstance(value, dict | Mapping):
        raise ValueError(f"must be a dict of JSON values, not {type(value).__name__}")  # noqa: TRY004
    if not value:
        return {}
    if type(value) is dict and _is_flat(value):
        return dict(value)
    _string_keys(value)
    try:
        text = _JSON.encode(dict(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"must hold JSON values only (str, int, float, bool, None, list, dict): {error}") from None
    _text_in_json(text)
    if len(text) > MAX_METADATA_BYTES:
        raise ValueError(f"is {len(text):,} characters as JSON, the limit is {MAX_METADATA_BYTES:,}")
    return from_json(text)


def _is_flat(given: dict[Any, Any]) -> bool:
    """Whether it is a JSON object as it is: a few short texts and small numbers, as most metadata are."""
    if len(given) > _FEW:
        return False
    for name, value in given.items():
        if type(name) is not str or len(name) > _SHORT or not name.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > _SHORT or not value.isascii():
                return False
        elif kind is int:
            if not -_SMALL < value < _SMALL:
                return False
        elif kind is not bool and value is not None:
            return False
    return True


def _text_in_json(text: str) -> None:
    if _LONE_SURROGATE.search(text):
        raise ValueError("holds lone surrogates, which are not text; decode it properly first")


def _string_keys(value: Any, depth: int = 0) -> None:
    if depth > 100:
        raise ValueError("is nested more than 100 deep")
    if isinstance(value, dict | Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"keys must be text, not {type(key).__name__} ({key!r})")  # noqa: TRY004
            _string_keys(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _string_keys(item, depth + 1)


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode(value.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None


_URL_SAFE = str.maketrans("-_", "+/")


def _raw_bytes(value: Any, info: ValidationInfo) -> Any:
    if info.mode == "json" and isinstance(value, str):
        return _from_base64(value)
    return bytes(value) if isinstance(value, bytearray | memoryview) else value


def _in_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _swapped(value: bytes) -> bytes:
    """From the machine's byte order to that of JSON, which is little-endian, and back."""
    if sys.byteorder == "little":
        return value
    items = array("f", value)
    items.byteswap()
    return items.tobytes()


def _vector_in_base64(value: bytes) -> str:
    return _in_base64(_swapped(value))


def _vector(value: Any, info: ValidationInfo) -> Any:
    """Any sequence of numbers, or a one-dimensional buffer (a numpy array), as float32 bytes; in JSON also those in base64."""
    if value is None:
        return value
    if info.mode == "json" and isinstance(value, str):
        value = _swapped(_from_base64(value))
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


def is_text(value: object) -> TypeGuard[str]:
    """Whether it can stand as ``Text`` as it is."""
    return (
        type(value) is str
        and len(value) <= MAX_CONTENT_BYTES
        and "\x00" not in value
        and (value.isascii() or not _LONE_SURROGATE.search(value))
    )


_NOT_BLANK = r"^[^\x00]*[^\s\x00\x1c-\x1f\x85][^\x00]*$"
_TEXT_SCHEMA = {"type": "string", "maxLength": MAX_CONTENT_BYTES, "pattern": r"^[^\x00]*$"}
_CONTENT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_CONTENT_BYTES // 4, "pattern": _NOT_BLANK}
_NAME_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH, "pattern": _NOT_BLANK}

Text = Annotated[
    str, BeforeValidator(_only_str), AfterValidator(_text), AfterValidator(_not_too_long), WithJsonSchema(_TEXT_SCHEMA)
]
Content = Annotated[str, BeforeValidator(_only_str), AfterValidator(checked_content), WithJsonSchema(_CONTENT_SCHEMA)]
Name = Annotated[str, BeforeValidator(_only_str), AfterValidator(_name), WithJsonSchema(_NAME_SCHEMA)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_utc)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""A time in an answer."""

Metadata = Annotated[dict[str, Any], BeforeValidator(checked_metadata)]
Importance = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**62)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Bytes = Annotated[
    bytes,
    BeforeValidator(_raw_bytes),
    PlainSerializer(_in_base64, return_type=str, when_used="json"),
    Field(strict=True, repr=False),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]
"""Bytes; base64 in JSON."""

Vector = Annotated[
    bytes,
    BeforeValidator(_vector),
    PlainSerializer(_vector_in_base64, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [
        {"type": "array", "items": {"type": "number"}, "minItems": 1},
        {"type": "string", "contentEncoding": "base64", "description": "float32, little-endian"},
    ]}),
]  # fmt: skip
"""float32 numbers in the machine's byte order; given as any sequence of numbers or a numpy array, in JSON also as base64."""
