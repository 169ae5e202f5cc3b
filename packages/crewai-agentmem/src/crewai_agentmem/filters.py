"""CrewAI's criteria (scope prefix, categories, metadata, age, privacy) in the core's filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agentmem_core import Filter, FilterCondition, FilterGroup, FilterOperator, InvalidFilterError, InvalidInputError
from crewai_agentmem.fields import KEY, aware, listed

AnyFilter = Filter | FilterGroup
VIEWS = ("short_term", "long_term", "entity", "record")
ANYTHING = Filter(field="memory.id", operator=FilterOperator.NE, value="")
"""Every row passes; the core refuses a deletion without a filter."""


def path(given: str | None) -> str:
    """A scope path with a leading slash, no trailing and no double ones; the root is ``/``."""
    if given is None:
        return "/"
    if not isinstance(given, str):
        raise InvalidInputError(f"scope: must be a path such as '/project/alpha', not {type(given).__name__}")
    return "/" + "/".join(step for step in given.split("/") if step)


def below(root: str | None, inner: str | None) -> str:
    """The path of ``inner`` under ``root``."""
    return path(f"{path(root)}/{path(inner)}")


def within(prefix: str | None) -> AnyFilter | None:
    """Records at a scope or anywhere below it; by whole segments, so ``/a`` does not take ``/ab``."""
    chosen = path(prefix)
    if chosen == "/":
        return None
    return Filter(field=f"{KEY}.within", operator=FilterOperator.CONTAINS, value=chosen)


def in_categories(categories: Sequence[str] | None) -> AnyFilter | None:
    """Records with one of the categories; an empty list asks for none in particular."""
    wanted = listed("categories", categories)
    return Filter(field=f"{KEY}.categories", operator=FilterOperator.ANY, value=wanted) if wanted else None


def having(metadata: Mapping[Any, Any] | None) -> AnyFilter | None:
    """Records whose metadata has all of these values."""
    if not metadata:
        return None
    for name in metadata:
        if not isinstance(name, str) or not name or name.startswith("memory."):
            raise InvalidFilterError(f"metadata_filter: {name!r} cannot be a key of a filter; use another key")
    return both(*(Filter(field=name, value=value) for name, value in metadata.items()))


def before(moment: datetime | None) -> AnyFilter | None:
    """Records from before a moment; a naive one is in UTC."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise InvalidFilterError(f"older_than: must be a datetime, not {type(moment).__name__}")
    return Filter(field="memory.occurred_at", operator=FilterOperator.LT, value=aware(moment))


def with_ids(ids: Sequence[str] | None) -> AnyFilter | None:
    """Records of these ids; of an empty list there are none."""
    if ids is None:
        return None
    return Filter(field="memory.id", operator=FilterOperator.IN, value=listed("record_ids", ids))


def visible(source: str | None, *, include_private: bool) -> AnyFilter | None:
    """Private records show themselves to the source that made them, and to whoever asks for all."""
    if include_private:
        return None
    public = Filter(field=f"{KEY}.private", operator=FilterOperator.NE, value=True)
    return public if source is None else either(public, Filter(field=f"{KEY}.source", value=source))


def of_run(run: str) -> AnyFilter:
    """What is short-term belongs to its run; the rest to all."""
    lasting = Filter(field=f"{KEY}.view", operator=FilterOperator.NE, value="short_term")
    return either(lasting, Filter(field="memory.session_id", value=run))


def of_other_runs(run: str) -> AnyFilter:
    """What another run wrote, where it said which."""
    return Filter(field=f"{KEY}.run", operator=FilterOperator.NE, value=run)


def of_external(*, yes: bool) -> AnyFilter:
    """What the external memory of CrewAI up to 1.9.3 wrote, or the lessons of its long-term memory and of newer ones."""
    return Filter(field=f"{KEY}.external", operator=FilterOperator.EQ if yes else FilterOperator.NE, value=True)


def of_crews() -> AnyFilter:
    """What crews wrote, not what other programs told the same store."""
    return Filter(field=f"{KEY}.view", operator=FilterOperator.IN, value=list(VIEWS))


def of_view(view: str) -> AnyFilter:
    """One view's rows."""
    return Filter(field=f"{KEY}.view", value=view)


def both(*parts: AnyFilter | None) -> AnyFilter | None:
    """All of them must hold; None says nothing."""
    said = tuple(part for part in parts if part is not None)
    return said[0] if len(said) == 1 else FilterGroup(filters=said) if said else None


def either(*parts: AnyFilter) -> AnyFilter:
    """One of them must hold."""
    return FilterGroup(condition=FilterCondition.OR, filters=parts)
