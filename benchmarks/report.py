"""What was measured: figures with their bars, the machine, JSON and Markdown."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import agentmem_core

RESULTS = Path(__file__).parent / "results"


class ResumeError(Exception):
    """A run cannot go on from a file."""


_PACKAGES = ("agentmem-core", "chromadb", "numpy", "pydantic", "tokenizers", "wordllama")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; ``ok`` is None where there is no bar to hold it against."""

    part: str
    name: str
    value: float
    unit: str
    bar: str = ""
    ok: bool | None = None


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": {name: version(name) for name in _PACKAGES},
        "commit": _git("rev-parse", "--short", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--", "packages")),
        "source": source(),
    }


def source() -> str:
    """A digest of the code that was measured: an uncommitted tree has no other name."""
    package = Path(agentmem_core.__file__).parent
    digest = blake2b(digest_size=6)
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    here = Path(__file__).parent
    done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip()


@dataclass
class Report:
    """The figures of one run."""

    what: str
    quick: bool = False
    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    machine: dict[str, Any] = field(default_factory=machine)
    file: Path | None = None
    before: float = 0.0
    """Seconds that the run took before it went on."""
    _begun: float = field(default_factory=time.monotonic)

    @classmethod
    def resumed(cls, file: Path, what: str, *, quick: bool) -> Report:
        """The run that ``file`` holds, as of its last finished step; it goes on there, with the same code only."""
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            done = list(held["details"].get("done", {}).values())
            last = done[-1] if done else {"figures": 0, "grid": 0}
            figures = [Figure(**item) for item in held["figures"][: last["figures"]]]
            started = datetime.fromisoformat(held["started"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ResumeError(f"{file}: cannot be read as a result: {error}") from error
        if (held["what"], held["quick"]) != (what, quick):
            raise ResumeError(f"{file}: is a run of {held['what']}{' --quick' if held['quick'] else ''}, not of this")
        report = cls(what, quick, figures, held["details"], started, file=file, before=held["seconds"])
        if held["machine"]["source"] != report.machine["source"]:
            raise ResumeError(f"{file}: was measured with other code of agentmem-core; start anew, without --resume")
        report.grid[last["grid"] :] = []
        report.machine["resumed"] = [
            *held["machine"].get("resumed", ()),
            datetime.now(UTC).isoformat(timespec="seconds"),
        ]
        for name in report.details.pop("failed", {}):
            report.done.pop(name, None)
        return report

    @property
    def grid(self) -> list[dict[str, Any]]:
        """What was measured system by system, as ``benchmarks.grid`` writes it."""
        found: list[dict[str, Any]] = self.details.setdefault("grid", [])
        return found

    @property
    def done(self) -> dict[str, Any]:
        """The steps that are finished, with their seconds."""
        found: dict[str, Any] = self.details.setdefault("done", {})
        return found

    def refuse_unfinished(self) -> None:
        """Raise ResumeError where the file is that of a run that did not end."""
        file = self.file or default_file(self)
        try:
            unfinished = json.loads(file.read_text(encoding="utf-8"))["details"].get("unfinished", False)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return  # there is nothing to lose
        if unfinished:
            raise ResumeError(
                f"{file}: is a run that did not end; go on with --resume, name another file with --json, or remove it"
            )

    def finish(self, step: str, seconds: float) -> None:
        """Note a step and write everything."""
        self.done[step] = {"seconds": round(seconds, 1), "figures": len(self.figures), "grid": len(self.grid)}
        self.save()

    def fail(self, step: str, why: str) -> None:
        """Note that a step ended early."""
        self.details.setdefault("failed", {})[step] = why[-1000:]

    def leave_out(self, *path: str, why: str) -> None:
        """Note what is not measured, and say it at once."""
        *groups, name = path
        place = self.details.setdefault("not measured", {})
        for group in groups:
            place = place.setdefault(group, {})
        place.setdefault(name, " ".join(why.split())[-500:])
        print(f"{', '.join(path)}: not measured: {why[-500:]}", file=sys.stderr, flush=True)

    def add(
        self,
        part: str,
        name: str,
        value: float,
        unit: str = "",
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Keep a figure, held against its bar if it has one, and say it at once."""
        value = float(value)  # numpy's numbers compare to numpy's booleans, which JSON does not know
        bar, ok = "", None
        if at_least is not None:
            bar, ok = f">= {at_least:g}", value >= at_least
        if at_most is not None:
            bar, ok = f"<= {at_most:g}", value <= at_most
        figure = Figure(part, name, round(value, 4), unit, bar, ok)
        self.figures.append(figure)
        print(_line(figure), file=sys.stderr, flush=True)

    def markdown(self) -> str:
        """A table of all figures."""
        head = f"## {self.what}, {self.started:%Y-%m-%d}{' (quick)' if self.quick else ''}"
        return f"{head}\n\n{table(self.figures)}"

    def save(self, file: Path | None = None) -> Path:
        """Write everything as JSON, whole or not at all."""
        file = file or self.file or default_file(self)
        file.parent.mkdir(parents=True, exist_ok=True)
        figures = [{name: getattr(item, name) for name in Figure.__slots__} for item in self.figures]
        content = {
            "what": self.what,
            "quick": self.quick,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round(self.before + time.monotonic() - self._begun),
            "machine": self.machine,
            "figures": figures,
            "details": self.details,
        }
        part = file.with_name(f".{file.name}.part")
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(file)
        return file


def default_file(report: Report) -> Path:
    """Where the results of a run go unless somebody says where."""
    return RESULTS / f"{report.started:%Y-%m-%d}-{report.what}{'-quick' if report.quick else ''}.json"


def table(figures: Iterable[Figure]) -> str:
    """Figures as Markdown, with their bars and whether they meet them."""
    lines = ["| part | what | measured | unit | bar | verdict |", "|---|---|--:|---|---|---|"]
    return "\n".join(lines + [_line(figure) for figure in figures])


def _line(figure: Figure) -> str:
    verdict = "" if figure.ok is None else "met" if figure.ok else "MISSED"
    return f"| {figure.part} | {figure.name} | {figure.value:g} | {figure.unit} | {figure.bar} | {verdict} |"
