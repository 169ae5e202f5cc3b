"""What pydantic found wrong, in words a caller can act on."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

_LARGEST = 10**18
"""A whole number beyond is not shown: it may have any number of digits."""


def explain(error: ValidationError, whole: str = "argument") -> str:
    """A pydantic error in one line a caller can act on, without the content that was given; ``whole`` names what has no field."""
    lines: list[str] = []
    for detail in error.errors(include_url=False):
        where = ".".join(str(part) for part in detail["loc"] if not _is_union_branch(part)) or whole
        line = f"{where}: {_problem(detail['type'], detail['msg'], detail.get('ctx', {}))}{_shown(detail.get('input'))}"
        if line not in lines:
            lines.append(line)
    return "; ".join(lines)


def _is_union_branch(part: Any) -> bool:
    return isinstance(part, str) and ("[" in part or part[:1].isupper())


def _problem(kind: str, said: str, bounds: dict[str, Any]) -> str:
    """What is wrong, with the bound that was missed; of a kind that is not known here, pydantic's words."""
    if kind in {"string_too_short", "too_short"} and bounds.get("min_length", 1) > 1:
        kind = f"{kind}_by_some"
    known = _PROBLEMS.get(kind)
    if known is not None:
        return known.format_map({name: _number(value) for name, value in bounds.items()})
    return _SHOULD.sub(
        lambda found: f"must{' not' if found['not'] else ''} {found['verb']}", said.removeprefix("Value error, ")
    )


def _number(bound: Any) -> Any:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}" if isinstance(bound, float) else bound


def _shown(given: Any) -> str:
    if not isinstance(given, int | float):
        return ""
    return f", got {given!r}" if isinstance(given, float) or abs(given) < _LARGEST else ", got a number far beyond"


_SHOULD = re.compile(r"^(?:JSON i|\w+ i|I)nput should (?P<not>not )?(?P<verb>be|have)\b")
_PROBLEMS = {
    "timezone_aware": "is a naive datetime; give it a time zone, for example datetime.now(UTC)",
    "extra_forbidden": "is not an argument of this call",
    "missing": "is missing",
    "datetime_type": "must be an aware datetime or an ISO 8601 text",
    "datetime_from_date_parsing": "must be an ISO 8601 datetime with a zone, for example 2024-05-03T18:00:00+00:00",
    "datetime_parsing": "must be an ISO 8601 datetime with a zone, for example 2024-05-03T18:00:00+00:00",
    "datetime_object_invalid": "must be an aware datetime or an ISO 8601 text",
    "bool_type": "must be True or False",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is a number too large",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "none_required": "must be None",
    "string_type": "must be text (str)",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "must not be empty",
    "string_too_short_by_some": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must have the form {pattern}",
    "too_short": "must not be empty",
    "too_short_by_some": "must hold at least {min_length}, not {actual_length}",
    "too_long": "must hold at most {max_length}, not {actual_length}",
    "bytes_type": "must be bytes",
    "dict_type": "must be a dict (a JSON object)",
    "model_type": "must be a dict (a JSON object)",
    "model_attributes_type": "must be a dict (a JSON object)",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list of different values",
    "frozen_set_type": "must be a list of different values",
    "callable_type": "must be something to call",
    "json_invalid": "is no JSON ({error})",
    "union_tag_invalid": "must have a {discriminator} of {expected_tags}",
    "union_tag_not_found": "must have a {discriminator}",
    "recursion_loop": "holds itself",
}
