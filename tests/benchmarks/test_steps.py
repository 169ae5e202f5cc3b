"""A long run writes what it has, survives a step that fails, and goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.report import Report, ResumeError
from benchmarks.steps import Step, span, work_through


def adding(name: str) -> Step:
    def run(report: Report) -> None:
        report.add("part", name, 1.0)
        report.grid.append({"system": name})

    return Step(name, 1.0, run)


def failing(report: Report) -> None:
    report.add("part", "half of it", 2.0)
    raise RuntimeError("the disk is full")


def interrupted(report: Report) -> None:
    report.add("part", "half of it", 2.0)
    report.grid.append({"system": "half"})
    report.save()
    raise KeyboardInterrupt


def written(file: Path) -> list[str]:
    return [figure["name"] for figure in json.loads(file.read_text(encoding="utf-8"))["figures"]]


def test_a_step_that_fails_is_told_and_the_others_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report = Report("speed", file=tmp_path / "x.json")
    seen: list[list[str]] = []
    look = Step("look", 1.0, lambda _: seen.append(written(tmp_path / "x.json")))
    assert not work_through(report, [adding("one"), Step("two", 60, failing), look, adding("three")])
    assert seen == [["one", "half of it"]]
    assert report.details["failed"] == {"two": "RuntimeError: the disk is full"}
    assert [*report.done] == ["one", "two", "look", "three"]
    said = capsys.readouterr().err
    assert "[1 of 4] one: about 1 s; all that is left: about 63 s" in said
    assert "[4 of 4] three: took" in said


def test_a_run_goes_on_where_it_stopped(tmp_path: Path):
    file = tmp_path / "x.json"
    report = Report("speed", file=file)
    with pytest.raises(KeyboardInterrupt):
        work_through(report, [adding("one"), Step("two", 1, interrupted), adding("three")])
    assert written(file) == ["one", "half of it"]
    again = Report.resumed(file, "speed", quick=False)
    assert [figure.name for figure in again.figures] == ["one"]
    assert again.grid == [{"system": "one"}]
    assert work_through(again, [adding("one"), adding("two"), adding("three")])
    assert written(file) == ["one", "two", "three"]
    assert [row["system"] for row in again.grid] == ["one", "two", "three"]
    assert again.started == report.started.replace(microsecond=0)


def test_a_step_that_failed_is_tried_again(tmp_path: Path):
    file = tmp_path / "x.json"
    work_through(Report("speed", file=file), [adding("one"), Step("two", 1, failing), adding("three")])
    again = Report.resumed(file, "speed", quick=False)
    assert work_through(again, [adding("one"), adding("two"), adding("three")])
    assert "failed" not in again.details
    assert sorted(name for name in written(file) if name != "half of it") == ["one", "three", "two"]


def test_runs_that_do_not_fit_together_are_not_mixed(tmp_path: Path):
    file = tmp_path / "x.json"
    work_through(Report("speed", file=file), [adding("one")])
    with pytest.raises(ResumeError, match="is a run of speed, not of this"):
        Report.resumed(file, "scale", quick=False)
    with pytest.raises(ResumeError, match="not of this"):
        Report.resumed(file, "speed", quick=True)
    content = json.loads(file.read_text(encoding="utf-8"))
    content["machine"]["source"] = "another"
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ResumeError, match="other code"):
        Report.resumed(file, "speed", quick=False)
    for text in ("{", "[]", "{}"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ResumeError, match="cannot be read as a result"):
            Report.resumed(file, "speed", quick=False)


def test_a_run_that_did_not_end_is_not_written_over(tmp_path: Path):
    report = Report("speed", file=tmp_path / "x.json")
    report.refuse_unfinished()
    report.details["unfinished"] = True
    report.save()
    with pytest.raises(ResumeError, match="--resume"):
        Report("speed", file=tmp_path / "x.json").refuse_unfinished()
    del report.details["unfinished"]
    report.save()
    Report("speed", file=tmp_path / "x.json").refuse_unfinished()


def test_times_are_said_for_people():
    assert [span(seconds) for seconds in (0.4, 99, 600, 9000)] == ["0 s", "99 s", "10 min", "2 h 30 min"]
