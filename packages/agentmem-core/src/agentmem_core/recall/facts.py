"""What a predicate says about its subject: one thing at a time, or many."""

from __future__ import annotations

import re
from functools import lru_cache

from agentmem_core.model.things import same_name

_MANY = re.compile(
    r"\b(?:likes?|loves?|enjoys?|hates?|dislikes?|knows?|speaks?|visited|visits|owns?|has|have|plays?|reads?|watche[sd]"
    r"|watch|met|meets|uses?|used|wants?|mentions?|mentioned|eats?|drinks?|friends?|colleagues?|child(?:ren)?|sons?"
    r"|daughters?|siblings?|brothers?|sisters?|allergic|interested|related|members?|part|skills?|hobby|hobbies|pets?"
    r"|teach(?:es)?|manages?|cooks?|works? on|plans?|invest(?:s|ed)|sells?|repairs?|drives?|went|travelled|traveled|attended|joined|worked|lived|stayed|was|were|had|is an?|are an?|follows?|collects?|made|makes|wrote|contains|includes|supports|bought|learns?|learned|studies|studied"
    r"|learning|prefers?|intolerant|graduated|smokes?|cousins?|uncles?|aunts?|auntie|nieces?|nephews?|grand\w+|roommates?|flatmates?|housemates?|neighbou?rs?"
    r"|twins?|coworkers?|classmates?)\b"
    r"|喜欢|喜爱|热爱|讨厌|认识|知道|会说|去过|到过|拥有|有|玩|读过|看过|朋友|同事|孩子|儿子|女儿|兄弟|姐妹|哥哥|弟弟"
    r"|姐姐|妹妹|过敏|感兴趣|使用|想要|提到|吃|喝|属于|包含|支持|买了|学过|爱好|宠物|养|去了|参加|负责|毕业|教|管理|做过|当过|曾"
    r"|计划|打算|在学|^会$|[表堂][哥姐弟妹]|叔叔|阿姨|舅舅|姑姑|侄|外甥|孙|室友|邻居|闺蜜|同学|抽",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:favou?rite|current|main|primary|best|only|latest)\b|最喜欢|最爱|目前|现在|主要"
    r"|^(?:has|have) (?:an? |the )?(?:(?:full|first|last|given|family|job|e-?mail|phone|home|blood|marital|preferred) )*(?:name|age|birthday"
    r"|birth ?date|job|title|employer|role|position|status|e-?mail|address|phone|number|height|weight|salary|nationality|gender|type|priority"
    r"|deadline|version|price|colou?r|size|time ?zone|location|home|residence|language)$",
    re.IGNORECASE,
)


_LEADING = re.compile(r"^(?:(?:is|are|am|has been|have been|now|currently)\s+)+(?!an?\b)|^(?:现在|目前|如今)")
_SAME = {
    "living in": "lives in", "live in": "lives in", "moved to": "lives in", "resides in": "lives in", "based in": "lives in",
    "home is": "lives in", "works for": "works at", "working at": "works at", "working for": "works at",
    "work at": "works at", "employed by": "works at", "employed at": "works at", "employer is": "works at",
    "spouse": "married to", "wife is": "married to", "husband is": "married to", "named": "called", "name is": "called",
    "name": "called", "搬到": "住在", "搬到了": "住在", "搬去": "住在", "居住在": "住在", "家在": "住在", "工作在": "在…工作", "working in": "works in", "work in": "works in",
    "就职于": "在…工作", "任职于": "在…工作", "供职于": "在…工作", "名叫": "叫", "名字是": "叫", "嫁给": "结婚对象", "娶了": "结婚对象",
    "妻子是": "结婚对象", "丈夫是": "结婚对象", "老婆是": "结婚对象", "老公是": "结婚对象", "from": "comes from", "come from": "comes from",
    "works as": "profession is", "working as": "profession is", "work as": "profession is", "employed as": "profession is",
    "job is": "profession is", "occupation is": "profession is",
    "mom is": "mother is", "mum is": "mother is", "dad is": "father is", "girlfriend is": "partner is", "boyfriend is": "partner is",
    "fiance is": "partner is", "fiancee is": "partner is", "工作是": "职业是", "老家是": "来自", "女朋友是": "伴侣是",
    "男朋友是": "伴侣是", "对象是": "伴侣是", "未婚妻是": "伴侣是", "未婚夫是": "伴侣是",
}  # fmt: skip
_ENGLISH = {
    "住在": "lives in", "在…工作": "works at", "职业是": "profession is", "叫": "called", "年龄是": "age is", "生日是": "birthday is", "来自": "comes from",
    "结婚对象": "married to", "伴侣是": "partner is", "饮食是": "diet is", "婚姻状况是": "marital status is", "出生年份是": "birth year is",
    "出生在": "born in", "工作地点是": "works in", "妈妈是": "mother is", "爸爸是": "father is",
}  # fmt: skip
"""What a Chinese predicate of one thing at a time is in English, so that a fact of one language ends one of the other."""


@lru_cache(maxsize=4096)
def same_predicate(predicate: str) -> str:
    """Equal for predicates that say the same of a subject: ``lives in``, ``is living in``, ``moved_to``, 住在."""
    words = same_name(predicate.replace("_", " ").replace("-", " ")).replace("favorite", "favourite")
    bare = _LEADING.sub("", words) or words
    same = _SAME.get(bare, bare)
    return _ENGLISH.get(same, same)


@lru_cache(maxsize=4096)
def holds_many(predicate: str) -> bool:
    """Whether a subject can have several objects of this predicate at once: it likes many things, but lives in one town.

    A favourite is one again.
    """
    words = predicate.replace("_", " ").replace("-", " ")
    return _MANY.search(words) is not None and _ONE.search(words) is None


_SURELY_ONE = re.compile(
    r"^(?:lives in|works at|married to|called|born (?:in|on)|comes from|is aged?|age(?:d| is)?|(?:birthday|age|name|surname|gender"
    r"|height|blood type|job|profession|occupation|employer|hometown|address|phone(?: number)?|e-?mail)(?: is)?)$"
    r"|years? old|住在|在…工作|^叫$|结婚对象|年龄|生日|出生|来自|职业|现居",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:is|are|was|does|do|did|has|have|can|will)(?: not|n't)\b|\b(?:not|never|no longer)\b|不再|没有|不会|不|没",
    re.IGNORECASE,
)
_LIKES = frozenset("like likes love loves enjoy enjoys adore adores 喜欢 喜爱 热爱 爱".split())
_DISLIKES = frozenset("dislike dislikes hate hates detest detests 讨厌 厌恶 反感".split())


@lru_cache(maxsize=4096)
def surely_one(predicate: str) -> bool:
    """Whether a subject has one object of this predicate at a time beyond doubt, so that another object ends the first."""
    same = same_predicate(predicate)
    return _ONE.search(same) is not None or (_SURELY_ONE.search(same) is not None and not holds_many(predicate))


def opposed(one: str, other: str) -> bool:
    """Whether two predicates cannot both hold of one subject and one object: likes and dislikes, eats and does not eat."""
    (kind, denied), (other_kind, other_denied) = _kind(one), _kind(other)
    return kind == other_kind and denied != other_denied


@lru_cache(maxsize=4096)
def _kind(predicate: str) -> tuple[str, bool]:
    """What a predicate says, without a negation, and whether it says that it is not so."""
    same = same_predicate(predicate)
    bare = " ".join(_NOT.sub(" ", same).split())
    denied = bare != same
    if bare in _LIKES or bare in _DISLIKES:
        return "likes", denied ^ (bare in _DISLIKES)
    verb = " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in bare.split())
    return verb or same, denied
