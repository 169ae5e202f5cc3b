"""Where a text belongs when nobody says: a small set of rules, in English and Chinese. The first that holds decides."""

from __future__ import annotations

import re

from agentmem_core.model import MemoryType

_STEP = re.compile(
    r"^[^\S\n]*(?:\d{1,2}\s*[.)、．:：]|[(（]\d{1,2}[)）]|step\s+\d{1,2}\b|第[一二三四五六七八九十\d]{1,3}步|步骤\s*[一二三四五六七八九十\d])",
    re.IGNORECASE | re.MULTILINE,
)
_STEPS_IN_LINE = re.compile(
    r"第[一1]步.{1,400}第[二2]步"
    r"|(?:^|[:：])\s*1\s*[.)、．]\s*[^\d\s].{0,400}?(?<!the )(?<![\d.])2\s*[.)、．]\s*[^\d\s]"
    r"|(?:^|[:：])\s*[(（]1[)）].{1,400}?[(（]2[)）]"
    r"|(?:^|[:：])\s*step\s+(?:1|one)\b.{1,400}?\bstep\s+(?:2|two)\b",
    re.IGNORECASE | re.DOTALL,
)
_HOW_TO = re.compile(
    r"^\W*(?:how[ -]to\b|steps?\s*[:：]|steps? (?:to|for)\b|instructions? (?:to|for)\b|recipe (?:for|to)\b|recipe\s*[:：]|procedure (?:to|for)\b)"
    r"|^\W*(?:(?:here|this)(?:['’]s| is) )?how (?:to|i|we|you)\b[^.?!:\n]{1,80}:\s*\S"
    r"|^\W*to \w+[^.?!:]{0,80}:(?!\s*(?:i|you|he|she|it|we|they|there|the|an?|my|your|his|her|its|our|their)\b)[^?]{1,200}(?:[,;.]|\band)\s+then\b"
    r"|^\W*(?:in order )?to \w+[^.?!]{0,80}?[,:]\s*(?:first|start by|begin by|you (?:need|have) to)\b"
    r"|^\W*first\b.{1,400}\bthen\b.{1,400}\b(?:finally|then|last)\b"
    r"|^(?:如何|怎么|怎样)[^？?]*[：:，,。]|^如何[^？?呢吗]{2,}$|^首先.+(?:然后|接着).+(?:最后|再)",
    re.IGNORECASE | re.DOTALL,
)
_HOW_TO_AHEAD = re.compile(r"(?:步骤|做法|方法|教程)(?:如下|是)?\s*[：:]|(?:步骤|做法|方法)是先")
_TO_DO = re.compile(
    r"(?<!\byou )\bremind me\b(?! of\b)|\b(?:can|could|will|would) you (?:please )?remind me\b|^\W*(?:to-?do|to do)\b\s*(?:[:\-–—]|(?:list|today|tomorrow)\b)|^\W*todo\b"
    r"|^\W*(?:please )?(?:do not|don['’]t) forget\b|^\W*(?:please )?remember to\b|\bnote to self\b"
    r"|^\W*reminder\s*[:：\-–—]|^\s*(?:[-*]\s*)?\[ \]\s"
    r"|\bi (?:must|should|(?:need|have) to)(?: not forget| remember) to\b|\bi must(?: not|n['’]t) forget\b"
    r"|提醒我|提醒一下我|待办|^\W*(?:提醒|备忘)(?:事项)?\s*[：:]|^\W*(?:请|我)?(?:要|得)?记住要"
    r"|^\W*(?:请|我)?(?:今天|今晚|明天|明早|后天|周[一二三四五六日天]|下周[一二三四五六日天]?)?(?:我)?(?:要|得)?(?:别忘了|别忘记|不要忘记|不要忘了|记得要?(?!小时候|那时|那年|那天|以前|当时|当年|去年)(?!.*[吗？?]))",
    re.IGNORECASE,
)
_LIKING = re.compile(
    r"\b(?:like|love|enjoy|prefer|hate|dislike|adore|loathe)s?\b(?! to (?:go|do) it\b)|\bfavou?rite\b|\ballergic\b|\bcan['’]t stand\b"
    r"|喜欢|喜爱|讨厌|偏好|更爱|最爱|过敏|受不了",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:look|feel|sound|seem|taste|smell|act|behave)(?:s|ed|ing)?\s+like\b|\bfelt\s+like\b"
    r"|\b(?:is|are|was|were|be|been|it['’]s|something|anything|nothing|more|much|just)\s+like\b"
    r"|(?:\bwould|['’]d)\s+(?:like|love|prefer)\s+to\b",
    re.IGNORECASE,
)
"""Where "like" and "love" say nothing about a taste."""

