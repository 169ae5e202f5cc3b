"""Made-up sentences that behave like real ones: English words, Zipf's frequencies, topics, about 14 words.

The words are those of the default embedder's tokenizer, which lists them roughly from frequent to rare, so that every
sentence has a meaningful vector. A sentence takes half of its words from the language at large and half from one of
``TOPICS`` topics, because what people say is clustered: uniformly random vectors would be no test of an index.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentmem_core.embedders.wordllama import WordLlamaEmbedder

TOPICS = 300
TOPIC_WORDS = 80
LENGTH = 14
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
        lengths = np.clip(self._random.normal(LENGTH, 4, count), 5, 28).astype(int)
        return [self._sentence(int(length)) for length in lengths]

    def queries(self, count: int) -> list[str]:
        """Short sentences about the same topics."""
        return [self._sentence(int(length)) for length in self._random.integers(4, 9, count)]

    def users(self, count: int, of: int) -> list[str]:
        """Whose each of ``count`` memories is, evenly over ``of`` users, in random order."""
        return [f"user-{number}" for number in self._random.permutation(count) % of]

    def _sentence(self, length: int) -> str:
        at_large = self._random.choice(len(self._words), length - length // 2, p=self._common)
        topic = self._topics[self._random.integers(TOPICS)]
        about = topic[self._random.choice(TOPIC_WORDS, length // 2, p=self._topical)]
        chosen = self._random.permutation(np.concatenate((at_large, about)))
        return (" ".join(self._words[number] for number in chosen) + ".").capitalize()


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


def _zipf(count: int) -> NDArray[np.float64]:
    """Mandelbrot's form of Zipf's law: the first few words are not as frequent as a pure power law would have them."""
    weights = 1.0 / (np.arange(count) + 2.7)
    return np.asarray(weights / weights.sum(), np.float64)
