"""The same operation is answered the same way by a store in the process and by a server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentmem_core import AgentMemError
from agentmem_core import operations as ops
from agentmem_core.connect import Config, connect
from agentmem_core.http import ROUTE_OF
from agentmem_core.http.backend import HttpBackend
from agentmem_core.model import Scope
from agentmem_core.operations import Op
from agentmem_core.operations.agents.contextual import SetState
from agentmem_core.operations.agents.core import ListBlocks, SetBlock
from agentmem_core.operations.agents.procedural import TeachProcedure
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact
from agentmem_core.operations.agents.working import PushItem, WorkingItems
from agentmem_core.ports import Backend
from agentmem_core.testing import strategies as words

EXAMPLES = int(os.environ.get("AGENTMEM_EXAMPLES", "40"))
IDS = st.sampled_from([f"id-{n}/{mark}" for n, mark in enumerate("a?#é.")] + ["..", "nobody"])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds are naive


@pytest.fixture(scope="module")
def both(server) -> Iterator[tuple[Backend, Backend]]:
    with ExitStack() as stack:
        here = stack.enter_context(closing(connect(Config(path=":memory:", embedder="hashing"))))
        yield here, stack.enter_context(closing(HttpBackend(server.url)))


@st.composite
def items(draw: Any) -> ops.NewMemory:
    """What is added, with ids that both sides can know."""
    item = draw(words.new_memories())
    more: dict[str, Any] = {draw(st.sampled_from(["id", "id_if_new"])): draw(IDS)}
    if draw(st.booleans()):
        more |= {"occurred_at": draw(MOMENTS), "valid_from": draw(st.none() | MOMENTS)}
    return item.model_copy(update=more)


def operations() -> st.SearchStrategy[Op[Any]]:
    text, meta = words.texts(), words.metadata()
    filters = st.none() | words.filters()
    several = st.lists(IDS, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ops.Add, items=st.lists(items(), min_size=1, max_size=3).map(tuple), on_conflict=st.sampled_from(["error", "replace"]),
                  on_error=st.sampled_from(["raise", "report"])),
        st.builds(ops.Search, query=st.none() | text, filters=filters, limit=st.integers(1, 20), mode=st.sampled_from(["hybrid", "dense", "lexical"]),
                  as_of=st.none() | MOMENTS),
        st.builds(ops.List, filters=filters, limit=st.integers(1, 5), order=st.sampled_from(["oldest", "newest"])),
        st.builds(ops.Get, ids=several),
        st.builds(ops.Update, id=IDS, content=st.none() | text, metadata=st.none() | meta, importance=st.none() | st.floats(0, 1),
                  valid_to=st.none() | MOMENTS, expected_version=st.none() | st.integers(1, 3)),
        st.builds(ops.Delete, ids=several, missing=st.sampled_from(["error", "ignore"])),
        st.builds(ops.History, id=IDS),
        st.builds(ops.Restore, id=IDS, version=st.integers(1, 2)),
        st.builds(ops.Relate, source=IDS, relation=words.names(), target=IDS, weight=st.floats(0, 10), metadata=meta),
        st.builds(ops.Links, id=IDS),
        st.builds(ops.Export, limit=st.integers(1, 9)),
        st.builds(ops.Vectors, ids=several),
        st.builds(ops.Embed, texts=st.lists(text, min_size=1, max_size=3).map(tuple)),
        st.just(ops.StatsOf()),
        st.builds(ops.Forget, ids=several),
        st.builds(SetBlock, label=words.names(), text=text),
        st.just(ListBlocks()),
        st.builds(LearnFact, text=text, subject=st.sampled_from(["Ana", "里奥"]), predicate=st.just("lives in"), object=words.names()),
        st.builds(AboutThing, entity=st.sampled_from(["ana", "里奥"])),
        st.builds(PushItem, text=text, priority=st.integers(0, 5)),
        st.just(WorkingItems()),
        st.builds(TeachProcedure, name=words.names(), steps=st.lists(text, min_size=1, max_size=3).map(tuple)),
        st.builds(SetState, key=words.names(), value=words.json_values()),
    )  # fmt: skip


def outcome(backend: Backend, op: Op[Any], known: dict[str, str]) -> Any:
    """The answer, or the error, without what no two stores have in common: times of today, made ids, marks of a place."""
    try:
        answer = backend.execute(op)
    except AgentMemError as error:
        return type(error), str(error)
    kind = type(answer)
    return kind, _plain(json.loads(ROUTE_OF[type(op)].answer.dump_json(answer)), known)


def _plain(value: Any, known: dict[str, str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(item, known, key)
            for key, item in value.items()
            if key not in {"next_cursor", "place", "bytes_on_disk"}
        }
    if isinstance(value, list):
        return [_plain(item, known, name) for item in value]
    if name in {"score", "recency"}:
        return round(value, 4)
    if isinstance(value, str):
        return (
            _of_today(value) or known.setdefault(value, f"made {len(known)}")
            if _is_made(value)
            else _of_today(value) or value
        )
    return value


def _is_made(text: str) -> bool:
    return len(text) == 36 and text[14] == "7" and text.count("-") == 4


def _of_today(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return "today" if moment.tzinfo and abs(moment - datetime.now(UTC)) < timedelta(days=1) else None


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given_ops=st.lists(operations(), min_size=3, max_size=10))
def test_both_answer_alike(both, given_ops):
    scope = Scope(tenant=uuid4().hex, user_id="安娜/é?")
    here, there = both
    ids: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for op in given_ops:
        mine = op.model_copy(update={"scope": scope})
        assert outcome(here, mine, ids[0]) == outcome(there, mine, ids[1]), mine
