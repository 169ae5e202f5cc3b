"""The one normaliser, language by language."""

from __future__ import annotations

import random
from itertools import product

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.embedders.wordllama import WordLlamaEmbedder
from agentmem_core.recall.stemming import stem
from agentmem_core.recall.text import (
    QUESTION,
    _remembered_stem,
    holds_any,
    indexed_words,
    is_question,
    same_text,
    speaker_in,
    words,
)
from agentmem_core.testing.strategies import texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # English: stemmed, function words left out where others remain
        ("Where did Ana move to?", ["ana", "move"]),
        ("running runs ran", ["run", "run", "ran"]),
        ("The children's toys", ["children", "toy"]),
        ("who are you", ["who", "are", "you"]),
        ("tea tea TEA", ["tea", "tea", "tea"]),
        # apostrophes, straight and curly
        ("don't", ["dont"]),
        ("O'Brien’s dog", ["obrien", "dog"]),
        ("rock 'n' roll", ["rock", "n", "roll"]),
        # other Latin scripts: accents stay, case goes, composed and decomposed are the same
        ("Café CAFÉ cafe\u0301", ["café", "café", "café"]),
        ("Straße STRASSE", ["strass", "strass"]),
        ("¿Dónde está?", ["dónde", "está"]),
        # identifiers: parts are words of their own
        ("user_id some-thing a.b.c", ["user", "id", "some", "thing", "b", "c"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("x86_64 v2.0.1 3.14", ["x86", "64", "v2", "0", "1", "3", "14"]),
        ("mail@example.com", ["mail", "exampl", "com"]),
        # full width and other compatibility forms are their plain ones
        ("ＡＢＣ１２３", ["abc123"]),
        ("ﬁne ①", ["fine", "1"]),
        # emoji and signs are no words
        ("👍🏽 👩‍👩‍👧 🇵🇹 ❤️", []),
        ("tea 👍 milk", ["tea", "milk"]),
        ("... !!! ???", []),
        ("", []),
        (" \n\t", []),
        # other scripts that write words with spaces
        ("Где живёт Анна", ["где", "живёт", "анна"]),
        ("أين تسكن", ["أين", "تسكن"]),
    ],
)
def test_words_of_scripts_with_spaces(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("里斯本", ["里", "里斯", "斯", "斯本", "本"]),
        ("茶", ["茶"]),
        ("我喜欢茶", ["我喜", "喜", "喜欢", "欢", "欢茶", "茶"]),
        ("東京", ["東", "東京", "京"]),
        ("カタカナ", ["カ", "カタ", "タ", "タカ", "カ", "カナ", "ナ"]),
        ("ｶﾅ", ["カ", "カナ", "ナ"]),
        ("서울", ["서", "서울", "울"]),
        ("서울 한국", ["서", "서울", "울", "한", "한국", "국"]),
        ("茶。咖啡", ["茶", "咖", "咖啡", "啡"]),
        ("Lisbon里斯本2024", ["lisbon", "里", "里斯", "斯", "斯本", "本", "2024"]),
        ("的", ["的"]),
    ],
)
def test_words_of_chinese_japanese_and_korean_are_characters_and_pairs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("where does she live", "she lives in Lisbon"),
        ("children", "Ana's child... and the children’s toys"),
        ("里斯本", "我在五月搬到了里斯本"),
        ("東京タワー", "昨日東京タワーに登った"),
        ("서울에서", "나는 서울에 산다"),
        ("ＬＩＳＢＯＮ", "lisbon"),
        ("user id", "the user_id column"),
        ("user_id", "USER-ID"),
        ("café", "CAFE\u0301"),
        ("i", "İstanbul".replace("stanbul", "")),
    ],
)
def test_a_query_shares_words_with_the_text_it_means(query: str, text: str) -> None:
    assert set(words(query)) & set(words(text))


@given(texts())
def test_normalising_is_stable_and_never_gives_blanks_or_the_mark_of_a_question(text: str) -> None:
    found = words(text)
    assert found == words(text)
    assert all(found)
    assert QUESTION not in found
    assert all(word == "".join(word.split()) for word in found)
    assert indexed_words(text, None).split() == found + [QUESTION] * is_question(text)


@given(texts())
def test_text_in_capitals_has_the_same_words(text: str) -> None:
    if text.isascii():
        assert words(text.upper()) == words(text.lower())


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Ana: see you there", "Ana"),
        ("  Ana Maria: hello", "Ana Maria"),
        ("Dr. O'Neil-Smith: yes", "Dr. O'Neil-Smith"),
        ("李明：你好", "李明"),
        ("佐藤: はい", "佐藤"),
        ("see you there", None),
        ("one two three four: no", None),
        ("https://example.org", None),
        ("http: //x", "http"),
        ("Ana:", None),
        ("Ana: ", None),
        (": hello", None),
        ("12:30 is fine", None),
        ("3 things: a", None),
        ("x" * 60 + ": too long", None),
        ("", None),
        ("lunch at 12:30 is fine", None),
        ("at 12:30", None),
    ],
)
def test_the_speaker_of_a_transcripts_line(text: str, speaker: str | None) -> None:
    assert speaker_in(text) == speaker


