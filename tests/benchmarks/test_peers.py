"""Systems are measured in turns, each in its own process and with the same texts; one that fails costs nobody else's figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks.against import Plan, steps
from benchmarks.cell import MEASURED, Cell, Shape
from benchmarks.grid import found, tables
from benchmarks.peers import asking
from benchmarks.peers.asking import Asked
from benchmarks.peers.environments import BY_HAND, COMPARED, PEERS, Peer, PeerError, interpreter
from benchmarks.report import Report
from benchmarks.steps import work_through

from benchmarks import cell

Script = Callable[..., Peer]
SMALL = Shape(120, 6, "free", callers=(1, 3), rounds=8)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Makes a scripted system with some faults known by a name."""
    child = tmp_path / "child.py"
    child.write_text(
        f"import runpy, sys\nsys.path.append({str(Path(__file__).parent)!r})\nrunpy.run_path({str(asking._CHILD)!r}, run_name='__main__')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(asking, "_CHILD", child)

    def make(name: str, *faults: str, **more: Any) -> Peer:
        peer = Peer(name, "scripted_system", "as a test says", options=faults, **more)
        monkeypatch.setitem(PEERS, name, peer)
        return peer

    return make


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return Report("peers", quick=True, file=tmp_path / "peers.json")


@pytest.mark.parametrize("embedder", ["bundled", "free"])
@pytest.mark.parametrize("name", ["agentmem", "agentmem over HTTP", BY_HAND])
def test_our_own_systems_do_what_they_are_asked(name: str, embedder: str, tmp_path: Path):
    texts = [f"memory number {number} about sailing" for number in range(40)]
    with Asked(PEERS[name], tmp_path, embedder) as system:
        users, tags = ["ana", "wei"] * 20, [f"tag-{number % 4}" for number in range(40)]
        assert system.ask("load", texts=texts, users=users, tags=tags)[1] == 40
        made = system.ask("add", text="我喜欢在杭州喝龙井茶", user="ana", tag="tea")[1]
        assert system.ask("get", memory_id=made, user="ana")[1] == "我喜欢在杭州喝龙井茶"
        seconds, hits = system.ask("search", query="我喜欢在杭州喝龙井茶", user="ana", limit=3)
        assert seconds > 0
        assert hits[0] == "我喜欢在杭州喝龙井茶"
        assert len(hits) == 3
        filtered = system.ask("search", query="sailing", user="wei", limit=40, tag="tag-1")[1]
        assert set(filtered) <= {
            text for text, tag, user in zip(texts, tags, users, strict=True) if (tag, user) == ("tag-1", "wei")
        }
        assert len(filtered) == 10
        said = system.ask(
            "together", call="search", callers=4, given=[{"query": "sailing", "user": "wei", "limit": 5}] * 12
        )[1]
        assert len(said["times"]) == 12
        assert not said["errors"]
        assert system.ask("memory")[1]["peak"] > 20e6
        assert system.bytes_on_disk() > 10_000
        system.ask("delete_user", user="wei")
        assert system.cold("龙井茶", "ana") > 0
        assert system.ask("search", query="sailing", user="wei", limit=5)[1] == []
        assert system.ask("search", query="我喜欢在杭州喝龙井茶", user="ana", limit=1)[1] == ["我喜欢在杭州喝龙井茶"]


def test_the_server_is_counted_with_its_client(tmp_path: Path):
    with (
        Asked(PEERS["agentmem"], tmp_path, "free") as one,
        Asked(PEERS["agentmem over HTTP"], tmp_path, "free") as both,
    ):
        assert both.ask("memory")[1]["resident"] > 1.3 * one.ask("memory")[1]["resident"]


def test_every_kind_of_work_is_measured_for_every_system(script: Script, report: Report):
    script("scripted")
    Cell(report, SMALL).run([BY_HAND, "scripted"])
    assert not report.details.get("not measured")
    for name in (BY_HAND, "scripted"):
        assert {row["work"] for row in report.grid if row["system"] == name} == {"load", *MEASURED}
        crowded = {row["work"] for row in report.grid if row["system"] == name and row["callers"] == 3}
        assert crowded == {"search", "filtered", "get", "add", "parts"}
    row = found(report.grid, system=BY_HAND, work="search", callers=1)
    assert row is not None
    assert 0 < row["p50"] <= row["p95"] <= row["p99"]
    assert row["calls"] == SMALL.rounds
    assert report.details["systems"]["scripted"]["configured"] == "as a test says"
    titles = [title for title, _, _ in tables(report.grid)]
    assert "search for 10, ms, 3 callers at once, free embedder" in titles
    assert json.loads((report.file or Path()).read_text(encoding="utf-8"))["details"]["grid"] == report.grid


def test_all_are_told_the_same_in_the_same_order(script: Script, report: Report, monkeypatch: pytest.MonkeyPatch):
    heard: dict[str, list[Any]] = {}

    class Listening(Asked):
        def close(self) -> None:
            if self.running and self.peer.name not in heard:
                heard[self.peer.name] = self.ask("heard")[1]
            super().close()

    monkeypatch.setattr(cell, "Asked", Listening)
    script("one")
    script("two")
    Cell(report, Shape(40, 4, "free", works=("search", "filtered", "get", "add", "batch"), rounds=5)).run(
        ["one", "two"]
    )
    assert heard["one"] == heard["two"]
    added = [text for verb, *rest in heard["one"] if verb == "add" for text in rest[0]]
    assert len(set(added)) == len(added) > 40
    assert {said[3] for said in heard["one"] if said[0] == "search"} > {None, "tag-0"}


@pytest.mark.parametrize(
    ("faults", "left_out", "says"),
    [
        (["get fails"], None, ""),
        (["add_many fails"], "broken", "add_many is out of order"),
        (["blind"], "broken", "found nothing for"),
        (["search dies"], "broken", "broken ended"),
        (["forgets nothing"], "broken, delete", "what was deleted is still found"),
        (["delete_user fails"], "broken, delete", "delete_user is out of order"),
        (
            ["search crowded"],
            "broken, search, 3 callers",
            "9 of 9 calls failed, the first: RuntimeError: one at a time",
        ),
        (["close dies"], "broken", ""),
    ],
)
def test_a_system_that_fails_is_told_with_its_reason_and_the_others_stay(script: Script, report: Report, faults: list[str], left_out: str | None, says: str):  # fmt: skip
    script("broken", *faults)
    script("sound")
    works = ("search", "add", "delete")
    Cell(report, Shape(40, 4, "free", callers=(1, 3), works=works, rounds=8)).run(["broken", "sound"])
    told = report.details.get("not measured", {}).get("40 of 4 users, free embedder", {})
    assert {row["work"] for row in report.grid if row["system"] == "sound"} == {"load", *works}
    assert not [name for name in told if "sound" in name]
    if says and left_out:
        assert says in told[left_out]
    else:
        assert not told


def test_a_single_add_that_fails_leaves_the_other_work(script: Script, report: Report):
    script("broken", "add fails")
    Cell(report, Shape(40, 4, "free", works=("search", "add", "delete"), rounds=4)).run(["broken"])
    assert {row["work"] for row in report.grid} == {"load", "search", "delete"}
    assert "add is out of order" in report.details["not measured"]["40 of 4 users, free embedder"]["broken, add"]


def test_a_load_that_would_take_too_long_is_given_up(script: Script, report: Report, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cell, "CHUNK", 20)
    script("snail", "slow")
    Cell(report, Shape(200, 1, "free", works=("search",), rounds=2, patience=0.3)).run(["snail", BY_HAND])
    assert "loading 200 would take about" in report.details["not measured"]["200 of 1 user, free embedder"]["snail"]
    assert found(report.grid, system=BY_HAND, work="search")


def test_what_cannot_be_installed_is_told_with_its_reason(script: Script, report: Report, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda _: str(tmp_path / "cache"))
    script("nowhere", needs=("this is no requirement",))
    made = steps(
        report, Plan(only=("nowhere", BY_HAND), sizes=(30,), users=(3,), works=("search",), embedders=("free",))
    )
    assert work_through(report, made)
    why = report.details["not measured"]["30 of 3 users, free embedder"]["nowhere"]
    assert "cannot be installed" in why
    assert "this is no requirement" in why
    assert {row["system"] for row in report.grid} == {"agentmem", BY_HAND}
    with pytest.raises(PeerError, match="cannot be installed"):
        interpreter(PEERS["nowhere"])


def test_the_whole_grid_is_what_the_issue_asks_for():
    shapes = Plan().shapes(quick=False)
    assert {(shape.size, shape.users) for shape in shapes} == {
        (size, users) for size in (1_000, 10_000, 100_000) for users in (1, 100, 10_000) if users <= size
    }
    assert {shape.embedder for shape in shapes} == {"bundled", "free"}
    assert {shape.callers for shape in shapes} == {(1, 8, 32)}
    assert set(COMPARED) == {
        "agentmem", "agentmem over HTTP", "mem0 on Chroma", "mem0 on Qdrant", "LangGraph InMemoryStore", "LangGraph SqliteStore",
        "CrewAI on LanceDB", "LlamaIndex on Chroma", "langchain-chroma", "Chroma", BY_HAND,
    }  # fmt: skip
    assert all(peer.configured for peer in PEERS.values())
