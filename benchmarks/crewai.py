"""AgentMemMemory against CrewAI's own memory with LanceDB: the same free embedder and model, the same chat log, one run."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agentmem_core import AgentMem
from benchmarks.report import Report
from benchmarks.timing import ROOT, alternating, folder, percentiles

Embedder = Callable[[Sequence[str]], list[list[float]]]
_SIZE = 256
_DATA = ROOT / "examples" / "data"


def run(report: Report) -> None:
    """Remember the chat log and further sentences in turns, recall the questions; then who finds the answers."""
    os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "CREWAI_TESTING": "true"}
    with folder() as place:
        os.environ |= {"HOME": str(place), "CREWAI_STORAGE_DIR": str(place)}
        with AgentMem(place / "hashed", embedder=embed) as client:
            pair = _Pair(client, place / "hashed-lancedb", embed)
            _speed(report, pair)
            _quality(report, pair, "hashed words")
            pair.theirs.close()
        with AgentMem(place / "wordllama") as client:
            pair = _Pair(client, place / "wordllama-lancedb", client.embed)
            _quality(report, pair, "wordllama")
            pair.theirs.close()


def embed(texts: Sequence[str]) -> list[list[float]]:
    """A unit vector of hashed words a text: free, and the same for both."""
    return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    counts = np.zeros(_SIZE, np.float32)
    for word in re.findall(r"\w+", text.casefold()):
        counts[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % _SIZE] += 1.0
    made: list[float] = (counts / max(float(np.linalg.norm(counts)), 1e-9)).tolist()
    return made


class _Pair:
    """Both memories, holding the same chat log."""

    def __init__(self, client: AgentMem, place: Path, embedder: Embedder) -> None:
        from crewai.memory import Memory, MemoryRecord
        from crewai.memory.storage.lancedb_storage import LanceDBStorage

        from crewai_agentmem import AgentMemMemory

        self.turns = [*_lines("chat.en.jsonl"), *_lines("chat.zh.jsonl")]
        self.texts = [f"{turn['speaker']}: {turn['content']}" for turn in self.turns]
        self.questions = [question for question in _lines("questions.jsonl") if question["kind"] == "quickstart"]
        self.ours = AgentMemMemory(client)
        self.ours.remember_many(self.texts)
        storage = LanceDBStorage(path=place)
        vectors = embedder(self.texts)
        storage.save([
            MemoryRecord(content=text, embedding=vector) for text, vector in zip(self.texts, vectors, strict=True)
        ])  # fmt: skip
        storage.optimize()
        self.theirs = Memory(storage=storage, embedder=embedder, llm=_model())


def _speed(report: Report, pair: _Pair) -> None:
    ours, theirs = pair.ours, pair.theirs
    asked = [str(question["question"]) for question in pair.questions]
    fields: dict[str, Any] = {"scope": "/", "categories": [], "importance": 0.5}

    def deep(number: int) -> object:
        return theirs.recall(asked[number % len(asked)], limit=5, depth="deep")

    def shallow(number: int) -> object:
        return theirs.recall(asked[number % len(asked)], limit=5, depth="shallow")

    def recall(number: int) -> object:
        return ours.recall(asked[number % len(asked)], limit=5)

    calls: list[tuple[str, list[Callable[[int], object]]]] = [
        ("remember, as called by default", [
            lambda n: ours.remember(f"Ana counted {n} bikes at the station of street {n % 17}"),
            lambda n: theirs.remember(f"Ana counted {n} bikes at the station of street {n % 17}"),
        ]),
        ("remember, all fields given", [
            lambda n: ours.remember(f"Wei walked the dog {n} times in park {n % 13}", **fields),
            lambda n: theirs.remember(f"Wei walked the dog {n} times in park {n % 13}", **fields),
        ]),
        ("recall, deep", [recall, deep]),
        ("recall, shallow", [recall, shallow]),
    ]  # fmt: skip
    for name, both in calls:
        mine, other = alternating(both, 20 if report.quick else 150)
        ratio = percentiles(report, "crewai", f"CrewAI with LanceDB: {name}", other) / percentiles(
            report, "crewai", f"AgentMem: {name}", mine
        )
        report.add("crewai", f"{name}, times faster at p50", ratio, at_least=3)


def _quality(report: Report, pair: _Pair, embedder: str) -> None:
    found = {"AgentMem": 0, "CrewAI with LanceDB, deep": 0, "CrewAI with LanceDB, shallow": 0}
    for question in pair.questions:
        evidence = {
            text for turn, text in zip(pair.turns, pair.texts, strict=True) if turn["id"] in question["evidence"]
        }
        for name, answer in (
            ("AgentMem", pair.ours.recall(question["question"], limit=5)),
            ("CrewAI with LanceDB, deep", pair.theirs.recall(question["question"], limit=5)),
            ("CrewAI with LanceDB, shallow", pair.theirs.recall(question["question"], limit=5, depth="shallow")),
        ):
            found[name] += any(match.record.content in evidence for match in answer)
    best = max(found["CrewAI with LanceDB, deep"], found["CrewAI with LanceDB, shallow"])
    for name, hits in found.items():
        bar = best if name == "AgentMem" else None
        report.add(
            "crewai", f"{embedder}: answered in the first 5, {name}", hits, f"of {len(pair.questions)}", at_least=bar
        )


def _model() -> Any:
    """A model that answers at once and says nothing of use, which CrewAI takes for its defaults."""
    from crewai.llms.base_llm import BaseLLM

    class Free(BaseLLM):
        def call(self, *args: Any, **options: Any) -> str:
            return "[]"

        def supports_function_calling(self) -> bool:
            return False

    return Free(model="free")


def _lines(name: str) -> list[dict[str, Any]]:
    with (_DATA / name).open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]