_HAPPENED = re.compile(
    r"\b(?:yesterday|the day before yesterday|last (?:night|evening|week|weekend|month|(?:mon|tues|wednes|thurs|fri|satur|sun)day)(?! of\b)"
    r"|this (?:morning|afternoon|evening)|earlier today|just now|a moment ago"
    r"|(?:\d{1,4}|an?|one|two|three|four|five|six|seven|a (?:few|couple of)|several) (?:minute|hour|day|week)s? ago)\b"
    r"|昨天|昨晚|昨日|前天|前晚|上周|上星期|上个周末|上个月|上月|今天早上|今早|今天上午|今天下午|今晚|刚才|刚刚"
    r"|[\d一二两三四五六七八九十几]{1,4}\s?(?:分钟|个?小时|天|个?星期|周)(?:之|以)?前",
    re.IGNORECASE,
)
_DATED = re.compile(r"\W*(?:\d{4}-\d{2}-\d{2}\b|\d{4}年\d{1,2}月\d{1,2}[日号])")
_ASKS = re.compile(r"[?？][\s\"'”’»)\]]*$")

_LOOKED_AT = 4_000
"""Characters of a text that are looked at; what it is shows early."""

# What a rule cannot hold without. Looking for these costs a tenth of asking the rules, and most texts hold none of them.
_TO_DO_WORDS = (
    "remind", "to do", "todo", "to-do", "forget", "remember", "note to", "[ ]", "提醒", "待办", "忘", "记得", "记住",
)  # fmt: skip
_LIKING_WORDS = (
    "like", "love", "enjoy", "prefer", "hate", "adore", "loathe", "favo", "allergic", "stand",
    "喜", "讨厌", "偏好", "爱", "过敏", "受不了",
)  # fmt: skip
_HAPPENED_WORDS = ("yesterday", "last ", "this ", "earlier", "just now", " ago", "昨", "前", "上", "今", "刚")


def _holds(low: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - half the time of any()
        if word in low:
            return True
    return False


def route(text: str) -> tuple[MemoryType, str]:
    """The type of a plain text, and the rule that says so."""
    head = text[:_LOOKED_AT]
    low = head.lower()
    wide = not head.isascii()
    counted = ("1" in low and "2" in low) or (wide and "步" in low) or "step one" in low
    if ("\n" in head and len(_STEP.findall(head)) >= 2) or (counted and _STEPS_IN_LINE.search(head)):
        return MemoryType.PROCEDURAL, "numbered steps"
    if _holds(low, _TO_DO_WORDS) and _TO_DO.search(head):
        return MemoryType.WORKING, "something to do"
    if (_HOW_TO.match(head) or (wide and _HOW_TO_AHEAD.search(head))) and not _ASKS.search(head):
        return MemoryType.PROCEDURAL, "how something is done"
    if _holds(low, _LIKING_WORDS) and _LIKING.search(_COMPARED.sub(" ", head)):
        return MemoryType.SEMANTIC, "a liking"
    if (_DATED.match(head) or (_holds(low, _HAPPENED_WORDS) and _HAPPENED.search(head))) and not _ASKS.search(head):
        return MemoryType.EPISODIC, "something that happened"
    return MemoryType.SEMANTIC, "a statement"
