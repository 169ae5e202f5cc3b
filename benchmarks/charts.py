"""Charts as SVG, made with matplotlib, which is imported when the first is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentmem_core import NotConfiguredError
from benchmarks.grid import WORKS
from benchmarks.scoring import LIMITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scores = Mapping[str, Mapping[str, Any]]
_PALETTE = (
    "#0b6e4f",
    "#f2a541",
    "#3d5a98",
    "#c8553d",
    "#7a5195",
    "#588b8b",
    "#8d99ae",
    "#b5838d",
    "#222222",
    "#a3b18a",
)
_DRAWN = ("search", "first", "filtered", "add", "batch", "get", "delete", "cold")
_STORE = (10_000, 100)
"""Memories and users of the store that is drawn where several have equally many systems."""


def drawn(result: Mapping[str, Any], folder: Path, stem: str) -> Iterator[tuple[str, Path]]:
    """The charts of one result: what each shows, and its file in ``folder``."""
    for data, scores in result["details"].get("scores", {}).items():
        slug = data.lower().replace(" ", "-")
        for level in ("turns", "sessions"):
            if any(table[level] for table in scores.values()):
                file = folder / f"{stem}-{slug}-{level}.svg"
                _save(file, f"{data}: {level} found", partial(_curves, scores=scores, level=level))
                yield f"{data}: the part of the evidence found within the first k, {level}", file
        file = folder / f"{stem}-{slug}-kinds.svg"
        _save(file, f"{data}: turns found within the first 10, by kind", partial(_kinds, scores=scores))
        yield f"{data}: the part of the evidence turns found within the first 10, by kind of question", file
    yield from _of_grid(result, folder, stem)


def _of_grid(result: Mapping[str, Any], folder: Path, stem: str) -> Iterator[tuple[str, Path]]:
    """Times of all systems in the store that most of them were measured in; and how they grow with the store."""
    grid = [row for row in result["details"].get("grid", ()) if (row["callers"], row["embedder"]) == (1, "bundled")]
    for work in _DRAWN:
        stores = Counter((row["size"], row["users"]) for row in grid if row["work"] == work)
        if not stores:
            continue
        (size, users), systems = max(stores.items(), key=lambda item: (item[1], item[0] == _STORE, item[0][0]))
        if systems > 1:
            some = [row for row in grid if (row["work"], row["size"], row["users"]) == (work, size, users)]
            file = folder / f"{stem}-{work}.svg"
            times = {row["system"]: row["p50"] for row in some if row["p50"] > 0}
            _save(file, f"{WORKS[work]}, {size:,} of {users:,}, p50", partial(_bars, times=times))
            yield f"{WORKS[work]}: {size:,} memories of {users:,} users, p50, logarithmic", file
        if len({row["size"] for row in grid if row["work"] == work}) > 2:
            file = folder / f"{stem}-{work}-growing.svg"
            some = [row for row in grid if row["work"] == work]
            _save(file, f"{WORKS[work]}, p50, as the store grows", partial(_growing, rows=some))
            yield f"{WORKS[work]}: p50 as the store grows, both logarithmic", file


def _curves(axes: Axes, scores: Scores, level: str) -> None:
    for number, (name, table) in enumerate(scores.items()):
        if table[level]:
            values = [table[level][f"fraction@{limit}"] for limit in LIMITS]
            ours = name.startswith("AgentMem")
            axes.plot(
                LIMITS, values, label=name, color=_PALETTE[number % len(_PALETTE)], marker="o", markersize=3,
                linewidth=1.8 if ours else 1.2, linestyle="-" if ours else "--",
            )  # fmt: skip
    axes.set_xticks(LIMITS)
    axes.set_xlabel("k")
    axes.set_ylim(0, 1)
    axes.set_ylabel("part of the evidence")
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _kinds(axes: Axes, scores: Scores) -> None:
    kinds = list(dict.fromkeys(kind for table in scores.values() for kind in table["kinds"]))
    width = 0.8 / len(scores)
    for number, (name, table) in enumerate(scores.items()):
        places = [place + (number - (len(scores) - 1) / 2) * width for place in range(len(kinds))]
        values = [table["kinds"].get(kind, {}).get("turns", {}).get("fraction@10", 0.0) for kind in kinds]
        axes.bar(places, values, width, label=name, color=_PALETTE[number % len(_PALETTE)])
    axes.set_xticks(range(len(kinds)), kinds, rotation=20, ha="right")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _growing(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each system and number of users."""
    lines: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for row in rows:
        lines.setdefault((row["system"], row["users"]), []).append((row["size"], row["p50"]))
    for number, ((name, users), points) in enumerate(lines.items()):
        if len(points) > 1:
            sizes, times = zip(*sorted(points), strict=True)
            axes.plot(
                sizes, times, label=f"{name}, {users:,} users", color=_PALETTE[number % len(_PALETTE)], marker="o", markersize=3,
                linestyle="-" if "agentmem" in name else "--",
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("memories")
    axes.legend(fontsize=6, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _bars(axes: Axes, times: Mapping[str, float]) -> None:
    names: Sequence[str] = sorted(times, key=lambda name: times[name], reverse=True)
    drawn_bars = axes.barh(
        names, [times[name] for name in names], color=["#0b6e4f" if "agentmem" in name else "#8d99ae" for name in names]
    )
    axes.bar_label(drawn_bars, fmt="%.3g ms", fontsize=7, padding=2)
    axes.set_xscale("log")
    axes.margins(x=0.15)


def _save(file: Path, title: str, draw: Callable[[Axes], None]) -> None:
    """One picture; equal results give equal bytes, so that a chart changes only when its numbers do."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NotConfiguredError("charts need matplotlib: uv run --group bench python -m benchmarks report") from error
    with mpl.rc_context({"svg.hashsalt": "agentmem", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(7.5, 3.6), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, format="svg", metadata={"Date": None})
