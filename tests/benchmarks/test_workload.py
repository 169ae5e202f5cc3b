"""Made-up text behaves like real text: frequent words, ever more rare ones, clustered vectors; flame graphs say where time goes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from benchmarks.flames import shares, steps
from benchmarks.report import Report
from benchmarks.steps import work_through
from benchmarks.workload import Workload, vectors_of


def test_equal_seeds_give_equal_text():
    one, other = Workload(5), Workload(5)
    assert one.sentences(50) == other.sentences(50)
    assert one.queries(5) == other.queries(5)
    assert Workload(6).sentences(5) != Workload(5).sentences(5)
    assert Workload(5).sentences(0) == []


def test_sentences_have_the_lengths_and_frequencies_of_language():
    said = [sentence.lower().rstrip(".").split() for sentence in Workload(2).sentences(20_000)]
    assert {len(words) for words in said} <= set(range(5, 29))
    counts = Counter(word for words in said for word in words)
    ranked = [count for _, count in counts.most_common()]
    assert ranked[0] > 5 * ranked[20] > 25 * ranked[2_000]
    half = {word for words in said[:10_000] for word in words}
    assert len(counts) > 1.05 * len(half)  # words that never came before keep coming
    assert sum(count == 1 for count in ranked) > len(ranked) / 5


def test_vectors_are_clustered():
    vectors = vectors_of(Workload(3).sentences(1_500))
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    shuffled = np.random.default_rng(1).permuted(vectors, axis=0)
    none = shuffled @ shuffled.T
    np.fill_diagonal(none, -1)
    assert np.median(likeness.max(axis=1)) > np.median(none.max(axis=1)) + 0.05


def test_users_are_even_or_anybody():
    work = Workload(1)
    assert set(Counter(work.users(1_000, 10)).values()) == {100}
    drawn = Counter(work.anybody(1_000, 10))
    assert len(drawn) == 10
    assert len(set(drawn.values())) > 1


def test_shares_belong_to_the_innermost_frame_of_ours():
    stacks = [
        "main (benchmarks/repeated.py:30);search (agentmem_core/engine/searching.py:10);dot (numpy/core/x.py:3) 6",
        "main (benchmarks/repeated.py:30);search (/a/src/agentmem_core/engine/searching.py:12) 3",
        "main (benchmarks/repeated.py:30);<lambda> (benchmarks/repeated.py:9) 50",
        "<module> (<frozen importlib._bootstrap>:1);load (agentmem_core/embedders/wordllama.py:7) 50",
        "main (benchmarks/repeated.py:30);read (agentmem_core/storage/reader.py:1);f (/x/site-packages/pydantic/main.py:2) 1",
    ]
    assert shares(stacks) == [
        ("agentmem_core/engine/searching.py, in numpy", 0.6),
        ("agentmem_core/engine/searching.py", 0.3),
        ("agentmem_core/storage/reader.py, in pydantic", 0.1),
    ]
    assert shares([]) == []


def test_a_flame_graph_is_drawn_of_a_real_run(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="profilers are of the group bench")
    report = Report("profile", quick=True, file=tmp_path / "profile.json")
    assert work_through(report, steps(report, ["get"], [200], [4])), report.details
    (drawn,) = (tmp_path / "flames").iterdir()
    assert ET.parse(drawn).getroot().tag.endswith("svg")
    assert "agentmem_core" in drawn.read_text(encoding="utf-8")
    assert str(Path.home()) not in drawn.read_text(encoding="utf-8")
    assert sum(figure.value for figure in report.figures) > 50
    assert report.details["flames"] == {"where the time goes: get, 200 of 4": f"flames/{drawn.name}"}
