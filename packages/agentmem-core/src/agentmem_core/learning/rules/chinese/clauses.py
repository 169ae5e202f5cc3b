"""A Chinese sentence as clauses with a known subject, without adverbs, negation and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentmem_core.learning.rules.chinese.words import PETS, RELATIVES, SPOUSES
from agentmem_core.learning.rules.times import Dated
from agentmem_core.learning.rules.told import Clause, Stands

_HYPOTHETICAL = re.compile(
    r"如果|要是|假如|假设|假使|倘若|万一|要不是|的话(?:[，,。]|$)|但愿|希望|想象|想像|恨不得|就好了|说不定|可能|也许|或许|没准|梦见|梦到|梦想|若是|即使|就算|哪怕|除非|好像|似乎|应该会|假装|比如|例如|将来|以后想|有一天|总有一天|幻想"
)
_REPORTED = re.compile(
    r"(?<!我)(?<!我跟你)(?<!我都)(?<!我刚)(?<!我刚才)(?<!我已经)(?:说(?!实话|真的|起来|来|英|法|日|韩|中|德|粤|普|俄|西|葡|一口|一点|汉|意|阿|泰|越|广|得)|告诉我|觉得我|认为|以为|据说|听说|声称|宣称|问我|写道|转述|回答|唱)"
)
_LABELLED = re.compile(
    r"^(?!备注|更新|注意|补充|记住|提醒|自我介绍|更正|纠正|另外|对了|我)[\w\u4e00-\u9fff]{1,6}[：:]\s*[我本咱]"
)
"""A line of somebody's in a transcript."""
_TOLD = re.compile(r"我(?:刚才?|已经|之前|都|上次)?(?:跟你|和你|对你)?(?:说过|说了|提过|讲过|告诉过?你了?)[，,：:]?")
_ASKS = re.compile(
    r"[吗嘛么]$(?<!什么)|呢$|什么|哪|谁|怎么|怎样|多少|几(?=岁|点|个|号|月|年)|是不是|有没有|能不能|会不会|要不要|可不可以|为什么|为啥|咋|吧$|难道|帮我|请问|请你|请帮|能否|是否|可以吗|好吗|行吗|对吗"
)
_SAYS_WHAT_TO_CALL = re.compile(
    r"(?:请|以后|你|您|大家|可以|都|就|直接|们|那)*(?:叫|喊|称呼)我[^吗嘛什么谁啥？?]{1,6}吧[。！~～]*"
)
_SPLIT = re.compile(
    r"[，,；;。！!？?\n：:…~～]+|\s+(?=[我\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])\s+|(?:，|,)?(?:但是?|不过|所以|因为|而且|并且|可是|然后|后来)(?=[我他她现住在])|而(?=我)|(?<=不[吃喝抽][\u4e00-\u9fff])(?=也?不[吃喝抽])"
)
_LEAD = re.compile(
    r"(?:哈+|呵+|嘿+|嗨|嗯+|噢|哦|啊|呃|额|唉|哎呀?|对了|其实|那个|就是|你好|您好|大家好|各位好|早上好|晚上好|说实话|老实说|顺便说一下|顺便|另外|而且|但是?|不过|所以|因为|然后|并且|还有|以及|同时|目前|现在|如今|最近|今年|这几年|这些年|补充一下|更正一下|更正|纠正一下|"
    r"提醒一下|记住|请记住|记一下|记得|对|是的|没错|好的?|谢谢|不好意思|抱歉|自我介绍一下|介绍一下|简单介绍一下|先自我介绍|可惜|终于|幸好|幸亏|反正|总之|毕竟|虽然|虽说|尽管|只是|平时|周末|业余|从小|后来|事实上|实际上|话说|说起来|本来|已经)+(?=[我咱本俺叫住搬来有喜讨爱对不没也还在是家养会刚今就都从老])"
)
_KIN = "|".join(sorted([*RELATIVES, *PETS], key=len, reverse=True))
_MINE = re.compile(
    rf"(?:我|我们|咱|咱们|我家|我们家|咱家|俺)(?:的|家的?|有个|那个|养的|那只|这只)?(?P<kin>{_KIN})(?!人)(?P<more>.*)$"
)
_HOUSE = re.compile(r"(?:我家里?|我们家里?|咱家|家里)(?P<more>.+)$")
_ME = re.compile(
    r"(?:我(?:们)?[和跟](?:我)?(?:的)?(?:老婆|老公|家人|妻子|丈夫|女朋友|男朋友|对象|爱人|孩子|父母|爸妈)(?:一起)?|我们?|本人|咱们?|俺)(?:自己|个人|这个人|俩|两个人|全家|一家人?|一直|夫妻)?(?P<more>.+)$"
)
_PRONOUN = re.compile(r"[他她它](?P<more>.+)$")
_ELSE = re.compile(
    r"(?:[他她它你您]们?|大家|人家|有人|别人|对方|这|那|谁|老师|医生|朋友|同事|公司|孩子们|(?:李|王|张|老|小)\w{1,2}(?:说|是|在|有))"
)
_VERBS = re.compile(
    r"(?:(?:现在|目前|如今|就|也|都|还|已经|刚|刚刚|一直|正|正在|今年|名字|平时|不再|不|没|最|很|特别|非常|超|比较|挺|真的|从小|家|老家|职业|工作|专业|生日|平常|以前|曾经|之前|母语|之后|主要|并|又|可|太|有点|从来)*)"
    r"(?:叫|住|现居|坐标|常驻|搬|来自|是(?!不是|的|啊|吗|因为)|在|有|喜欢|讨厌|爱|热爱|对.+过敏|会|买|养|吃|喝|学|读|做|当|姓|从|毕业|\d{1,3}岁|[一二三四五六七八九十]{1,3}岁|.{0,6}岁|就职|任职|从事|担任|老家|家在|专业|职业|工作是|生于|出生|结婚|单身|离婚|开了|退休|去|飞|打算|计划|准备|要|加入|入职|跳槽|离职|辞职|能说|母语|正在学|在学|上|卖|戒|移居|定居|被)"
)
_ADVERBS = re.compile(
    r"(?:就|也|都|还|刚刚|刚|已经|现在|目前|如今|一直|真的|其实|特别|非常|很|挺|超级|超|最近|今年|主要|平时|平常|一般|从小就?|又|才|正|蛮|比较|有点儿?|有些|十分|极其|可|太|尤其|确实|大概|只|仅|依然|仍然|始终|总|总是|全家|终于|早就|早|暂时|常年|长期|独自|一个人|自己|最后|实在|打小|最(?!喜欢的|爱的|常))+"
)
_PAST = re.compile(r"(?:以前|曾经|从前|过去|原来|之前|曾)(?:就|也|都|一直)*")
_INNER_NOT = re.compile(
    r"(?P<about>对.{1,20}?)(?P<since>已经|现在|如今|早就|早)?(?:也|都)?(?P<no>不再|不会再|再也不|不会|不怎么|不太|不|没有|没)(?P<verb>过敏)"
)
_END = re.compile(r"[了呢啊吧哦呀啦哈嘛哟呐滴～~。!！\s]+$")
_SMILEYS = re.compile(
    r"[\u2764\ufe0f\U0001f000-\U0001faff\u2600-\u27bf]+|\[[\u4e00-\u9fff]{1,4}\]|(?:哈哈+|呵呵+|嘿嘿+|呜呜+|hhh+|233+|😂)"
)


