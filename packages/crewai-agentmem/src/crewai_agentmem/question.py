"""From what a crew asks to the core's hybrid recall: pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentmem_core import InvalidInputError
from crewai_agentmem.fields import whole
from crewai_agentmem.filters import both, in_categories, of_run, of_view, visible, within
from crewai_agentmem.outcome import text_of

_LONGEST = 120_000
"""Characters of a task's description that are looked for."""
_SPARE = 10
"""Hits beyond twice the limit, since the same text may stand in two views."""


def question(
    query: object,
    run: str,
    limit: object,
    *,
    scope: str | None = None,
    categories: Sequence[str] | None = None,
    source: str | None = None,
    include_private: bool = False,
    view: str | None = None,
    min_score: float | None = None,
) -> dict[str, Any] | None:
    """The arguments of the core's search; None when nothing is asked, and the answer is empty.

    What is not text in a task (NUL, lone surrogates) is looked past, so that such a task still has its memories.
    """
    if not isinstance(query, str):
        raise InvalidInputError(f"query: must be text (str), not {type(query).__name__}")
    wanted, said = whole("limit", limit), text_of(query)[:_LONGEST]
    if not said.strip() or wanted < 1:
        return None
    asked = both(
        of_run(run),
        of_view(view) if view else None,
        within(scope),
        in_categories(categories),
        visible(source, include_private=include_private),
    )
    return {"query": said, "filters": asked, "limit": min(2 * wanted + _SPARE, 10_000), "min_score": min_score}
