"""A turn's text as sentences that its speaker tells: without code, quotations and tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

READ = 20_000
"""Characters of a turn that are read."""
LONGEST = 400
"""Characters of a sentence; a longer one is passed over."""

_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|<(code|pre)\b.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_CODE_LINE = re.compile(
    r"\s*>|\t| {4,}\S|.*(?:[{};]|=>|==|\w\(\w*\)).*[{};)]\s*$|\s*(?:#include|import \w|def \w|class \w)"
)
_LONG_LINE = 300
"""Characters of a line from which on it is prose, whatever its marks."""
_INLINE = re.compile(r"`[^`\n]{0,300}`|https?://\S+")
_QUOTED = re.compile(
    r"\"([^\"\n]{1,600})\"|\u201c([^\u201d\n]{1,600})\u201d|\u201e([^\u201c\u201d\n]{1,600})[\u201c\u201d]|\u00ab([^\u00bb\n]{1,600})\u00bb"
    r"|\u300c([^\u300d\n]{1,600})\u300d|\u300e([^\u300f\n]{1,600})\u300f|(?<!\w)'([^'\n]{1,300})'(?!\w)"
)
_SPEAKS = re.compile(r"\b(?:I|I'm|we|my|me)\b|[我咱]|[.!?。！？,，]", re.IGNORECASE)
_TASK = re.compile(
    r"\b(?:translate|proof-?read|summari[sz]e|paraphrase|rewrite|rephrase|correct|fix|edit|improve|check)\b.{0,40}"
    r"\b(?:this|these|the following|sentences?|text|paragraph|essay|email|message|grammar)\b"
    r"|\b(?:how (?:do|would|can) (?:you|i|we) say|what does .{0,80} mean|in the style of|role-?play|act as|pretend|you are (?:a|an|my)\b|lyrics?|"
    r"(?:write|draft|compose|make up|create|give me|generate)\b.{0,40}\b(?:story|poem|song|email|letter|bio|essay|dialogue|script|scene|character|"
    r"speech|tweet|post|caption|profile|persona|example|sentences?|message|reply|review|cover letter))\b"
    r"|^\s*(?:translate|translation|example|e\.g\.|for example|quote|subject|input|text|prompt)\s*:"
    r"|\b(?:please|can you|could you|would you|help me)\b[^.!?\n]{0,60}:\s|(?:帮我|帮忙|请|麻烦)[^。！？!?\n]{0,24}[：:]"
    r"|翻译|[翻译]成|翻一下|润色|改写|续写|造句|例句|歌词|台词|角色扮演|你扮演|扮演|你是一个|用.{1,6}怎么说|是什么意思"
    r"|(?:帮我|请|给我)?(?:写|编|生成|拟)(?:一)?(?:个|首|篇|封|段|份|句|条)",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|Inc|Ltd|Co|Corp|vs|etc|approx|No|Mt|Ft)\.(?=\s)")
_SPACES = re.compile(r"[^\S\n]{2,}")
_ENDS = re.compile(r"(?<=[.!?])(?<!\s[A-Z]\.)[\s\"')]+|(?<=[。！？!?…])|\n+|\s+[|•·]\s+|(?<=[a-z0-9])\.\.+\s*")
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_WIDE = {ord(char) + 0xFEE0: char for char in "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_WRITTEN = (
    str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00a0": " ", "\u3000": " ", **dict.fromkeys(_UNSEEN)})
    | _WIDE
)


def sentences(text: str) -> Iterator[str]:
    """The sentences that may state something, in order; none after a task such as a text to translate."""
    text = normalize("NFC", text[:READ].translate(_WRITTEN))
    text = _CODE.sub(" \n ", text)
    text = "\n".join(_SPACES.sub(" ", line) for line in text.split("\n") if not _is_code(line))
    text = _INLINE.sub(" \u2026 ", text)
    text = _DOTTED.sub(r"\1", text)
    text = _QUOTED.sub(_unquoted, text)
    task = _TASK.search(text)
    if task is not None:
        text = text[: _start_of_sentence(text, task.start())]
    for sentence in _ENDS.split(text):
        if sentence and 1 < len(sentence.strip()) <= LONGEST:
            yield sentence.strip()


def _is_code(line: str) -> bool:
    """Whether a line is code, or a quotation marked as in a mail."""
    return _CODE_LINE.match(line[:_LONG_LINE]) is not None if len(line) <= _LONG_LINE else line.lstrip().startswith(">")


def _unquoted(found: re.Match[str]) -> str:
    """A title keeps standing without its marks; what somebody says is taken out."""
    inner = next(part for part in found.groups() if part is not None)
    if len(inner) > 40 or _SPEAKS.search(inner):
        return " \u2026 "
    return inner


def _start_of_sentence(text: str, at: int) -> int:
    return max(text.rfind(mark, 0, at) + 1 for mark in ".!?\n。！？")
