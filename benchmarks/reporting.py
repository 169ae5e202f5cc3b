"""The report: results of one or several runs as Markdown with charts, for a reader who was not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.charts import drawn
from benchmarks.grid import tables
from benchmarks.report import RESULTS
from benchmarks.scoring import LIMITS

_KEYS = {"what", "quick", "started", "machine", "figures", "details"}


class NoResultsError(Exception):
    """There is nothing to report on, or a file is no result."""


def write(files: Sequence[Path] = (), folder: Path | None = None) -> Path:
    """``REPORT.md`` in ``folder`` and its charts beside it, of ``files`` or else of the newest full result of each kind."""
    folder = folder or RESULTS
    results = [(file, _read(file)) for file in (files or newest(RESULTS))]
    if not results:
        raise NoResultsError(f"{RESULTS}: holds no result yet; run python -m benchmarks recall, or name files")
    charts = folder / "charts"
    parts = [_head(results)]
    parts += ["\n".join(_section(result, file.stem, charts, folder)) for file, result in results]
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "REPORT.md"
    report.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return report


def newest(folder: Path) -> list[Path]:
    """Of each kind of run the latest that was not quick and not of a part only; quick ones where there is no other."""
    best: dict[str, tuple[tuple[bool, str], Path]] = {}
    for file in sorted(folder.glob("*.json")):
        result = _read(file)
        if file.stem not in {f"{result['started'][:10]}-{result['what']}{end}" for end in ("", "-quick")}:
            continue  # named by somebody for a part of it
        rank = (not result["quick"] and "unfinished" not in result["details"], result["started"])
        if result["what"] not in best or best[result["what"]][0] < rank:
            best[result["what"]] = rank, file
    return [file for _, (_, file) in sorted(best.items())]


def _read(file: Path) -> dict[str, Any]:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NoResultsError(f"{file}: cannot be read as a result: {error}") from error
    if not isinstance(result, dict) or (missing := _KEYS - set(result)):
        lacks = ", ".join(sorted(missing)) if isinstance(result, dict) else "everything"
        raise NoResultsError(f"{file}: is no result of these benchmarks, it lacks {lacks}")
    return result


def _head(results: Sequence[tuple[Path, Mapping[str, Any]]]) -> str:
    held = [
        (result["what"], figure)
        for _, result in results
        for figure in result["figures"]
        if figure["ok"] is not None and not result["quick"]
    ]
    lines = ["# What was measured", "", "Written by `python -m benchmarks report`; do not edit.", ""]
    if not held:
        return "\n".join([*lines, "No figure of these runs has a bar."])
    missed = sum(not figure["ok"] for _, figure in held)
    lines += [f"Figures with a bar: {len(held)}. Missed: {missed}.", ""]
    lines += rows(
        ("run", "part", "what", "value", "bar", ""),
        [
            (what, figure["part"], figure["name"], _number(figure["value"], figure["unit"]), figure["bar"], _verdict(figure))
            for what, figure in held
        ],
    )  # fmt: skip
    return "\n".join(lines)


def _section(result: Mapping[str, Any], stem: str, charts: Path, folder: Path) -> Iterator[str]:
    machine, details = result["machine"], result["details"]
    yield f"## {result['what']}, {result['started'][:10]}{' (quick: a part of the work)' if result['quick'] else ''}"
    yield ""
    yield (
        f"{machine['system']} {machine['architecture']}, {machine['cpus']} cores, load {machine['load'][0]} at the start, "
        f"Python {machine['python']}, commit {machine['commit'] or 'unknown'}{' with changes' if machine['changed'] else ''}; "
        f"file `{stem}.json`."
    )
    for data, scores in details.get("scores", {}).items():
        yield from _scores(data, scores)
    for data, answers in details.get("answers", {}).items():
        yield from _answers(data, answers)
    yield from _grid(details)
    for shows, file in drawn(result, charts, stem):
        yield from ("", f"![{shows}]({file.relative_to(folder).as_posix()})")
    for name, why in details.get("failed", {}).items():
        yield from ("", f"Ended early: {name}: {why}")
    if details.get("unfinished"):
        yield from ("", "This run did not end: what follows is what it had by then.")
    for name, why in left_out(details.get("not measured", {})):
        yield from ("", f"Not measured: {name}: {' '.join(str(why).split())[-300:]}")
    rest = [figure for figure in result["figures"] if not _shown(figure, details)]
    if rest:
        yield ""
        yield from rows(
            ("part", "what", "value", "bar", ""),
            [
                (item["part"], item["name"], _number(item["value"], item["unit"]), item["bar"], _verdict(item))
                for item in rest
            ],
        )


def _grid(details: Mapping[str, Any]) -> Iterator[str]:
    """Systems side by side, and how each was set up."""
    for title, head, body in tables(details.get("grid", ())):
        yield from (
            "",
            f"### {title}",
            "",
            "p50 / p95 / p99 where there are three numbers; a column is memories / users.",
            "",
        )
        yield from rows(head, body)
    if told := details.get("systems"):
        yield from ("", "### How each system is set up", "")
        yield from rows(
            ("system", "versions", "configuration"),
            [
                (
                    name,
                    ", ".join(f"{package} {number}" for package, number in what["versions"].items()),
                    what["configured"],
                )
                for name, what in told.items()
            ],
        )
    for part, file in details.get("flames", {}).items():
        yield from ("", f"[Flame graph, {part}]({file})")


def _scores(data: str, scores: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Turns and sessions: any, part and all of the evidence at each depth."""
    for level in ("turns", "sessions"):
        found_of = [(name, table) for name, table in scores.items() if table[level]]
        if not found_of:
            continue
        yield from ("", f"### {data}, {level}", "")
        yield "Of each k: a part of the evidence found (mean), any of it, all of it (share of the questions)."
        yield ""
        head = (
            "system",
            *(f"@{limit}" for limit in LIMITS),
            "NDCG@10",
            "MRR@10",
            *(_ASIDE if level == "turns" else ()),
        )
        body = []
        for name, table in found_of:
            found = table[level]
            cells = [" / ".join(f"{found[f'{kind}@{limit}']:.2f}" for kind in _KINDS) for limit in LIMITS]
            aside = (f"{table['ms']['p50']:.3g}", f"{table['context']['tokens']:.0f}", _part(table["context"]))
            body.append((name, *cells, f"{found['ndcg@10']:.3f}", f"{found['mrr@10']:.3f}", *(aside if level == "turns" else ())))  # fmt: skip
        yield from rows(head, body)
    kinds = {kind: table["questions"] for each in scores.values() for kind, table in each["kinds"].items()}
    yield from ("", f"### {data}, by kind of question", "", "The part of the evidence turns within the first 10.", "")
    yield from rows(
        ("system", *(f"{kind} ({count})" for kind, count in kinds.items())),
        [(name, *(_of_kind(table["kinds"].get(kind, {})) for kind in kinds)) for name, table in scores.items()],
    )


