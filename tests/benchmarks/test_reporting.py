"""Results become a report that a reader who was not there can follow; the command says what is wrong with what it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from benchmarks.grid import record
from benchmarks.report import Report
from benchmarks.reporting import NoResultsError

from benchmarks import recall, reporting

pytest.importorskip("matplotlib", reason="charts need the group bench")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def result(tmp_path: Path, longmemeval: Callable[..., Path], item: dict[str, Any], monkeypatch) -> Path:
    monkeypatch.setattr(recall, "own", list)
    report = Report("recall")
    recall.run(report, [longmemeval(item)], ["plain BM25"])
    report.add("LongMemEval, AgentMem hybrid", "a bar | with a pipe", 0.5, at_least=0.9)
    report.details["not measured"] = {"LongMemEval": {"mem0": "no\nnetwork"}}
    return report.save(tmp_path / "2025-01-01-recall.json")


def test_a_report_has_bars_tables_and_charts(result: Path, tmp_path: Path):
    folder = tmp_path / "out"
    text = reporting.write([result], folder).read_text(encoding="utf-8")
    assert "Figures with a bar: 1. Missed: 1." in text
    assert "| recall | LongMemEval, AgentMem hybrid | a bar \\| with a pipe | 0.5 | >= 0.9 | **missed** |" in text
    assert "### LongMemEval, turns" in text
    assert "| plain BM25 | 1.00 / 1.00 / 1.00 |" in text
    assert "single-session-user (1)" in text
    assert "Not measured: LongMemEval, mem0: no network" in text
    charts = sorted(path.name for path in (folder / "charts").iterdir())
    assert charts == [f"2025-01-01-recall-longmemeval-{what}.svg" for what in ("kinds", "sessions", "turns")]
    for name in charts:
        assert f"(charts/{name})" in text
        assert ET.parse(folder / "charts" / name).getroot().tag.endswith("svg")


def test_equal_results_give_equal_bytes(result: Path, tmp_path: Path):
    written = [reporting.write([result], tmp_path / name).parent for name in ("one", "two")]
    one, two = ({file.name: file.read_bytes() for file in folder.rglob("*.*")} for folder in written)
    assert one == two


def test_answers_are_told_with_who_read_and_who_judged(result: Path, tmp_path: Path):
    content = json.loads(result.read_text(encoding="utf-8"))
    told = {"reader": "openai:one", "judge": "openai:two", "right by kind": {"multi-session": [2, 3]}, "each": []}
    content["details"]["answers"] = {"LongMemEval": {"plain BM25": told}}
    result.write_text(json.dumps(content), encoding="utf-8")
    text = reporting.write([result], tmp_path).read_text(encoding="utf-8")
    assert "### LongMemEval, plain BM25, answered" in text
    assert "Reader openai:one, judge openai:two" in text
    assert "| multi-session | 2 | 3 |" in text


def test_systems_are_told_side_by_side_and_drawn(tmp_path: Path):
    report = Report("peers")
    for size in (1_000, 10_000, 100_000):
        for name, value in (("agentmem", 1.0), ("mem0 on Chroma", 30.0)):
            record(report, name, "search", size=size, users=100, milliseconds=[value, value, 2 * value])
    record(report, "agentmem", "memory", size=1_000, users=100, value=120.5)
    record(report, "agentmem", "search", size=1_000, users=100, callers=8, milliseconds=[4.0], rate=1234.5)
    report.details["systems"] = {"agentmem": {"versions": {"x": "1.0"}, "configured": "as it comes"}}
    report.details["flames"] = {"where the time goes": "flames/x.svg"}
    report.fail("a step", "RuntimeError: it is full")
    report.leave_out("1,000 of 100 users", "CrewAI", why="no\nnetwork")
    text = reporting.write([report.save(tmp_path / "peers.json")], tmp_path).read_text(encoding="utf-8")
    assert "| mem0 on Chroma | 30 / 57 / 59.4 | 30 / 57 / 59.4 | 30 / 57 / 59.4 |" in text
    assert "| agentmem | 4 / 4 / 4 (1,234 a second) |" in text
    assert "### resident memory, MB" in text
    assert "| agentmem | x 1.0 | as it comes |" in text
    assert "[Flame graph, where the time goes](flames/x.svg)" in text
    assert "Ended early: a step: RuntimeError: it is full" in text
    assert "Not measured: 1,000 of 100 users, CrewAI: no network" in text
    assert sorted(file.name for file in (tmp_path / "charts").iterdir()) == [
        "peers-search-growing.svg",
        "peers-search.svg",
    ]


def test_the_newest_whole_run_of_each_kind_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def saved(name: str, what: str, day: str, *, quick: bool = False) -> Path:
        content = {"what": what, "quick": quick, "started": f"{day}T10:00:00+00:00", "machine": {}, "figures": [], "details": {}}  # fmt: skip
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        return tmp_path / name

    saved("2025-01-01-recall.json", "recall", "2025-01-01")
    recent = saved("2025-01-02-recall.json", "recall", "2025-01-02")
    saved("2025-01-03-recall-quick.json", "recall", "2025-01-03", quick=True)
    saved("2025-01-04-recall-one-part.json", "recall", "2025-01-04")
    only_quick = saved("2025-01-01-scale-quick.json", "scale", "2025-01-01", quick=True)
    assert reporting.newest(tmp_path) == [recent, only_quick]
    monkeypatch.setattr(reporting, "RESULTS", tmp_path / "empty")
    with pytest.raises(NoResultsError, match="holds no result yet"):
        reporting.write()


@pytest.mark.parametrize(
    ("text", "says"), [("{", "cannot be read"), ("[]", "lacks everything"), ('{"what": "x"}', "lacks details, figures")]
)
def test_a_file_that_is_no_result_says_so(tmp_path: Path, text, says):
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(NoResultsError, match=says):
        reporting.write([file], tmp_path)


def command(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTMEM_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, arguments)],
        cwd=ROOT, env={**clean, "HOME": str(home), "AGENTMEM_PATH": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_measures_and_reports(tmp_path: Path, longmemeval: Callable[..., Path], item: dict[str, Any]):
    file, out = longmemeval(item), tmp_path / "out.json"
    done = command("recall", "--quick", "--data", file, "--only", "plain BM25", "--json", out, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(out.read_text(encoding="utf-8"))["details"]["scores"]) == {
        "example",
        "work log",
        "LongMemEval",
    }
    done = command("report", out, "--to", tmp_path / "report", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report" / "REPORT.md").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["recall", "--data", "missing.json"], "missing.json: cannot be read"),
        (["recall", "--only", "no such system"], "no such system; recall has AgentMem hybrid"),
        (["recall", "--llm", "openai:gpt-4.1-mini"], "OPENAI_API_KEY"),
        (["recall", "--llm", "nobody:x"], "unknown provider"),
        (["recall", "locomo.json"], "data sets come after --data"),
        (["recall", "--questions", "-1"], "must not be negative"),
        (["report", "missing.json"], "missing.json: cannot be read as a result"),
    ],
)
def test_the_command_says_what_is_wrong_with_its_arguments(monkeypatch, capsys, arguments, says):
    for name in [name for name in os.environ if name.startswith(("AGENTMEM_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    main = import_module("benchmarks.__main__").main
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
