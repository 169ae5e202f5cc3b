"""What the memory classes of CrewAI up to 1.9.3 keep their items in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from agentmem_core import AgentMem, Hit, InvalidInputError, Memory
from crewai_agentmem.bound import Bound, Item
from crewai_agentmem.entity_book import EntityBook, Told
from crewai_agentmem.failures import logged
from crewai_agentmem.fields import View, aware, own_metadata, tag_of, threshold
from crewai_agentmem.filters import AnyFilter, both, having, of_external, of_other_runs, of_view, within
from crewai_agentmem.outcome import text_of, told_of
from crewai_agentmem.question import question

MEMORIES = "memories"
_MEANING = 0.4 / 1.4 * 0.86
"""CrewAI's score_threshold is meant for a cosine. Of the core's score meaning is 0.4 parts of 1.4, less the most that age and
importance can take: a row whose cosine passes the threshold passes it here as well."""

_ENTITY = re.compile(r"(?P<name>.+?)\((?P<kind>[^()]*)\): (?P<description>.*)", re.DOTALL)
_PAGE = 1_000
Result = dict[str, Any]


class Storage:
    """Where a crew's memories are, whichever copy of the crew asks: a crew is copied, what it knows is not."""

    def __init__(self, bound: Bound) -> None:
        """One crew's part of a store in one run."""
        self._bound = bound

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class ViewStorage(Storage):
    """For ``ShortTermMemory`` and ``ExternalMemory``: texts with metadata, found by words and meaning."""

    def __init__(self, bound: Bound, view: View, *, earlier: bool = False) -> None:
        """The rows of one view; ``earlier`` leaves out those of this run, which another memory of the crew shows."""
        super().__init__(bound)
        self._view: View = view
        self._earlier = earlier

    @logged("remembered")
    def save(self, value: object, metadata: Mapping[str, Any] | None = None) -> None:
        """Keep a text; it is on disk when this returns."""
        if items := self._items(value, metadata):
            self._bound.keep(items)

    async def asave(self, value: object, metadata: Mapping[str, Any] | None = None) -> None:
        """``save`` without blocking the event loop."""
        with logged("remembered"):
            if items := self._items(value, metadata):
                await self._bound.akeep(items)

    @logged("recalled")
    def search(self, query: str, limit: int = 5, score_threshold: float = 0.6) -> list[Result]:
        """The best rows as CrewAI reads them: dicts with ``content``."""
        asked = self._asked(query, limit, score_threshold)
        return [] if asked is None else _results(self._bound.client.search(**asked), limit)

    async def asearch(self, query: str, limit: int = 5, score_threshold: float = 0.6) -> list[Result]:
        """``search`` without blocking the event loop."""
        with logged("recalled"):
            asked = self._asked(query, limit, score_threshold)
            return [] if asked is None else _results(await self._bound.client.asearch(**asked), limit)

    def reset(self) -> None:
        """Erase this memory's rows, of every run."""
        external = of_external(yes=True) if self._view == "long_term" else None
        erase(self._bound.client, both(of_view(self._view), external, within(self._bound.root)))

    def _items(self, value: object, metadata: Mapping[str, Any] | None) -> list[Item]:
        kept = {name: told for name, told in (metadata or {}).items() if name != "messages"}
        task = text_of(kept.pop("observation", None) or kept.pop("description", None) or "")
        return [self._item(str(told), told.task or None, kept) for told in told_of(task, text_of(value))]

    def _item(self, content: str, task: str | None, metadata: Mapping[str, Any]) -> Item:
        about: dict[str, Any] = {"metadata": metadata, "task": task, "run": self._bound.run}
        if self._view == "short_term":
            return self._bound.passing(content, **about)
        return self._bound.lasting(content, self._view, external=True, **about)

    def _asked(self, query: str, limit: int, score_threshold: float) -> dict[str, Any] | None:
        least = min(threshold("score_threshold", score_threshold) * _MEANING, 1.0)
        asked = question(
            query, self._bound.run, limit, scope=self._bound.root, view=self._view, min_score=least,
            include_private=True,
        )  # fmt: skip
        if asked is not None and self._view == "long_term":
            narrower = of_other_runs(self._bound.run) if self._earlier else None
            asked["filters"] = both(asked["filters"], of_external(yes=True), narrower)
        return asked


class EntityStorage(ViewStorage):
    """For ``EntityMemory``: one row an entity, which grows."""

    def __init__(self, bound: Bound) -> None:
        """The entities of one crew."""
        super().__init__(bound, "entity")
        self._book = EntityBook(bound)

    @logged("remembered")
    def save(self, value: object, metadata: Mapping[str, Any] | None = None) -> None:
        """Tell what CrewAI says of an entity: ``name(type): description``, its relationships in the metadata."""
        self._book.tell(_told(value, metadata))

    async def asave(self, value: object, metadata: Mapping[str, Any] | None = None) -> None:
        """``save`` without blocking the event loop."""
        with logged("remembered"):
            await self._book.atell(_told(value, metadata))


