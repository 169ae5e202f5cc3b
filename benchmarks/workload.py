"""Made-up sentences that behave like real ones: English words, Zipf's frequencies, topics, names, about 14 words.

The words are those of the default embedder's tokenizer, which lists them roughly from frequent to rare, so that every
sentence has a meaningful vector. A sentence takes half of its words from the language at large and half from one of
``TOPICS`` topics, because what people say is clustered: uniformly random vectors would be no test of an index. A few are names,
of which there are ever more the more is said, as in every language (Heaps' law).
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentmem_core.embedders.wordllama import WordLlamaEmbedder

TOPICS = 300
TOPIC_WORDS = 80
LENGTH = 14
NAMES = 0.04
"""Share of the words that are names."""
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


class Workload:
    """Sentences and queries; equal seeds give equal ones."""

    def __init__(self, seed: int = 7) -> None:
        """Choose the topics."""
        self._random = np.random.default_rng(seed)
        self._words = vocabulary()
        self._common = _zipf(len(self._words))
        self._topical = _zipf(TOPIC_WORDS)
        rare = np.arange(200, len(self._words))
        self._topics = np.array([self._random.choice(rare, TOPIC_WORDS, replace=False) for _ in range(TOPICS)])

    def sentences(self, count: int) -> list[str]:
        """``count`` sentences, hardly ever two alike."""
        return self._made(np.clip(self._random.normal(LENGTH, 4, count), 5, 28).astype(int))

    def queries(self, count: int) -> list[str]:
        """Short sentences about the same topics."""
        return self._made(self._random.integers(4, 9, count))

    def users(self, count: int, of: int) -> list[str]:
        """Whose each of ``count`` memories is, evenly over ``of`` users, in random order."""
        return [f"user-{number}" for number in self._random.permutation(count) % of]

    def anybody(self, count: int, of: int) -> list[str]:
        """``count`` users drawn from ``of``, one may come again."""
        return [f"user-{number}" for number in self._random.integers(of, size=count)]

    def _made(self, lengths: NDArray[Any]) -> list[str]:
        """Sentences of so many words, all drawn together: a million take seconds."""
        whose = np.repeat(np.arange(len(lengths)), lengths)
        about = np.repeat(self._random.integers(TOPICS, size=len(lengths)), lengths)
        starts = np.cumsum(lengths) - lengths
        topical = np.arange(len(whose)) - starts[whose] < (lengths // 2)[whose]
        chosen = np.searchsorted(self._common, self._random.random(len(whose)), side="right")
        rank = np.searchsorted(self._topical, self._random.random(int(topical.sum())), side="right")
        chosen[topical] = self._topics[about[topical], rank]
        chosen = chosen[np.lexsort((self._random.random(len(whose)), whose))]
        words = [self._words[number] for number in chosen.tolist()]
        named = np.flatnonzero(self._random.random(len(whose)) < NAMES)
        for place, rank in zip(named.tolist(), self._random.zipf(1.15, len(named)).tolist(), strict=True):
            words[place] = _name(rank)
        ends = (starts + lengths).tolist()
        return [
            (" ".join(words[start:end]) + ".").capitalize() for start, end in zip(starts.tolist(), ends, strict=True)
        ]


def vectors_of(sentences: list[str]) -> NDArray[np.float32]:
    """The default embedder's vectors, of length one."""
    embedder = WordLlamaEmbedder()
    return np.concatenate(
        [embedder.embed(sentences[at : at + 1000], kind="document") for at in range(0, len(sentences), 1000)]
    )


@cache
def vocabulary() -> tuple[str, ...]:
    """Lower-case words of at least two letters, frequent ones first."""
    spec = importlib.util.find_spec("wordllama")
    assert spec is not None
    assert spec.submodule_search_locations
    file = Path(next(iter(spec.submodule_search_locations))) / _TOKENIZER
    tokens = json.loads(file.read_text(encoding="utf-8"))["model"]["vocab"]
    ranked = sorted(tokens, key=tokens.__getitem__)
    words = (token[1:] for token in ranked if token.startswith("\u2581"))
    return tuple(dict.fromkeys(word for word in words if len(word) > 1 and word.isascii() and word.islower()))


def _name(rank: int) -> str:
    """Another name for every number.

    >>> _name(1), _name(70_000)
    ('beka', 'copitaka')
    """
    syllables = "ka"
    rank %= 2**31
    while rank:
        rank, syllable = divmod(rank, len(_CONSONANTS) * 5)
        syllables = _CONSONANTS[syllable // 5] + "aeiou"[syllable % 5] + syllables
    return syllables


_CONSONANTS = "bcdfghjklmnprstvwz"


def _zipf(count: int) -> NDArray[np.float64]:
    """Mandelbrot's form of Zipf's law, added up: the first few words are not as frequent as a pure power law would have them."""
    weights = np.cumsum(1.0 / (np.arange(count) + 2.7))
    return np.asarray(weights / weights[-1], np.float64)
