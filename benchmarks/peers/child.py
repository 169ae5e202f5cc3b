"""Inside a system's process: reads what to do, a JSON object a line, and answers how long it took and what came back.

Started as a script by the interpreter of the system's environment, so it imports nothing of this package by name.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "systems")]


def main() -> None:
    """Serve until the input ends. What the system prints goes to the error stream, so that it cannot break an answer."""
    module, folder, embedder, *options = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    started = time.perf_counter()
    embedding = importlib.import_module("embedding").EMBEDDINGS[embedder]()
    system = importlib.import_module(module).System(Path(folder), embedding, *options)
    _say(answers, {"seconds": time.perf_counter() - started})
    for line in sys.stdin:
        asked = json.loads(line)
        verb = asked.pop("verb")
        if verb == "memory":
            _say(answers, {"answer": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
            continue
        call = getattr(system, verb)
        begun = time.perf_counter()
        try:
            answer = call(**asked)
            _say(answers, {"seconds": time.perf_counter() - begun, "answer": answer})
        except Exception as error:  # noqa: BLE001 - whatever a system raises is what it answers
            _say(answers, {"error": f"{type(error).__name__}: {error}"[:500]})


def _say(answers: object, what: dict[str, object]) -> None:
    print(json.dumps(what, ensure_ascii=False), file=answers, flush=True)  # type: ignore[call-overload]  # a text stream


if __name__ == "__main__":
    main()