class LongTermStorage(Storage):
    """For ``LongTermMemory``: what was suggested after a task, how good its result was, and when."""

    @logged("remembered")
    def save(self, task_description: str, metadata: Mapping[str, Any], datetime: str, score: float) -> None:
        """Keep the suggestions with their task, quality and date."""
        self._bound.keep([self._item(task_description, metadata, datetime, score)])

    async def asave(self, task_description: str, metadata: Mapping[str, Any], datetime: str, score: float) -> None:
        """``save`` without blocking the event loop."""
        with logged("remembered"):
            await self._bound.akeep([self._item(task_description, metadata, datetime, score)])

    @logged("recalled")
    def load(self, task_description: str, latest_n: int) -> list[Result] | None:
        """The newest lessons of this very task, then those of the tasks most like it; None when there are none."""
        client = self._bound.client
        same = client.list(limit=max(latest_n, 1), filters=self._same(task_description), order="newest").items
        asked = self._alike(task_description, latest_n)
        hits = client.search(**asked) if asked and len(same) < latest_n else []
        return _lessons([*same, *(hit.memory for hit in hits)], latest_n)

    async def aload(self, task_description: str, latest_n: int) -> list[Result] | None:
        """``load`` without blocking the event loop."""
        with logged("recalled"):
            client = self._bound.client
            page = await client.alist(limit=max(latest_n, 1), filters=self._same(task_description), order="newest")
            asked = self._alike(task_description, latest_n)
            hits = await client.asearch(**asked) if asked and len(page.items) < latest_n else []
            return _lessons([*page.items, *(hit.memory for hit in hits)], latest_n)

    def reset(self) -> None:
        """Erase the lessons of this crew."""
        lessons = both(of_view("long_term"), of_external(yes=False))
        erase(self._bound.client, both(lessons, within(self._bound.root)))

    def _item(self, task: str, metadata: Mapping[str, Any], date: str, score: float) -> Item:
        if not isinstance(metadata, dict):
            raise InvalidInputError(f"metadata: must be a dict, not {type(metadata).__name__}")
        suggestions = [str(text) for text in metadata.get("suggestions") or ()]
        lesson = "; ".join(suggestions) or f"quality {score}"
        moment = _moment(date).isoformat()
        return self._bound.lasting(
            text_of(f"Task: {task}\nLearnt: {lesson}"), metadata=metadata, task=task, quality=score, date=moment,
            agent=metadata.get("agent"),
        ) | {"occurred_at": moment}  # fmt: skip

    def _same(self, task: str) -> AnyFilter | None:
        return both(
            of_view("long_term"),
            of_external(yes=False),
            within(self._bound.root),
            having({"crewai.task": task}),
        )

    def _alike(self, task: str, latest_n: int) -> dict[str, Any] | None:
        asked = question(task, self._bound.run, latest_n, scope=self._bound.root, view="long_term", min_score=0.3)
        if asked is not None:
            asked["filters"] = both(asked["filters"], of_external(yes=False))
        return asked


def erase(client: AgentMem, asked: AnyFilter | None) -> None:
    """Erase for good what passes."""
    while page := client.list(limit=_PAGE, filters=asked).items:
        client.forget([memory.id for memory in page], collection=MEMORIES)


def _told(value: object, metadata: Mapping[str, Any] | None) -> Told:
    text = text_of(value)
    found = _ENTITY.fullmatch(text)
    said = dict(metadata or {})
    if found is None:
        return Told(text[:200].strip(), None, text, metadata=said)
    related = [line.strip().removeprefix("- ") for line in str(said.pop("relationships", "") or "").splitlines()]
    about = found["description"].strip()
    related = [line for line in related if line and line.casefold() not in about.casefold()]
    about = "; ".join([about, *related])
    return Told(found["name"].strip(), found["kind"].strip() or None, about, metadata=said)


def _results(hits: Iterable[Hit], limit: int) -> list[Result]:
    return [
        {
            "id": hit.memory.id,
            "content": hit.memory.content,
            "metadata": own_metadata(hit.memory),
            "score": hit.score,
        }
        for hit in hits
    ][:limit]


def _lessons(memories: Iterable[Memory], limit: int) -> list[Result] | None:
    """As CrewAI reads them: it wants ``suggestions``, which the memory of a newer CrewAI does not have."""
    once = {memory.id: memory for memory in memories}
    lessons: list[Result] = []
    for memory in list(once.values())[:limit]:
        metadata = own_metadata(memory)
        metadata.setdefault("suggestions", [memory.content])
        moment = str(tag_of(memory).get("date") or memory.occurred_at.isoformat())
        lessons.append({"metadata": metadata, "datetime": moment, "score": tag_of(memory).get("quality")})
    return lessons or None


def _moment(date: object) -> datetime:
    """CrewAI writes seconds since 1970 as a text; others write ISO 8601."""
    try:
        return datetime.fromtimestamp(float(str(date)), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        return aware(datetime.fromisoformat(str(date)))
    except ValueError:
        raise InvalidInputError(f"datetime: must be seconds since 1970 or ISO 8601, not {date!r}") from None
