"""Likes, allergies, diets, languages and dated plans."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.chinese.words import LANGUAGES, PLACES
from agentmem_core.learning.rules.times import in_chinese
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told

_LIKES = re.compile(
    r"(?:的?爱好(?:是|有|包括)?|喜欢|热爱|喜爱|酷爱|钟爱|痴迷于?|迷上了?|着迷于|爱上了?|偏爱|爱(?=吃|喝|看|听|玩|打|跳|唱|读|写|做|逛|运动|旅|画|爬|跑|游|拍|骑|弹|钓|养|睡))(?:上了?)?(?P<what>.+)"
)
_HATES = re.compile(r"(?:讨厌|厌恶|受不了|反感|痛恨|不喜欢|恨)(?P<what>.+)")
_NOT_LIKED = re.compile(r"(?:喜欢|爱)(?P<what>.+)")
_FAVOURITE = re.compile(
    r"(?:现在|目前|如今|其实|一直|还是|也|就|今年|最近)*最(?:喜欢|爱|喜爱)的(?P<kind>[\w\u4e00-\u9fff]{1,8}?)(?:一直|就|还|应该|肯定)?是(?P<what>.+)"
)
_MY_FAVOURITE = re.compile(
    r"(?P<what>[\w\u4e00-\u9fff《》]{1,20}?)是我最(?:喜欢|爱|喜爱)的(?P<kind>[\w\u4e00-\u9fff]{1,8})"
)
_ALLERGIC = re.compile(r"对(?P<what>.+?)(?:严重|重度|轻微|有点|会|都|也|还|很|非常|特别)*过敏")
_ALLERGY = re.compile(r"(?P<what>(?!皮肤|鼻子|容易|很|会|有|经常|季节|体质|没|什么)[\u4e00-\u9fff、]{1,8}?)过敏")
_DENIED = re.compile(r"(?:不|没|不会|没有|不再|不太|不怎么)$")
_INTOLERANT = re.compile(r"(?:对)?(?P<what>乳糖|麸质|果糖|酒精|咖啡因)不耐受?")
_DIET = re.compile(
    r"(?:是|一直)?(?:个|一个|一名)?(?P<what>吃素|素食主义者|素食者|素食主义|纯素食?主义?者?|吃纯素|吃全素|吃斋|吃清真|清真)(?:(?:已经|快|有)*(?:[一两二三四五六七八九十几\d]{1,3}(?:多)?(?:年|个月|周)))?"
)
_DIETS = {
    "吃素": "素食",
    "素食主义者": "素食",
    "素食者": "素食",
    "素食主义": "素食",
    "吃斋": "素食",
    "吃清真": "清真",
    "清真": "清真",
}
_EATS = re.compile(r"(?:能|可以|敢)?(?P<verb>吃|喝|抽)(?P<what>[\w\u4e00-\u9fff、]{1,14})")
_NO_FOOD = re.compile(
    r"^(?:了|饭|早饭|午饭|晚饭|早餐|午餐|晚餐|东西|下|完|惯|到|药|亏|这|那|醋|得|过|多|起|什么|不|太|一|出|上|就|着|他|你|我)|[的了]$"
)
_QUIT = re.compile(r"(?:戒了?|戒掉了?)(?P<what>酒|烟|咖啡|奶茶|糖|肉)(?:了)?(?:\S{1,3}年|\S{1,3}个月)?")
_SPEAKS = re.compile(
    r"(?:会|能|可以)(?:流利地?|熟练地?)?(?:说|讲|用)?(?:一口流利的|流利的|一点点?儿?|一些|点儿?)?(?P<what>.+)"
)
_NATIVE = re.compile(r"的?母语是(?P<what>.+)")
_LEARNS = re.compile(r"(?:正?在|在|开始|正)(?:自)?学(?:习)?(?:着)?(?P<what>[\w\u4e00-\u9fff、]{2,12})")
_PLAYS = re.compile(r"会(?P<what>(?:弹|拉|吹|打|踢|下|敲)[\w\u4e00-\u9fff]{1,6})")
_AND = re.compile(r"、|以及|还有|和(?!平|服|谐|牛(?!奶|肉|排|油))|跟|与|及|,|，")
_POINTS = re.compile(
    r"^(?:你|他|她|它|这|那|什么|怎么|我|别人|被|有人|一个人的|上了?你)|你|(?<![吉其])他|她|这个|那个|这种|那种|这样|那样|的样子|的时候|的感觉|的人$|^.$(?<![\u4e00-\u9fff])"
)

_GOES = re.compile(
    r"(?:要|会|打算|计划|准备|得|将|将要|即将|就要|和\S{1,6}?|跟\S{1,6}?|一起|全家|想好了|约好|坐(?:飞机|高铁|火车)|开车|出发)*(?:飞往|飞去|飞到|飞回|飞|前往|去|到|回)(?P<place>[\u4e00-\u9fff]{2,8}?|[A-Z][\w ]{1,20})(?P<verb>出差|旅游|旅行|玩|看|见|开会|参加|体检|上学|读书|度假|面试|考试|留学|办事|工作|实习|拜访|探亲|看病|复查|演出|比赛|蜜月|度蜜月|过年|过节|爬山|滑雪|潜水|听|拿|取|接|学|做|办|聚会|吃饭)?(?P<rest>[\w\u4e00-\u9fff]{0,12})"
)
_DOES = re.compile(r"(?:要|打算|计划|准备|会|得|将|将要|即将|就要)(?P<what>[\w\u4e00-\u9fff]{2,14})")
_EVENT = re.compile(
    r"有(?:一)?(?:个|场|次|门|台|节)?(?P<what>[\w\u4e00-\u9fff]{0,8}?(?:面试|会议|考试|手术|约会|婚礼|航班|体检|预约|聚会|比赛|演出|演唱会|答辩|聚餐|培训|讲座|展览|家长会|开会|会诊|飞机|高铁|课))(?:要\S{1,4})?"
)
_NOT_GOALS = (
    "哪",
    "这",
    "那",
    "他",
    "你",
    "她",
    "我",
    "找",
    "买",
    "看",
    "吃",
    "睡",
    "上班",
    "年",
    "死",
    "过",
    "了",
    "时候",
    "底",
    "做",
    "拿",
    "取",
    "接",
    "送",
    "楼",
    "一",
)
_SURELY = re.compile(
    r"(?:要|就要)?(?P<what>结婚|举行婚礼|办婚礼|订婚|毕业|入职|动手术|做手术|搬家|开学|考试|答辩|体检|考驾照|考研|高考|生孩子)"
)
_MOVES = re.compile(r"(?:要|会|打算|计划|准备|将|就要|即将)?搬(?:家)?(?:到|去|回)(?P<place>[\u4e00-\u9fff]{2,8})")
_VAGUE = re.compile(
    r"^(?:是|说|想|问|看看|不|没|死|走|睡|有|被|给你|告诉|和你|跟你|好好|再|来|去|回来|到|知道|怎么|先|试|加班|起床|早起)|你|吗|什么|怎么|下雨|下雪"
)


def _items(text: str, *, most: int = 10) -> list[str]:
    found = [part.strip("《》了呢啊 ") if "《" not in part else part.strip() for part in _AND.split(text)]
    if not found or any(not part or len(part) > most or _POINTS.search(part) for part in found):
        return []
    return found


def liking(clause: Clause) -> Iterator[Told]:
    """我喜欢爬山和摄影, 我最讨厌香菜, 我不太喜欢喝咖啡."""
    if not clause.subject or "最喜欢的" in clause.whole or "最爱的" in clause.whole:
        return
    hates = _HATES.fullmatch(clause.said)
    likes = _LIKES.fullmatch(clause.said) if hates is None else None
    if clause.stands is Stands.HOLDS and hates is not None:
        yield from _tastes(clause, "不喜欢", hates["what"])
    elif clause.stands is Stands.HOLDS and likes is not None:
        yield from _tastes(clause, "喜欢", likes["what"])
    elif clause.stands is Stands.NOT and (disliked := _NOT_LIKED.fullmatch(clause.said)):
        yield from _tastes(clause, "不喜欢", disliked["what"])
    elif clause.stands is Stands.GONE and likes is not None:
        yield from _tastes(clause, "喜欢", likes["what"], gone=True)


def _tastes(clause: Clause, predicate: str, what: str, *, gone: bool = False) -> Iterator[Told]:
    if what.startswith("不"):
        return
    what = re.split(r"因为|所以|胜过|多过|比起", what)[0]
    for item in _items(what):
        text = f"{clause.subject}{'不再' * gone}{predicate}{item}"
        yield Told(clause.subject, predicate, item, text, 0.85, retracted=gone)


def favourite(clause: Clause) -> Iterator[Told]:
    """我最喜欢的电影是霸王别姬."""
    if clause.subject and clause.holds:
        found = _FAVOURITE.fullmatch(clause.whole)
        who = clause.subject
    else:
        found = _MY_FAVOURITE.fullmatch(clause.whole) if not clause.subject else None
        who = clause.me
    if (
        found is None
        or found["kind"] in {"事", "人", "就", "一个"}
        or _POINTS.search(found["what"])
        or len(found["what"]) > 24
    ):
        return
    kind = re.sub(r"^一(?:部|本|首|个|种|道)", "", found["kind"])
    what = found["what"].strip("了啊呢")
    yield Told(who, f"最喜欢的{kind}是", what, f"{who}最喜欢的{kind}是{what}", 0.95)


def body(clause: Clause) -> Iterator[Told]:
    """我对花生过敏, 我吃素, 我不再吃肉了, 我戒烟了."""
    if not clause.subject:
        return
    who = clause.subject
    gone = clause.stands is Stands.GONE
    allergic = (_ALLERGIC.fullmatch(clause.said) or _ALLERGY.fullmatch(clause.said)) if clause.holds or gone else None
    intolerant = _INTOLERANT.fullmatch(clause.said) if clause.holds else None
    if intolerant is not None:
        what = intolerant["what"]
        yield Told(who, "对…不耐受", what, f"{who}对{what}不耐受", 0.95)
    for item in _items(allergic["what"]) if allergic and not _DENIED.search(allergic["what"]) else []:
        yield Told(who, "对…过敏", item, f"{who}{'不再' * gone}对{item}过敏", 0.95, retracted=gone)
    diet = _DIET.fullmatch(clause.said)
    if diet is not None and clause.stands is not Stands.NOT:
        what = _DIETS.get(diet["what"], "纯素")
        yield Told(who, "饮食是", what, f"{who}{'不再' * gone}吃{what.removesuffix('食')}", 0.93, retracted=gone)
        return
    quit_ = _QUIT.fullmatch(clause.said) if clause.holds else None
    for part in re.split(r"也?不(?=[吃喝抽])", clause.said) if not clause.holds else ():
        eats = _EATS.fullmatch(part) if "不" not in part else None
        if eats is not None and not _NO_FOOD.search(eats["what"]):
            yield from _given_up(who, eats["verb"], _items(eats["what"], most=6), gone=gone)
    if quit_ is not None:
        verb = {"酒": "喝", "烟": "抽", "咖啡": "喝", "奶茶": "喝"}.get(quit_["what"], "吃")
        yield from _given_up(who, verb, [quit_["what"]], gone=True)


def _given_up(who: str, verb: str, items: list[str], *, gone: bool) -> Iterator[Told]:
    for item in items:
        if gone:
            yield Told(who, verb, item, f"{who}不再{verb}{item}", 0.9, retracted=True)
        yield Told(who, f"不{verb}", item, f"{who}不{verb}{item}", 0.9)


def speaking(clause: Clause) -> Iterator[Told]:
    """我会说英语和一点日语, 我在学西班牙语, 我会弹钢琴."""
    if not clause.subject or not clause.holds:
        return
    who = clause.subject
    spoken = _SPEAKS.fullmatch(clause.said) or _NATIVE.fullmatch(clause.said)
    for part in _AND.split(spoken["what"]) if spoken else []:
        language = re.sub(r"^(?:一点点?儿?|一些|流利的?|简单的|基础的?|会?说|讲)", "", part.strip())
        if language in LANGUAGES:
            yield Told(who, "会说", language, f"{who}会说{language}", 0.93)
    learns = _LEARNS.fullmatch(clause.said)
    if learns is not None:
        for item in _items(learns["what"]):
            if not re.search(r"校|怎么|如何|习惯$", item):
                yield Told(who, "在学", item, f"{who}在学{item}", 0.88)
    plays = _PLAYS.fullmatch(clause.said)
    if plays is not None:
        yield Told(who, "会", plays["what"], f"{who}会{plays['what']}", 0.85)


def planning(clause: Clause) -> Iterator[Told]:
    """下周三我要去上海出差, 我明天有个面试."""
    span = clause.times.coming
    if span is None or not clause.subject or not clause.holds:
        return
    who, when = clause.subject, in_chinese(span)
    said = re.sub(r"[在于]$", "", clause.said)
    moves = _MOVES.fullmatch(said)
    if moves is not None and (moves["place"] in PLACES or not moves["place"].startswith(_NOT_GOALS)):
        town = moves["place"]
        yield Told(who, "计划搬到", town, f"{who}计划{when}搬到{town}", 0.9, on=span.start)
        return
    found = _GOES.fullmatch(said)
    if found is not None and not found["place"].startswith(_NOT_GOALS):
        place = _longest_place(found["place"] + (found["verb"] or "") + found["rest"]) or found["place"]
        rest = (found["place"] + (found["verb"] or "") + found["rest"]).removeprefix(place)
        yield Told(who, "计划去", place, f"{who}计划{when}去{place}{rest}", 0.9, on=span.start)
        return
    event = _EVENT.fullmatch(said)
    if event is not None:
        yield Told(who, "计划", event["what"], f"{who}{when}有{event['what']}", 0.9, on=span.start)
        return
    does = _SURELY.fullmatch(said) or _DOES.fullmatch(said)
    if does is not None and not _VAGUE.search(does["what"]):
        yield Told(who, "计划", does["what"], f"{who}计划{when}{does['what']}", 0.82, on=span.start)


def _longest_place(text: str) -> str | None:
    return next((text[:size] for size in range(min(6, len(text)), 1, -1) if text[:size] in PLACES), None)


FORMS: tuple[Form, ...] = (liking, favourite, body, speaking, planning)
