"""What a predicate says about its subject: one thing at a time, or many."""

from __future__ import annotations

import re

_MANY = re.compile(
    r"\b(?:likes?|loves?|enjoys?|hates?|dislikes?|knows?|speaks?|visited|visits|owns?|has|have|plays?|reads?|watche[sd]"
    r"|watch|met|meets|uses?|used|wants?|mentions?|mentioned|eats?|drinks?|friends?|colleagues?|child(?:ren)?|sons?"
    r"|daughters?|siblings?|brothers?|sisters?|allergic|interested|related|members?|part|skills?|hobby|hobbies|pets?"
    r"|follows?|collects?|made|makes|wrote|contains|includes|supports|bought|learns?|learned|studies|studied)\b"
    r"|喜欢|喜爱|热爱|讨厌|认识|知道|会说|去过|到过|拥有|有|玩|读过|看过|朋友|同事|孩子|儿子|女儿|兄弟|姐妹|哥哥|弟弟"
    r"|姐姐|妹妹|过敏|感兴趣|使用|想要|提到|吃|喝|属于|包含|支持|买了|学过|爱好|宠物",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:favou?rite|current|main|primary|best|only|latest)\b|最喜欢|最爱|目前|现在|主要", re.IGNORECASE)


def holds_many(predicate: str) -> bool:
    """Whether a subject can have several objects of this predicate at once: it likes many things, but lives in one town.

    A favourite is one again.
    """
    words = predicate.replace("_", " ").replace("-", " ")
    return _MANY.search(words) is not None and _ONE.search(words) is None