_LATIN = re.compile(
    r"(?<=[在是叫于到从去欢吃说用学爱]) +(?=[A-Za-z])|(?<=的) +(?=[A-Z][\w.& ]{0,20}(?:工作|上班|任职|实习))|(?<=[A-Za-z.]) +(?=(?:工作|上班|任职|实习|做|当|读|念|住|生活|居住|定居|的|人|公司|大学))"
)
"""The spaces that are set around Latin words inside of a clause."""


@dataclass(slots=True)
class Persons:
    """Who was spoken of last."""

    me: str
    subject: str = ""
    kind: str = ""
    other: str = ""
    other_kind: str = ""

    def turn_to(self, subject: str, kind: str) -> None:
        self.subject, self.kind = subject, kind
        if kind:
            self.other, self.other_kind = subject, kind


def expanded(sentence: str) -> str:
    """The sentence without smileys and "as I said"."""
    return _TOLD.sub("", _LATIN.sub("", _SMILEYS.sub(" ", sentence))).strip()


def stated(sentence: str) -> bool:
    """Whether a sentence tells what is so: no hypothesis, and nobody else's words."""
    return not any(pattern.search(sentence) for pattern in (_HYPOTHETICAL, _REPORTED, _LABELLED))


def clauses(sentence: Dated, persons: Persons) -> Iterator[Clause]:
    """The clauses of a sentence; those whose subject is not known have none."""
    text = sentence.text
    asks = text.rstrip().endswith(("?", "？"))
    cuts = [*_cuts(text)]
    for number, (start, end) in enumerate(cuts):
        words = text[start:end].strip()
        if (
            not words
            or (_ASKS.search(words) and not _SAYS_WHAT_TO_CALL.fullmatch(words))
            or (asks and number == len(cuts) - 1)
        ):
            continue
        said, times = sentence.part(start, end)
        said, whole = _tidy(said), _tidy(words)
        found = _subject(said, persons)
        if found is None:
            persons.subject = persons.kind = ""
            yield Clause("", persons.me, said, whole, Stands.HOLDS, times)
            continue
        subject, kind, rest = found
        stands, verb = _polarity(rest, words)
        whole_rest = _rest_of(whole)
        yield Clause(subject, persons.me, verb, _END.sub("", whole_rest), stands, times, kind)


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _SPLIT.finditer(text):
        if found.start() > start:
            yield start, found.start()
        start = found.end()
    if start < len(text):
        yield start, len(text)