@pytest.mark.parametrize(
    "text",
    [
        "Why?",
        "Why? ",
        'He asked "why?"',
        "really?!",
        "(why?)",
        "为什么？",
        "本当ですか？」".replace("」", ""),
        "«Où ?»",
        "x" * 500 + "?",
    ],
)
def test_a_question_ends_by_asking(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["", "Why", "Why? Because.", "a?b", "http://x/?q=1", "?" + "x" * 100])
def test_other_texts_do_not_ask(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I like tea.", "i  LIKE tea"),
        ("I like tea!", "I like\n\ttea."),
        ("我喜欢茶。", "我喜欢茶"),
        ("ＡＢＣ", "abc"),
        ("café", "CAFE\u0301"),
        (" x ", "x"),
        ("Straße", "STRASSE"),
    ],
)
def test_texts_that_say_the_same(one: str, other: str) -> None:
    assert same_text(one) == same_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I like tea", "I like teas"),
        ("tea?", "tea"),
        ("a b", "ab"),
        ("!!!", "..."),
        ("1.5", "15"),
        ("cafe", "café"),
        ("👍", "👎"),
    ],
)
def test_texts_that_say_something_else(one: str, other: str) -> None:
    assert same_text(one) != same_text(other)


@given(texts())
def test_saying_the_same_is_stable_and_never_blank(text: str) -> None:
    assert same_text(text).strip() or not text.strip("".join(chr(c) for c in range(33)))
    assert same_text(same_text(text)) == same_text(text)


def test_a_turns_words_begin_with_its_speaker_unless_the_text_does() -> None:
    assert indexed_words("see you", "Ana") == "ana see"
    assert indexed_words("Ana: see you", "Ana") == "ana see"
    assert indexed_words("who?", "Ana") == "ana who ?"


# --- stems --------------------------------------------------------------------------------------------------------------

BEGINNINGS = (
    "arsen commun emerg gener inter later organ past univers succ proc exc even cann inn earr herr out d l t v h st by gra "
    "add egg off ebb err kn hop hopp tabl conflat siz agre pl boy say yes enjoy nation sens radic lov chees café y yy a e s"
)
ENDINGS = (
    "- s es ies ied ed eed ing edly eedly ingly ly ful ness ational tional enci anci ation izer ization ogist ogi logi li bli "
    "abli alli entli fulli lessli ousli ousness iveness fulness alism aliti iviti biliti ator ative icate alize iciti ical al "
    "ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion sion tion e l ll y yy us ss sses ying yed past"
)
WHOLE = "skis skies sky idly gently ugly early only singly andes atlas bias cosmos howe news a be the evening sky's"


def test_stems_are_those_of_snowballs_english_stemmer():
    """Over the vocabulary of the default embedder, and every beginning that a rule looks at, with endings added."""
    _, tokenizer, _ = WordLlamaEmbedder()._load()
    tokens = {token.removeprefix("\u2581") for token in tokenizer.get_vocab()}
    vocabulary = {token for token in tokens if token.isalpha() and token.islower() and max(token) < "\u0250"}
    assert len(vocabulary) > 15_000
    endings = [ending.strip("-") for ending in ENDINGS.split()]
    chance = random.Random(3)
    made = {beginning + ending for beginning, ending in product(BEGINNINGS.split(), endings)}
    made |= {word + chance.choice(endings) for word in [*made, *vocabulary] * 3}
    wanted = snowballstemmer.stemmer("english")
    every = sorted(vocabulary | made | set(WHOLE.replace("'s", "").split()))
    assert len(every) > 50_000
    assert [(word, stem(word)) for word in every] == [(word, wanted.stemWord(word)) for word in every]


# --- what would take for ever ---------------------------------------------------------------------------------------------


@pytest.mark.timeout(30)
@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0327", "\u0327\u0301\u05b0\u3099"], ids=["one", "two", "four"])
def test_100_000_combining_marks_are_normalised_like_any_text(marks):
    """Putting such a run in order takes time that grows with its square: minutes for this one, if it were done at once."""
    run = "e" + marks * (100_000 // len(marks))
    assert words(f"Lisbon {run} Porto")[0] == "lisbon"
    assert words(f"Lisbon {run} Porto")[-1] == "porto"
    assert same_text(run.upper()) == same_text(run)
    assert indexed_words(run, None) == indexed_words(run, None)


def test_long_words_are_stemmed_like_others_and_not_remembered() -> None:
    _remembered_stem.cache_clear()
    letters = "walk" * 100
    assert words(f"{letters}ing {letters}s walking") == [letters, letters, "walk"]
    assert _remembered_stem.cache_info().currsize == 1


WORDY = st.text(alphabet=st.sampled_from("搬到里斯本的了是什么かガ한ⅷ，。 ANa'nat’s1\n\u3099"), max_size=24)


@given(text=WORDY, other=WORDY)
def test_a_text_holds_any_of_the_words_it_has(text: str, other: str) -> None:
    wanted = set(words(other))
    assert holds_any(text, wanted) == (not wanted.isdisjoint(words(text)))
    for word in wanted:
        assert holds_any(text, {word}) == (word in words(text))


@pytest.mark.parametrize(
    ("text", "word", "holds"),
    [
        ("我们搬到里斯本", "里斯", True),
        ("我们搬到里斯本", "我们", False),  # a function word beside others is no word
        ("我们", "我们", True),
        ("里。斯", "里斯", False),
        ("She moved to 里斯本", "move", True),
        ("She moved to 里斯本", "mov", False),
        ("かﾞくせい", "がく", True),
    ],
)
def test_a_text_holds_what_is_a_word_of_it(text: str, word: str, *, holds: bool) -> None:
    assert holds_any(text, {word}) is holds
    assert (word in words(text)) is holds
