"""From a chat log to answers: remember some hundred turns, ask a dozen questions, and ask again in a new process.

Run it from anywhere: ``python examples/quickstart.py [folder for the store]``. It needs no key and no network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agentmem_core import AgentMem, Hit

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Everything a newcomer wants to see once."""
    if sys.argv[1:2] == ["--again"]:
        ask_all(Path(sys.argv[2]))
        return
    if len(sys.argv) > 1:
        tour(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory(prefix="agentmem-quickstart-", ignore_cleanup_errors=True) as folder:
        tour(Path(folder))


def tour(folder: Path) -> None:
    """Remember, ask, close; then let a new process ask the same."""
    remember(folder)
    ask_all(folder)
    print("\nThe memory is closed. A new process opens the same folder and asks again:", flush=True)
    subprocess.run([sys.executable, __file__, "--again", str(folder)], check=True)  # noqa: S603 - ourselves


def remember(folder: Path) -> None:
    """Two languages, many sessions, one user. The ids make it safe to run again."""
    turns = [*lines("chat.en.jsonl"), *lines("chat.zh.jsonl")]
    started = time.perf_counter()
    with AgentMem(folder, user_id="ana") as memory:
        added = memory.add_many([as_item(turn) for turn in turns], batch_size=50, progress=show_progress)
        stats = memory.stats()
    seconds = time.perf_counter() - started
    known = len(added.memories) - added.created
    print(
        f"\nRemembered {added.created} turns of {stats.sessions} sessions in {seconds:.2f} s"
        + (f" ({known} were known already)" if known else "")
    )


def as_item(turn: dict[str, Any]) -> dict[str, Any]:
    """A line of the log as what ``add_many`` takes."""
    return {
        "id": turn["id"],
        "role": "user",
        "name": turn["speaker"],
        "content": turn["content"],
        "occurred_at": turn["occurred_at"],
        "session_id": turn["session"],
    }


def ask_all(folder: Path) -> None:
    """Ask the dozen questions and say how many are answered by one of the first three hits."""
    questions = [question for question in lines("questions.jsonl") if question["kind"] == "quickstart"]
    with AgentMem(folder, user_id="ana") as memory:
        found = sum(ask(memory, question) for question in questions)
    print(f"\n{found} of {len(questions)} questions are answered by one of the first three hits.")
    if found < len(questions) - 1:
        sys.exit("That is worse than it should be: please report it.")


def ask(memory: AgentMem, question: dict[str, Any]) -> bool:
    """Print the question and the turn that answers it."""
    hits = memory.search(question["question"], limit=3)
    answers = [hit for hit in hits if hit.memory.id in question["evidence"]]
    best: Hit = (answers or hits)[0]
    mark = "✓" if answers else "✗"
    print(f"\n{mark} {question['question']}")
    print(f"  {best.memory.occurred_at:%Y-%m-%d}  {best.memory.name}: {best.memory.content}   [{best.score:.2f}]")
    return bool(answers)


def lines(name: str) -> list[dict[str, Any]]:
    """A file of JSON Lines beside this one."""
    with (DATA / name).open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def show_progress(done: int, total: int | None) -> None:
    """A bar where somebody is watching."""
    if total and sys.stderr.isatty():
        width = 40 * done // total
        print(f"\rRemembering [{'█' * width}{'·' * (40 - width)}] {done}/{total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
