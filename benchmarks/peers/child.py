"""Inside a system's process: reads what to do, a JSON object a line, and answers how long it took and what came back.

Started as a script by the interpreter of the system's environment, so it imports nothing of this package by name.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "systems")]


def main() -> None:
    """Serve until the input ends. What the system prints goes to the error stream, so that it cannot break an answer."""
    module, folder, embedder, needs, *options = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    started = time.perf_counter()
    embedding = importlib.import_module("embedding").EMBEDDINGS[embedder]()
    system = importlib.import_module(module).System(Path(folder), embedding, *options)
    _say(answers, {"seconds": time.perf_counter() - started, "answer": _versions(needs.split())})
    for line in sys.stdin:
        asked = json.loads(line)
        verb = asked.pop("verb")
        try:
            call = _OWN.get(verb) or getattr(system, verb)
            begun = time.perf_counter()
            answer = call(system, **asked) if verb in _OWN else call(**asked)
            _say(answers, {"seconds": time.perf_counter() - begun, "answer": answer})
        except Exception as error:  # noqa: BLE001 - whatever a system raises is what it answers
            _say(answers, {"error": f"{type(error).__name__}: {error}"[:500]})


def _load(system: Any, texts: list[str], users: list[str], tags: list[str]) -> int:
    """In bulk as the system does it best; by user and tag where it has nothing for many users at once."""
    if hasattr(system, "load"):
        return int(system.load(texts, users, tags))
    rows = sorted(zip(users, tags, texts, strict=True), key=lambda row: row[:2])
    for (user, tag), some in groupby(rows, key=lambda row: row[:2]):
        system.add_many([text for _, _, text in some], user, tag)
    return len(rows)


def _together(system: Any, call: str, callers: int, given: list[dict[str, Any]]) -> dict[str, Any]:
    """Many calls by some threads, each of which asks again as soon as it is answered."""
    verb = getattr(system, call)
    waiting = iter(given)
    gate = threading.Barrier(callers)
    times: list[float] = []
    errors: list[str] = []

    def ask() -> None:
        gate.wait()
        while (item := next(waiting, None)) is not None:  # next() of a list's iterator is atomic
            begun = time.perf_counter()
            try:
                verb(**item)
            except Exception as error:  # noqa: BLE001 - whatever a system raises is what it answers
                errors.append(f"{type(error).__name__}: {error}"[:300])
            else:
                times.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"times": times, "errors": errors}


def _memory(system: Any) -> dict[str, int]:
    """Bytes resident now and at most, of this process and of those it started for the system."""
    found = {"VmRSS": 0, "VmHWM": 0}
    for pid in ("self", *getattr(system, "processes", ())):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            name, _, size = line.partition(":")
            if name in found:
                found[name] += int(size.split()[0]) * 1024
    return {"resident": found["VmRSS"], "peak": found["VmHWM"]}


_OWN: dict[str, Any] = {"load": _load, "together": _together, "memory": _memory}


def _versions(needs: list[str]) -> dict[str, str]:
    found = {}
    for need in needs:
        name = re.split(r"[<>=!\[]", need)[0]
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _say(answers: object, what: dict[str, object]) -> None:
    print(json.dumps(what, ensure_ascii=False), file=answers, flush=True)  # type: ignore[call-overload]  # a text stream


if __name__ == "__main__":
    main()
