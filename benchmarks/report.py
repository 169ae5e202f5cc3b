"""What was measured: figures with their bars, the machine, JSON and Markdown."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import agentmem_core

RESULTS = Path(__file__).parent / "results"
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
        head = [f"## {self.what}, {self.started:%Y-%m-%d}{' (quick)' if self.quick else ''}", ""]
        head += ["| part | what | value | unit | bar | |", "|---|---|--:|---|---|---|"]
        return "\n".join(head + [_line(figure) for figure in self.figures])

    def save(self, file: Path | None = None) -> Path:
        """Write everything as JSON."""
        file = file or RESULTS / f"{self.started:%Y-%m-%d}-{self.what}{'-quick' if self.quick else ''}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        figures = [{name: getattr(item, name) for name in Figure.__slots__} for item in self.figures]
        content = {
            "what": self.what,
            "quick": self.quick,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - self.started).total_seconds()),
            "machine": self.machine,
            "figures": figures,
            "details": self.details,
        }
        file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return file


def _line(figure: Figure) -> str:
    verdict = "" if figure.ok is None else "met" if figure.ok else "MISSED"
    return f"| {figure.part} | {figure.name} | {figure.value:g} | {figure.unit} | {figure.bar} | {verdict} |"