def _tidy(words: str) -> str:
    words = "".join(words.split()) if not re.search(r"[A-Za-z]\s+[A-Za-z]", words) else " ".join(words.split())
    lead = _LEAD.match(words)
    return words[lead.end() :] if lead is not None else words


def _subject(said: str, persons: Persons) -> tuple[str, str, str] | None:
    mine = _MINE.match(said)
    if mine is not None and mine["more"]:
        kind = mine["kin"]
        subject = f"{persons.me}的{SPOUSES.get(kind, kind)}"
        persons.turn_to(subject, SPOUSES.get(kind, kind))
        return subject, persons.kind, mine["more"].removeprefix("，")
    for pattern in (_HOUSE, _ME):
        me = pattern.match(said)
        if me is not None:
            persons.turn_to(persons.me, "")
            at_home = pattern is _HOUSE and me["more"].startswith(("在", "住"))
            return persons.me, "", f"家{me['more']}" if at_home else me["more"].removeprefix("的")
    who = _PRONOUN.match(said)
    if who is not None:
        if persons.other:
            persons.turn_to(persons.other, persons.other_kind)
            return persons.other, persons.other_kind, who["more"]
        return None
    if persons.subject and not _ELSE.match(said) and _VERBS.match(said):
        return persons.subject, persons.kind, said
    return None


def _rest_of(whole: str) -> str:
    for pattern in (_MINE, _HOUSE, _ME, _PRONOUN):
        found = pattern.match(whole)
        if found is not None and found["more"]:
            return found["more"]
    return whole


def _polarity(rest: str, words: str) -> tuple[Stands, str]:
    """Whether it holds, and the words without negation and adverbs; 不...了 says that it holds no longer."""
    over = re.search(r"了[啊呢吧哦呀啦！!。～~]*$", words) is not None
    said = _END.sub("", rest)
    past = _PAST.match(said)
    if past is not None and not re.match(r"(?:不|没)", said[past.end() :]):
        return Stands.GONE, _bare(said[past.end() :])
    said = _bare(said)
    inner = _INNER_NOT.fullmatch(said)
    if inner is not None:
        gone = over or inner["since"] or "再" in inner["no"]
        return (Stands.GONE if gone else Stands.NOT), f"{inner['about']}{inner['verb']}"
    return _negated(said, over=over)


def _negated(said: str, *, over: bool) -> tuple[Stands, str]:
    """The same, of words that begin with what denies them."""
    if said.startswith(("不再", "再也不", "没再", "不会再")):
        return Stands.GONE, _bare(re.sub(r"^(?:不再|再也不|没再|不会再)", "", said))
    if said.startswith(
        (
            "不是很",
            "不太",
            "不怎么",
            "不大",
            "不是特别",
            "不咋",
            "一点也不",
            "一点都不",
            "从来不",
            "从不",
            "不是",
            "从来没",
            "从没",
            "从未",
        )
    ):
        return Stands.NOT, _bare(
            re.sub(
                r"^(?:不是很|不太|不怎么|不大|不是特别|不咋|一点[也都]不|从来不|从不|不是|从来没有?|从没有?|从未)",
                "",
                said,
            )
        )
    if re.match(r"不(?!错|过|仅|光|但|少)", said):
        return (Stands.GONE if over else Stands.NOT), _bare(said[1:])
    if re.match(r"没(?!错)", said):
        bare = re.sub(r"^没有?", "", said)
        return (Stands.GONE if over else Stands.NOT), f"有{bare}" if not bare.startswith("有") else bare
    return Stands.HOLDS, said


def _bare(said: str) -> str:
    found = _ADVERBS.match(said)
    return said[found.end() :] if found is not None and found.end() < len(said) else said
