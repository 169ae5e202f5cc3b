"""Operations travel: every one stands in the table, and arrives as it was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from pydantic import BaseModel

from agentmem_core import operations as ops
from agentmem_core.errors import AgentMemError, InvalidInputError, NotFoundError, RateLimitedError
from agentmem_core.http import (
    ROUTE_OF,
    ROUTES,
    SHORTCUTS,
    Call,
    Problem,
    Route,
    call_of,
    error_of,
    problem_of,
    request_of,
)
from agentmem_core.http.problems import BY_CODE, STATUS
from agentmem_core.model import Scope
from agentmem_core.operations.agents import AGENT_OPS
from agentmem_core.operations.base import Op

MOMENT = datetime(2024, 5, 3, 18, 0, tzinfo=UTC)
WHOLE = Scope(tenant="acme", user_id="安娜/é", agent_id="a b", session_id="s?&=#")

GIVEN: dict[str, Any] = {
    "items": ({"content": "她住在里斯本", "role": "user", "vector": [0.1, -2.5], "metadata": {"a": None, "b": [1.5, "x"]}},),
    "ids": ("one", "two/three"), "id": "a/b?c#d%2F e", "filters": {"$or": [{"a": 1}, {"when": {"$gte": MOMENT}}]},
    "types": ("semantic",), "records": ({"kind": "memory", "x": 1},), "texts": ("tea", "茶"), "vector": [1.0, 2.0, 1e-7],
    "data": b"\xff\x00\xfe raw", "value": "s3cret", "start": MOMENT, "end": MOMENT, "since": MOMENT, "at": MOMENT, "as_of": MOMENT,
    "now": MOMENT, "occurred_at": MOMENT, "query": "where?", "version": 3, "embedder": "hashing", "everyone": True, "limit": 7,
    "steps": ("one", "two"), "success": True, "of": "Ana", "by": "day", "relation": "knows", "weight": 0.5, "mode": "dense",
    "type": "semantic", "to": "semantic", "metadata": {"k": [{"deep": True}]}, "cursor": "abc", "seconds": 2.5, "clear": ("valid_to",), "order": "newest",
}  # fmt: skip


def sample(op: type[Op[Any]]) -> Op[Any]:
    """An operation with every field given for which there is a word above, and the required ones."""
    given: dict[str, Any] = {"scope": WHOLE}
    for name, field in op.model_fields.items():
        if name in GIVEN:
            given[name] = GIVEN[name]
        elif field.is_required():
            given[name] = "text"
    try:
        return op(**given)
    except (ValueError, AgentMemError):
        return op(**{name: value for name, value in given.items() if name not in {"limit", "value"}})


def arrived(route: Route, op: Op[Any]) -> Call:
    """What a server makes of what a client sends."""
    request = request_of(route, op)
    literal, path = route.path.split("/"), request.path.split("/")
    assert len(literal) == len(path)
    assert all(part.isascii() and part not in {".", ".."} for part in path)
    values = {name[1:-1]: unquote(part) for name, part in zip(literal, path, strict=True) if name.startswith("{")}
    query = parse_qsl(urlencode(request.query), keep_blank_values=True)
    assert (request.body is None) is route.by_query
    return call_of(route, values, query, request.body or b"")


def every_op() -> set[type[Op[Any]]]:
    """Every operation there is, by walking the classes."""
    found: set[type[Op[Any]]] = set()
    rest: list[type[Op[Any]]] = [Op]
    while rest:
        kind = rest.pop()
        rest += kind.__subclasses__()
        if kind.__module__.startswith("agentmem_core.operations.") and "[" not in kind.__name__:
            found.add(kind)
    return {kind for kind in found if kind.__name__ not in {"Op", "AgentOp"}}


def test_every_operation_stands_in_the_table_once() -> None:
    assert len(every_op()) > 60
    assert {route.op for route in ROUTES} == every_op() == set(ROUTE_OF)
    assert len(ROUTES) == len(ROUTE_OF)
    everywhere = [(route.method, route.path) for route in (*ROUTES, *SHORTCUTS)]
    assert len(set(everywhere)) == len(everywhere)
    assert len({route.name for route in (*ROUTES, *SHORTCUTS)}) == len(everywhere)


def test_every_operation_says_what_it_answers_and_who_may_ask() -> None:
    for op in every_op():
        assert op.answer() is not None
        assert op.access in {"read", "write", "admin"}
        assert not (op.access == "read" and not op.repeatable), op
    assert set(AGENT_OPS) < every_op()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_operation_arrives_as_it_was_sent(route: Route) -> None:
    op = sample(route.op)
    call = arrived(route, op)
    assert call.names.model_dump() == WHOLE.model_dump()
    assert call.within(WHOLE) == op
    assert isinstance(call.within(WHOLE), BaseModel)


@pytest.mark.parametrize("name", [".", "..", "...", "a/../b", "%2e", " ", "é", "🌍", "?", "a#b", "+", "a\nb"])
def test_any_name_can_stand_in_a_path(name: str) -> None:
    if not name.strip():
        return
    op = ops.History(id=name)
    assert arrived(ROUTE_OF[ops.History], op).within(Scope()) == op


def test_what_a_server_knows_by_itself_is_not_sent() -> None:
    request = request_of(ROUTE_OF[ops.Search], ops.Search(query="tea"))
    assert request.body == b'{"query":"tea"}'
    assert request_of(ROUTE_OF[ops.StatsOf], ops.StatsOf()).query == ()


def test_what_is_no_json_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        request_of(ROUTE_OF[ops.Reindex], ops.Reindex(embedder=lambda texts: texts))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"nope": 1}', b'{"query": 5}', b"\xff", b'{"limit": 0}', b"1" * 5_000]
)
def test_a_body_that_is_no_search_is_refused(body: bytes) -> None:
    if not body:
        assert call_of(ROUTE_OF[ops.Search], {}, [], body).within(Scope()) == ops.Search()
        return
    with pytest.raises(InvalidInputError):
        call_of(ROUTE_OF[ops.Search], {}, [], body)


def shortcut(name: str) -> Route:
    [route] = [route for route in SHORTCUTS if route.name == name]
    return route


def test_one_memory_may_be_written_without_a_list() -> None:
    call = call_of(shortcut("add"), {}, [], '{"content": "茶", "user_id": "ana", "type": "semantic"}'.encode())
    assert call.names.user_id == "ana"
    assert call.within(Scope()) == ops.Add(items=({"content": "茶", "type": "semantic"},))  # type: ignore[arg-type]  # as callers write it


def test_turns_may_be_written_as_messages() -> None:
    body = b'{"messages": [{"role": "user", "content": "hi", "metadata": {"b": 2}}, {"role": "assistant", "content": "hello"}], "metadata": {"a": 1}}'
    op = call_of(shortcut("add"), {}, [], body).within(Scope())
    assert isinstance(op, ops.Add)
    assert [(item.role, item.content, item.metadata) for item in op.items] == [
        ("user", "hi", {"a": 1, "b": 2}),
        ("assistant", "hello", {"a": 1}),
    ]


@pytest.mark.parametrize(
    "body", [b"{}", b'{"content": "a", "messages": [{"role": "user", "content": "b"}]}', b'{"content": " "}']
)
def test_nothing_or_both_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        call_of(shortcut("add"), {}, [], body)


def test_one_id_is_an_operation_on_several() -> None:
    assert call_of(shortcut("get"), {"id": "x"}, [], b"").within(Scope()) == ops.Get(ids=("x",))
    assert call_of(shortcut("delete"), {"id": "x"}, [], b"").within(Scope()) == ops.Delete(ids=("x",))
    picked = shortcut("get").picked
    assert picked is not None
    with pytest.raises(NotFoundError):
        picked([])


@pytest.mark.parametrize("kind", BY_CODE.values(), ids=lambda kind: kind.__name__)
def test_an_error_arrives_as_it_was_raised(kind: type[AgentMemError]) -> None:
    problem = problem_of(kind("what to do"), "r1")
    assert 400 <= problem.status <= 599
    back = error_of(Problem.model_validate_json(problem.model_dump_json()))
    assert (type(back), str(back)) == (kind, "what to do")


def test_an_error_says_when_to_ask_again() -> None:
    back = error_of(problem_of(RateLimitedError("slower", retry_after=2.5)))
    assert isinstance(back, RateLimitedError)
    assert back.retry_after == 2.5


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (429, "rate_limited"), (418, "invalid_input"), (599, "server_failed")]
)
def test_an_error_of_a_newer_server_is_told_by_its_status(status: int, code: str) -> None:
    assert error_of(Problem(status=status, code="of_the_future")).code == code
    assert STATUS
