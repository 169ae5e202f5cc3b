"""Where the time goes: flame graphs as SVG by py-spy, and the shares as figures."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agentmem_core import AgentMem, NotConfiguredError
from benchmarks.repeated import WORKS
from benchmarks.report import RESULTS, Report
from benchmarks.steps import Step
from benchmarks.timing import ROOT, environment, folder
from benchmarks.workload import Workload

SIZE, USERS = 10_000, 100
SHOWN = 12
USUAL = ("search", "add", "batch", "context")
_STARTING = "<frozen importlib._bootstrap>"
_FRAME = re.compile(r"^(?P<name>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")


def steps(report: Report, only: Sequence[str], sizes: Sequence[int], users: Sequence[int]) -> list[Step]:
    """A step for each kind of work in each store."""
    seconds = 3.0 if report.quick else 15.0
    size_of = sizes or ((SIZE // 10,) if report.quick else (SIZE,))
    return [
        Step(
            f"{work}, {size:,} of {count:,}", 2 * seconds + 10 + size / 2_000,
            partial(_flame, work=work, size=size, users=count, seconds=seconds),
        )
        for size in size_of
        for count in users or (USERS,)
        for work in only or USUAL
    ]  # fmt: skip


def _flame(report: Report, work: str, size: int, users: int, seconds: float) -> None:
    """Twice the same work: once drawn, once counted."""
    assert work in WORKS
    stem = f"{report.started:%Y-%m-%d}-{work}-{size}-{users}{'-quick' if report.quick else ''}"
    drawn = (report.file.parent if report.file else RESULTS) / "flames" / f"{stem}.svg"
    drawn.parent.mkdir(parents=True, exist_ok=True)
    with folder() as place:
        _filled(place / "store", size, users)
        for form, file in (("flamegraph", drawn), ("raw", place / "stacks")):
            _record(form, file, work, place / "store", users, seconds)
        stacks = (place / "stacks").read_text(encoding="utf-8").splitlines()
    drawn.write_text(_without_paths(drawn.read_text(encoding="utf-8")), encoding="utf-8")
    part = f"where the time goes: {work}, {size:,} of {users:,}"
    for name, share in shares(stacks):
        report.add(part, name, 100 * share, "%")
    report.details.setdefault("flames", {})[part] = f"flames/{drawn.name}"


def _filled(path: Path, size: int, users: int) -> None:
    work = Workload(19)
    with AgentMem(path) as memory:
        memory.add_many(
            {"content": text, "user_id": user, "metadata": {"tag": f"tag-{number % 10}"}}
            for number, (text, user) in enumerate(zip(work.sentences(size), work.users(size, users), strict=True))
        )


def _record(form: str, file: Path, work: str, store: Path, users: int, seconds: float) -> None:
    command = [
        _profiler(), "record", "--format", form, "--output", str(file), "--rate", "200", "--duration", str(int(seconds) + 60),
        "--", sys.executable, "-m", "benchmarks.repeated", work, "--path", str(store), "--users", str(users), "--seconds", str(seconds),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode or not file.exists():
        raise NotConfiguredError(
            f"py-spy could not look at the process: {' '.join((done.stderr or done.stdout).split())[-400:]}"
        )


def _profiler() -> str:
    found = shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
    if found is None:
        raise NotConfiguredError("flame graphs need py-spy: uv run --group bench python -m benchmarks profile")
    return found


def shares(stacks: Sequence[str]) -> list[tuple[str, float]]:
    """By which module of ours, and of that in which library, the samples were taken; the loop and its start left out.

    A stack is a line of frames from the outermost with a count behind; a sample counts for the innermost frame of ours.
    """
    counted: Counter[str] = Counter()
    for line in stacks:
        if _STARTING in line and "opened_anew" not in line:
            continue
        frames, _, count = line.rpartition(" ")
        ours, inner = "", ""
        for frame in frames.split(";"):
            found = _FRAME.match(frame)
            file = found["file"] if found else ""
            if "agentmem_core/" in file:
                ours, inner = "agentmem_core/" + file.rpartition("agentmem_core/")[2], ""
            elif found:
                inner = _library(file)
        if ours and "benchmarks.repeated" not in ours:
            counted[ours + (f", in {inner}" if inner else "")] += int(count)
    total = sum(counted.values()) or 1
    return [(name, count / total) for name, count in counted.most_common(SHOWN)]


def _library(file: str) -> str:
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return parts[0].removesuffix(".py") if parts and not Path(file).is_absolute() else "python"


def _without_paths(svg: str) -> str:
    """What stands in a result says nothing of the machine's folders."""
    return svg.replace(f"{ROOT}/", "").replace(str(Path.home()), "~")