def _answers(data: str, answers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, table in answers.items():
        yield from ("", f"### {data}, {name}, answered", "")
        yield f"Reader {table['reader']}, judge {table['judge']}; right of those judged:"
        yield ""
        yield from rows(
            ("kind", "right", "of"),
            [(kind, str(right), str(of)) for kind, (right, of) in table["right by kind"].items()],
        )


_KINDS = ("fraction", "any", "complete")
_ASIDE = ("a search, ms", "tokens of context", "evidence in it")


def _part(context: Mapping[str, Any]) -> str:
    return "" if context["evidence in it"] is None else f"{context['evidence in it']:.2f}"


def _of_kind(table: Mapping[str, Any]) -> str:
    found = table.get("turns", {})
    return f"{found['fraction@10']:.2f}" if found else ""


def _shown(figure: Mapping[str, Any], details: Mapping[str, Any]) -> bool:
    """Whether a table of scores says it already."""
    parts = {f"{data}, {name}" for data, scores in details.get("scores", {}).items() for name in scores}
    return figure["part"] in parts and figure["ok"] is None


def left_out(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, what in given.items():
        if isinstance(what, Mapping):
            yield from ((f"{name}, {inner}", why) for inner, why in what.items())
        else:
            yield name, what


def _number(value: float, unit: str) -> str:
    return f"{value:,.4g} {unit}".strip() if abs(value) < 10_000 else f"{value:,.0f} {unit}".strip()


def _verdict(figure: Mapping[str, Any]) -> str:
    return "" if figure["ok"] is None else "met" if figure["ok"] else "**missed**"


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown, line by line."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in body:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
