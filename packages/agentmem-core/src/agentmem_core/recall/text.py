"""The one normaliser: what words a text is found by. Text and query go through the same function.

Unicode NFKC and case folding; English stems for words in Latin letters (its rules are harmless to other
languages written so, because both sides are treated alike); single characters and bigrams for Chinese, Japanese and Korean,
which are written without spaces; function words left out where others remain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import pairwise

from agentmem_core.recall.stemming import stem

WORDS_VERSION = "1"
"""Changes whenever the same text would give other words; a store written by another version is re-read at open."""

QUESTION = "?"
"""The word that marks a text as a question; no text gives it by itself."""

_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"([{_CJK}]+)|[^\W_{_CJK}]+(?:'[^\W_{_CJK}]+)*")
_ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
"""The same in lower-case ASCII."""
_WIDE = re.compile(f"[{_CJK}]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA_OR_HANGUL = re.compile("[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_LATIN = re.compile(r"[a-z\u00df-\u024f']+")
_SPEAKER = re.compile(r"\s*([^\W\d_](?:[^\W\d_]|[ .'\-·]){0,39}?)\s*[:：](?!//)\s*\S")
_ENDS_AS_QUESTION = re.compile(r"[?？][\s\"'”’»)\]!！]*$")

_STOP = frozenset(
    """
a an the this that these those of to in on at for from by with about into onto over under as and or but if so than then
i me my mine you your yours he him his she her hers it its we us our ours they them their theirs
am is are was were be been being do does did done doing has have had having would could should shall might must can will
what when where who whom whose which why how there here not no nor just also very too
i'm i've i'd i'll you're you've it's he's she's we're we've they're they've that's what's don't doesn't didn't isn't aren't wasn't
""".split()
)

PARTICLES = frozenset(
    """
的 了 是 什 么 吗 谁 哪 怎 几 我 你 您 他 她 它 们 在 和 与 就 都 也 很 吗 呢 吧 啊 呀 嘛 哦 着 过 把 被 这 那 个 之 其 而 及 或 又 还 让 给 对 从 到 要 会 能 说 有 不 没 一
什么 怎么 哪里 哪儿 哪个 哪些 为什 么时 时候 我们 你们 他们 她们 这个 那个 一个 没有 不是 是不 是什 了什 的是 是谁 多少 几个 是在 在哪 是哪 什么时
の に は を た が で て と し れ さ も か
""".split()
)

_CJK_ASKING = frozenset("什么吗呢吧的了是谁哪怎")
"""Characters that stand between words rather than in them: no bigram with one of them is a word."""

_PARTS = re.compile(r"\S{1,256}|\s+")
_LONG = 64
"""Letters beyond which a word is not remembered with its stem: keys and hexadecimal data come once and take much room."""


def _stems(found: Iterable[str]) -> list[str]:
    return [_remembered_stem(word) if len(word) <= _LONG else _stem(word) for word in found]


@lru_cache(maxsize=65_536)
def _remembered_stem(word: str) -> str:
    return _stem(word)


def _stem(word: str) -> str:
    bare = word.removesuffix("'s").replace("'", "")
    return stem(bare) if _LATIN.fullmatch(bare) else bare


def words(text: str) -> list[str]:
    """The words of ``text`` in order, repeated ones included; of a text of function words only, those.

    >>> words("Where did Ana's children move to?")
    ['ana', 'children', 'move']
    >>> words("搬到里斯本")
    ['搬', '搬到', '到里', '里', '里斯', '斯', '斯本', '本']
    """
    return telling_words(text) or _stems(_all_words(text))


def telling_words(text: str) -> list[str]:
    """The words of ``text`` in order without function words, even where nothing else is left."""
    if text.isascii():
        return _stems([word for word in _ASCII_TOKEN.findall(text.lower()) if word not in _STOP])
    return _stems([word for word in _all_words(text) if word not in _STOP and not _is_particle(word)])


def is_wide(text: str) -> bool:
    """Whether a text is written, in part, without spaces between its words: Chinese, Japanese, Korean."""
    return not text.isascii() and _WIDE.search(text) is not None


def is_chinese(text: str) -> bool:
    """Whether a text has more Chinese characters than words of another script, and neither the kana nor the hangul of Japanese and Korean."""
    if text.isascii() or _KANA_OR_HANGUL.search(text):
        return False
    return len(_HAN.findall(text)) > sum(match[1] is None for match in _TOKEN.finditer(text))


def holds_any(text: str, wanted: AbstractSet[str]) -> bool:
    """Whether one of ``wanted``, which are words of another text, is among the words of ``text``.

    Most words of scripts without spaces are looked for as they stand: naming all words of a long text takes ten times as long.
    """
    standing = {word for word in wanted if is_wide(word) and not _is_particle(word)}
    folded = _folded(text)
    if any(word in folded for word in standing):
        return True
    others = wanted - standing
    return bool(others) and not others.isdisjoint(words(text))


def _folded(text: str) -> str:
    return (text if text.isascii() else _composed(text).replace("\u2019", "'")).casefold()


def _composed(text: str) -> str:
    """NFKC, a part at a time: the time it takes grows with the square of a run of combining marks."""
    return "".join(unicodedata.normalize("NFKC", part) for part in _PARTS.findall(text))


def _is_particle(word: str) -> bool:
    return word in PARTICLES or (len(word) == 2 and not _CJK_ASKING.isdisjoint(word))


def _all_words(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(_folded(text)):
        run = match[1]
        if run is None:
            yield match[0]
        else:
            yield run[0]
            for left, right in pairwise(run):
                yield left + right
                yield right


def speaker_in(text: str) -> str | None:
    """Who speaks in a transcript's line such as ``Ana: see you there``; None where nobody is named."""
    match = _SPEAKER.match(text[:120])
    return match[1] if match and len(match[1].split()) <= 3 else None


def is_question(text: str) -> bool:
    """Whether a text ends by asking."""
    return _ENDS_AS_QUESTION.search(text[-64:]) is not None


def indexed_words(content: str, speaker: str | None) -> str:
    """The words a memory is stored with, as one line."""
    found = words(content)
    if speaker and not content.lstrip().startswith(speaker):
        found = words(speaker) + found
    if is_question(content):
        found.append(QUESTION)
    return " ".join(found)


def same_text(text: str) -> str:
    """The form in which two texts that say the same are equal: NFKC, case folded, white space and final stop dropped."""
    folded = " ".join((text if text.isascii() else _composed(text)).casefold().split())
    return folded.rstrip(" .。!！") or folded
