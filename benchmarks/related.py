"""Makes the table of related words that hybrid search uses: ``python -m benchmarks.related``.

The words are those that the bundled embedder (WordLlama, MIT) has a token of its own for, in lower case, so neither names nor
words put together from pieces. Each stem has the mean of its words' vectors; its related stems are the nearest by cosine.
"""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from agentmem_core.recall import related
from agentmem_core.recall.text import telling_words

LEAST = 0.4
"""The cosine from which words are related: below it come words of one topic, not of one meaning."""
MOST = 6
"""Related words of one; a search uses the two nearest that its user has."""
_WORD = re.compile("▁([a-z]{3,})")
_HEAD = """\
# Stems of words with the stems nearest to them and their cosine in hundredths, made by benchmarks/related.py from the token
# embeddings of WordLlama l2_supercat (https://github.com/dleemiller/WordLlama), MIT License, Copyright (c) 2024 Lee Miller.
"""


def vectors() -> tuple[list[str], NDArray[np.float32]]:
    """The stems in order of the alphabet, and a unit vector each."""
    spec = importlib.util.find_spec("wordllama")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations)))
    table = load_file(folder / "weights/l2_supercat_256.safetensors")["embedding.weight"].astype(np.float32)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers/l2_supercat_tokenizer_config.json"))
    numbers: dict[str, list[int]] = defaultdict(list)
    for token, number in tokenizer.get_vocab().items():
        word = _WORD.fullmatch(token)
        for stem in telling_words(word[1]) if word and number < len(table) else ():
            numbers[stem].append(number)
    stems = sorted(numbers)
    means = np.array([table[sorted(numbers[stem])].mean(0) for stem in stems])
    return stems, means / np.linalg.norm(means, axis=1, keepdims=True)


def lines() -> list[str]:
    """One for each stem that has related ones: ``kid child 81 children 54``."""
    stems, unit = vectors()
    made = []
    for stem, row in zip(stems, unit, strict=True):
        likeness = np.round(100 * (unit @ row)).astype(int)
        near = [place for place in np.lexsort((np.arange(len(stems)), -likeness)) if stems[place] != stem][:MOST]
        told = [f"{stems[place]} {likeness[place]}" for place in near if likeness[place] >= 100 * LEAST]
        if told:
            made.append(" ".join((stem, *told)))
    return made


def main() -> None:
    made = lines()
    related.FILE.write_text(_HEAD + "\n".join(made) + "\n", encoding="utf-8")
    print(f"{len(made):,} words, {related.FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
