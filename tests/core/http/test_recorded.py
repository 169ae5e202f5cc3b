"""What the client and a server said to each other, recorded once and replayed without a network: ``nox -s record`` records anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.core.server_process import serving

from agentmem_core import AgentMem, ConflictError, InvalidInputError, NotFoundError

PORT = 18_080
URL = f"http://127.0.0.1:{PORT}"
CASSETTES = Path(__file__).parent / "cassettes"
KEPT_HEADERS = {"content-type", "content-length", "accept", "accept-encoding"}
pytestmark = pytest.mark.vcr


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return {
        "match_on": ["method", "scheme", "host", "port", "path", "query", "asked"],
        "before_record_request": _bare_request,
        "before_record_response": _bare_answer,
    }


def _bare_request(request: Any) -> Any:
    request.headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS}
    return request


def _bare_answer(answer: Any) -> Any:
    headers = {name: value for name, value in answer["headers"].items() if name.lower() in KEPT_HEADERS}
    return {**answer, "headers": headers}


@pytest.fixture(scope="module", autouse=True)
def _recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server, when there is something to record; otherwise nothing listens there."""
    if request.config.getoption("--record-mode") in {None, "none"}:
        yield
        return
    with serving(tmp_path_factory.mktemp("recorded"), port=PORT):
        yield


@pytest.fixture
def memory() -> Iterator[AgentMem]:
    with AgentMem(api_url=URL, api_key="agm_never-written-down", tenant="recorded", user_id="ana") as opened:
        yield opened


def test_the_verbs_on_memories(memory: AgentMem) -> None:
    user = memory.scoped(user_id="verbs")
    added = user.add("I moved to Lisbon in May", importance=0.9, metadata={"topic": "home", "n": [1, 2.5, None, "é茶"]})
    [memory_id] = added.ids
    assert added.items[0].outcome == "created"
    assert user.add("i moved to LISBON in May.").items[0].outcome == "known"
    turns = [{"role": "user", "content": "我喜欢茶"}, {"role": "assistant", "content": "Me too"}]
    assert user.add(turns, session_id="s1").created == 2
    [hit] = user.search("Lisbon", limit=1, filters={"topic": "home"})
    assert hit.memory.id == memory_id
    assert hit.memory.created_at.tzinfo is UTC
    assert "Lisbon" in str(user.context("Where is Lisbon?", max_tokens=100))
    assert user.update(memory_id, content="I moved to Porto", expected_version=1).version == 2
    assert [version.operation for version in user.history(memory_id)] == ["add", "update"]
    assert user.restore(memory_id, 1).content == "I moved to Lisbon in May"
    page = user.list(limit=2)
    assert len(user.list(limit=9, cursor=page.next_cursor).items) == 1
    other = page.items[1].id
    assert user.relate(memory_id, "near/by", other, weight=0.5).weight == 0.5
    assert user.links(other)[0].source == memory_id
    [vector] = user.vectors([memory_id]).values()
    assert user.embed(["I moved to Lisbon in May"])[0] == pytest.approx(vector)
    assert user.delete(memory_id) == 1
    assert user.get_many([memory_id, other])[0].id == other
    assert user.forget(other).memories == 1


def test_both_colours_say_the_same(memory: AgentMem) -> None:
    user = memory.scoped(user_id="colours")

    async def asked() -> list[str]:
        await user.aadd("Tea at five")
        return [hit.memory.content for hit in await user.asearch("tea")]

    assert asyncio.run(asked()) == ["Tea at five"]
    assert [hit.memory.content for hit in user.search("tea")] == ["Tea at five"]


def test_the_agents(memory: AgentMem, tmp_path: Path) -> None:
    user = memory.scoped(user_id="agents")
    assert user.core.set("human", "Ana, vegetarian").text == "Ana, vegetarian"
    assert "vegetarian" in user.core.compile()
    assert user.working.push("call Rita", priority=3).content == "call Rita"
    user.episodic.record("We met in Porto", occurred_at=datetime(2024, 5, 3, 1, 2, 3, 456789, tzinfo=UTC))
    user.semantic.learn("Ana lives in Lisbon", subject="Ana", predicate="lives in", object="Lisbon")
    assert [fact.content for fact in user.semantic.about("Ana")] == ["Ana lives in Lisbon"]
    user.procedural.teach("tea", ["boil water", "wait"])
    user.contextual.set("place", {"city": "里斯本", "at": [1, None, 0.1]})
    assert user.contextual.current()[0].value == {"city": "里斯本", "at": [1, None, 0.1]}
    stored = user.resource.put(b"tea\xff\x00 is hot", name="a note.bin", description="about tea")
    with user.resource.open(stored.id) as file:
        assert file.read() == b"tea\xff\x00 is hot"
    assert user.resource.delete(stored.id) == 1


def test_errors_arrive_as_they_were_raised(memory: AgentMem) -> None:
    user = memory.scoped(user_id="errors")
    calls: list[tuple[type[Exception], Callable[[], object]]] = [
        (NotFoundError, lambda: user.get("nobody/../x")),
        (NotFoundError, lambda: user.history("..")),
        (InvalidInputError, lambda: user.list(cursor="nonsense")),
        (ConflictError, lambda: [user.add(text, id="x") for text in ("tea", "milk")]),
    ]
    for kind, call in calls:
        with pytest.raises(kind):
            call()


def test_export_and_import(memory: AgentMem, tmp_path: Path) -> None:
    user = memory.scoped(user_id="moves")
    user.add(["one", "two"])
    assert user.export(tmp_path / "all.jsonl").memories == 2
    assert user.import_(tmp_path / "all.jsonl").skipped == 2
    assert user.stats().memories == 2
    assert user.health().ok
    assert user.maintain().dry_run


def test_nothing_but_loopback_and_no_key_is_written_down() -> None:
    found = sorted(CASSETTES.rglob("*.yaml"))
    assert len(found) >= 5
    text = "".join(path.read_text("utf-8") for path in found)
    assert "agm_" not in text
    assert "authorization" not in text.lower()
    assert {line.split("//")[1].split("/")[0] for line in text.splitlines() if line.strip().startswith("uri:")} == {
        f"127.0.0.1:{PORT}"
    }
    assert sum(path.stat().st_size for path in found) < 400_000
