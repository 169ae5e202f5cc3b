"""The default embedder: static token embeddings that lie inside the wordllama wheel.

WordLlama (https://github.com/dleemiller/WordLlama, MIT) pools token embeddings taken from large language models; ``l2_supercat``
with 256 dimensions is bundled. We read its two files ourselves: importing the package configures the root logger of the
whole program, and loads an HTTP library that is not needed.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from agentmem_core.embedders.tokens import WordTokens
from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_DIMENSION = 256
_FINGERPRINT = Fingerprint("wordllama", "l2_supercat", _DIMENSION)
_AT_ONCE = 64
"""Texts whose token vectors lie in memory together: more are slower, since they fit in no cache."""
_FEW = 8
"""Texts that are taken one by one, as an add or a search has them: a third of the steps, and none handed to other threads."""
_LONGEST = 8_000
"""Characters of a text that are looked at: the mean of a longer one says nothing more."""


class WordLlamaEmbedder:
    """The mean of a text's token embeddings; needs no network, takes about 0.05 ms a text.

    Tokens that are single bytes (most Chinese characters are three of them) mean nothing and are left out; a text of
    nothing else becomes a vector of zeros.
    """

    def __init__(self, model: str | None = None) -> None:
        """Cheap: the files are read when the first text comes."""
        if model not in {None, "", "l2_supercat"}:
            raise EmbedderError(f"the wordllama wheel holds only the model l2_supercat, not {model!r}")
        self._lock = threading.Lock()
        self._loaded: tuple[NDArray[np.float32], Tokenizer, WordTokens] | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return _FINGERPRINT

    @property
    def instant(self) -> bool:
        """One text takes a tenth of a millisecond once the files have been read."""
        return self._loaded is not None

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        parts = [self._together(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros((0, _DIMENSION), np.float32), *parts])

    def _together(self, texts: Sequence[str]) -> NDArray[np.float32]:
        table, tokenizer, words = self._loaded or self._load()
        if len(texts) <= _FEW:
            found = np.empty((len(texts), _DIMENSION), np.float32)
            for place, text in enumerate(texts):
                total = np.add.reduce(table.take(np.array(words.ids(text[:_LONGEST]), np.intp), 0), 0, out=found[place])
                total *= np.float32(1 / (math.sqrt(total.dot(total)) or 1.0))
            return found
        encoded = tokenizer.encode_batch_fast([text[:_LONGEST] for text in texts], add_special_tokens=False)
        ids = [encoding.ids for encoding in encoded]
        lengths = np.fromiter(map(len, ids), np.intp, len(ids))
        vectors = np.zeros((len(texts), _DIMENSION), np.float32)
        if lengths.any():
            rows = table[np.fromiter(chain.from_iterable(ids), np.intp, int(lengths.sum()))]
            starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
            filled = lengths > 0
            vectors[filled] = np.add.reduceat(rows, starts[filled], axis=0)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors

    def _load(self) -> tuple[NDArray[np.float32], Tokenizer, WordTokens]:
        with self._lock:
            if self._loaded is None:
                table, tokenizer, vocabulary = _read_files(_package_folder())
                self._loaded = table, tokenizer, WordTokens(tokenizer, vocabulary)
            return self._loaded


def _package_folder() -> Path:
    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError("the package wordllama is not installed; run: pip install 'wordllama>=0.4,<0.5'")
    return Path(next(iter(spec.submodule_search_locations)))


def _read_files(folder: Path) -> tuple[NDArray[np.float32], Tokenizer, dict[str, int]]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        table: NDArray[np.float32] = load_file(folder / _WEIGHTS)["embedding.weight"].astype(np.float32)
        tokenizer: Tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    except Exception as error:  # the two libraries raise bare Exceptions of their own
        raise EmbedderError(
            f"the files of the wordllama package cannot be read ({error}); reinstall it: "
            "pip install --force-reinstall 'wordllama>=0.4,<0.5'"
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    for token, number in vocabulary.items():
        if number < len(table) and token.startswith("<") and token.endswith(">"):
            table[number] = 0.0
    return table, tokenizer, vocabulary
