"""Every bar is measured by one command, which says what was measured, the bar and the verdict."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from benchmarks.peers.environments import BY_HAND, MEM0, OURS, UNFILTERED
from benchmarks.report import Report

from benchmarks import bars, bulk, recall, scale


def row(system: str, work: str, size: int, users: int, p50: float, p99: float = 9.0) -> dict[str, Any]:
    return {
        "system": system, "work": work, "size": size, "users": users, "callers": 1, "embedder": "bundled",
        "p50": p50, "p95": p99, "p99": p99,
    }  # fmt: skip


def test_ratios_are_held_to_their_bars_once():
    report = Report("bars")
    report.grid[:] = [
        row(OURS, "add", 10_000, 100, 1.0, 20.0), row(MEM0, "add", 10_000, 100, 8.0, 10.0),
        row(OURS, "search", 100_000, 100, 2.0), row(BY_HAND, "search", 100_000, 100, 1.0),
        row(OURS, "search", 100_000, 1, 9.0), row(UNFILTERED, "search", 100_000, 1, 1.0),
        row(OURS, "search", 10_000, 100, 1.0),
    ]  # fmt: skip
    bars.judge(report)
    bars.judge(report)
    told = {figure.name: (figure.value, figure.bar, figure.ok) for figure in report.figures}
    assert told == {
        "one durable add against mem0 on Chroma, 10,000 of 100, p50": (8.0, ">= 8", True),
        "one durable add against mem0 on Chroma, 10,000 of 100, p99": (0.5, ">= 1", False),
        "search against numpy and SQLite by hand, 100,000 of 100, p50": (2.0, "<= 2", True),
        "hybrid search against Chroma without a filter, 100,000 of 1, p50": (9.0, "<= 8", False),
    }
    assert len(report.figures) == 4


def test_every_bar_has_a_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(recall, "own", list)
    for name in set(bars.NAMES) - {"turns", "sessions", "chinese"}:
        report = Report("bars", file=tmp_path / "x.json")
        assert len(bars.steps(report, [name], ())) == (2 if name == "limit" else 1), name
    report = Report("bars", file=tmp_path / "x.json")
    assert not bars.steps(report, ["turns", "sessions"], ())
    assert set(report.details["not measured"]["bars"]) == {"turns", "sessions"}
    assert len(bars.steps(Report("bars"), [], ())) == 5


def test_a_small_store_with_both_is_measured_and_judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(bars, "RATIOS", (bars.Ratio("limit", "search against it", "search", BY_HAND, 600, 3, 1000, faster=False),))  # fmt: skip
    report = Report("bars", quick=True, file=tmp_path / "x.json")
    (step,) = bars.steps(report, ["limit"], ())
    step.run(report)
    (figure,) = report.figures
    assert figure.name == "search against it, 60 of 3, p50"
    assert figure.ok
    assert 0 < figure.value < 1000


def test_growth_is_measured_in_one_store(tmp_path: Path):
    report = Report("scale", quick=True, file=tmp_path / "x.json")
    (step,) = scale.steps(report, (60, 240), (scale.BAR_USERS,))
    step.run(report)
    held = [figure for figure in report.figures if figure.ok is not None]
    assert [figure.name for figure in held] == [
        f"{says}, p50, from 60 to 240 over 10,000 users, grows" for says in ("one add", "search, again")
    ]
    assert {row["work"] for row in report.grid} == {"load", "add", "first", "search", "memory", "disk"}
    assert {row["size"] for row in report.grid} == {60, 240}


def test_a_bulk_load_is_timed_and_so_are_searches_while_the_index_follows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk, "COUNT", 20_000)
    monkeypatch.setattr(bulk, "OTHERS", 100)
    report = Report("bars", quick=True)
    bulk.run(report)
    held = {figure.name: figure for figure in report.figures if figure.ok is not None}
    assert {name for name in held if "acknowledged" in name} == {
        "2,000 of 100 users, acknowledged",
        "2,000 of 1 user, acknowledged",
    }
    slower = [figure for name, figure in held.items() if "while the index follows" in name]
    left_out = report.details.get("not measured", {}).get("bulk", {})
    assert len(slower) + len(left_out) == 2
    assert all(figure.bar == "<= 2" for figure in slower)


def test_the_chinese_questions_are_told_both_ways_and_with_another_embedder(tmp_path: Path):
    report = Report("bars", quick=True, file=tmp_path / "x.json")
    (step,) = recall.bars(report, {"chinese"}, (), ("hashing",))
    step.run(report)
    found = {(figure.part, figure.name): figure for figure in report.figures if "zh-" in figure.name}
    ours = found["example, AgentMem hybrid", "turns, any@3, zh-shared (20)"]
    assert ours.bar == ">= 0.9"
    assert found["example, AgentMem hybrid", "turns, any@3, zh-apart (10)"].ok is None
    assert found["example, AgentMem hybrid with hashing", "turns, any@3, zh-shared (20)"].ok is None
    assert not report.details.get("not measured")


def test_the_command_says_its_plan_and_what_an_option_is_for(capsys: pytest.CaptureFixture[str]):
    main = import_module("benchmarks.__main__").main
    assert main(["peers", "--plan", "--sizes", "10000", "--users", "100", "--embedder", "free"]) == 0
    assert "10,000 of 100 users, free embedder: about" in capsys.readouterr().out
    for arguments, says in (
        (["recall", "--sizes", "5"], "--sizes: recall does not look at it, only peers and profile and scale"),
        (["peers", "--users", "0"], "must be positive"),
        (["bars", "--only", "nothing"], "bars has add, search"),
        (["scale", "--resume", "missing.json"], "missing.json: cannot be read as a result"),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert says in capsys.readouterr().err
