"""Tokens put together from words are those of the whole text."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers
from tokenizers.models import BPE

from agentmem_core.embedders.tokens import WordTokens
from agentmem_core.embedders.wordllama import WordLlamaEmbedder


@pytest.fixture(scope="module")
def tokenizer():
    embedder = WordLlamaEmbedder()
    _, tokenizer, _ = embedder._load()
    return tokenizer


def _words(tokenizer: Tokenizer) -> WordTokens:
    return WordTokens(tokenizer, tokenizer.get_vocab())


TEXTS = [
    "", " ", "tea", " tea", "tea ", "a  b", "a   b c", "▁", "a▁b", "<s> tea </s>", "<0x41>", "x < y", "她住在里斯本 in May", "é\u0301 ﬁ", "🌍 👨‍👩‍👧 x",
    "\n\n a\tb", "a \n b", "don't won’t", "I moved to Lisbon in May", "Ünïcödé ﷺ \u200b zero", "a\u00a0b c", "\u3000x y",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_the_tokens_of_its_words(tokenizer, text: str) -> None:
    words = _words(tokenizer)
    for _ in range(2):  # new, and known
        assert words.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids


@given(text=st.text(alphabet=st.one_of(st.sampled_from(" ▁<>\n\tab茶é'"), st.characters(codec="utf-8")), max_size=60))
def test_any_text_has_the_tokens_of_its_words(tokenizer, text: str) -> None:
    assert _words(tokenizer).ids(text) == tokenizer.encode(text, add_special_tokens=False).ids


@given(
    numbers=st.lists(
        st.one_of(st.integers(0, 10**30).map(str), st.sampled_from(("007", "٣", "２３", "②", "1st", "-5"))), max_size=6
    )
)
def test_numbers_have_the_tokens_of_the_tokenizer(tokenizer, numbers: list[str]) -> None:
    text = " ".join(("in", *numbers))
    assert _words(tokenizer).ids(text) == tokenizer.encode(text, add_special_tokens=False).ids


def test_numbers_are_left_to_a_tokenizer_that_joins_digits() -> None:
    signs = ["▁", *"0123456789", "12", "▁1"]
    joining = Tokenizer(BPE({sign: place for place, sign in enumerate(signs)}, [("1", "2"), ("▁", "1")]))
    joining.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    for text in ("12", "7 12 3", "1 2 312"):
        assert _words(joining).ids(text) == joining.encode(text, add_special_tokens=False).ids


def test_every_token_that_is_a_word_is_the_token_of_that_word(tokenizer) -> None:
    """So the tokenizer need not be asked for it; a stop behind it is a token of its own."""
    ours, wrong, words = _words(tokenizer), [], 0
    for token in tokenizer.get_vocab():
        word = token.removeprefix("▁")
        if token == word or not word or "▁" in word:
            continue
        words += 1
        texts = (word, f"{word}, {word}.")
        wrong += [text for text in texts if ours.ids(text) != tokenizer.encode(text, add_special_tokens=False).ids]
    assert words > 16_000
    assert wrong == []


@given(
    st.lists(
        st.sampled_from(["tea", "Tea", "teapot", "7", "70", "a.b", "茶", "é", ".", "..", "Mr", "x²", "B"]), max_size=6
    ),
    st.data(),
)
def test_stops_are_those_of_the_tokenizer(tokenizer, words: list[str], data: st.DataObject) -> None:
    ends = st.sampled_from(["", ".", ",", "?", "!", ";", ":", "..", "?!", ".)", "...", '."'])
    text = " ".join(word + data.draw(ends) for word in words)
    assert _words(tokenizer).ids(text) == tokenizer.encode(text, add_special_tokens=False).ids


def test_stops_are_left_to_a_tokenizer_that_joins_them() -> None:
    signs = ["▁", "a", "b", ".", ",", "a."]
    joining = Tokenizer(BPE({sign: place for place, sign in enumerate(signs)}, [("a", ".")]))
    joining.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    for text in ("a.", "a, b", "b. a. a,"):
        assert _words(joining).ids(text) == joining.encode(text, add_special_tokens=False).ids


def test_what_is_remembered_is_bounded(tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentmem_core.embedders.tokens._KEPT", 50)
    words = _words(tokenizer)
    drawn = random.Random(3)
    for _ in range(200):
        text = " ".join(str(drawn.randrange(300)) for _ in range(12))
        assert words.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids
        assert len(words._known) <= 50


def test_long_words_are_not_remembered(tokenizer) -> None:
    words = _words(tokenizer)
    text = f"the key {'deadbeef' * 100} opens it"
    for _ in range(2):
        assert words.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids
    assert sorted(words._known) == ["it", "key", "opens", "the"]
