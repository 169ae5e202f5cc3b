"""Who somebody is, where they live, what they do, whom and what they have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.chinese.phrases import firm_in_town, is_full_name, job_of, name_of, org_of, place_of
from agentmem_core.learning.rules.chinese.words import (
    KIN_COUNTED,
    OWNED,
    PETS,
    PLACE_ENDS,
    PLACES,
    RELATIVES,
    SPOUSES,
    UNIVERSITIES,
)
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told
from agentmem_core.recall.when.calendar import DAY
from agentmem_core.recall.when.chinese_forms import number_of

_NAME = r"(?P<name>[\u4e00-\u9fff·]{1,6}?|[A-Za-z][A-Za-z' .-]{0,30}?)"
_CALLED = re.compile(
    rf"(?:的?(?:名字|大名|全名|姓名|小名|英文名)?(?:叫做?|是叫|就叫|是)|的?(?:名字|大名|全名|姓名|小名|英文名)(?:叫做?|是)?)[:：]?{_NAME}"
)
_CALL_ME = re.compile(
    rf"(?:你|您|大家|朋友们?|可以|都|就|请|以后|直接|那|们)*(?:叫|喊|称呼)我{_NAME}(?:就行|就好|就可以|即可|吧|好|就好了|就行了)?"
)
_ERRAND = re.compile(
    r"(?:妈|爸|爷|奶|哥|姐|弟|妹|老公|老婆|儿子|女儿|家人).|.*(?:接|来|去|回|起床|打|吃|帮|看|听|等|给|一声)"
)
"""Who is called for something: 叫我妈接电话."""
_AGE = re.compile(
    r"(?:的?年龄是|年纪是|满|是)?(?P<age>[0-9]{1,3}|[一二三四五六七八九十两]{1,3})(?:周)?岁(?:半|多)?(?:的人)?"
)
_BIRTHDAY = re.compile(r"的?生日(?:就)?是?在?")
_BORN = re.compile(
    r"是?(?:出生|生)(?:(?:于|在)(?P<place>[\u4e00-\u9fff]{2,10}?))?的?|是?在(?P<town>[\u4e00-\u9fff]{2,8}?)(?:出生的?|生的)"
)
_HOME = re.compile(
    r"(?:一家)?(?:从(?!来|没|未|不)[\u4e00-\u9fff]{2,8}?)?(?:(?:现居住?|旅居|常驻|坐标|住|居住|定居|生活|安家|落户|常住)(?:在|于)?|家(?:住|在)|移居到?|搬(?:家)?(?:到|去|来|回|至)了?|迁(?:居|移)?到了?|回到?了?(?=[\u4e00-\u9fff]{2,6}定居))(?P<place>(?!过)[\u4e00-\u9fff]{2,12}|[A-Za-z][\w ]{1,30}?)(?:居住|生活|定居|住|这边|那边)?"
)
_LIVED = re.compile(r"在(?P<place>[\u4e00-\u9fff]{2,10}?)(?:住|居住|生活|定居)")
_FROM = re.compile(
    r"(?:来自|老家(?:是|在)?|的?(?:家乡|故乡|老家)(?:是|在)|籍贯是?|从(?=[\u4e00-\u9fff]{2,8}(?<![回过出下上进起])来$))(?P<place>[\u4e00-\u9fff]{2,10}?)(?:来的?|农村|人)?"
)
_NATIVE = re.compile(r"(?:是|算是)(?:土生土长的|地道的|正宗的?|个|一个)?(?P<place>[\u4e00-\u9fff]{2,6}?)人的?")
_NOT_NATIVE = (
    "好",
    "男",
    "女",
    "本地",
    "当地",
    "外地",
    "外国",
    "年轻",
    "老",
    "普通",
    "内向",
    "外向",
    "一个",
    "大",
    "中年",
    "成年",
    "新",
    "北方",
    "南方",
    "双",
    "名",
    "主",
    "客",
    "什么",
    "懒",
    "怪",
    "工",
    "军",
    "商",
)

_IN_ORG = re.compile(
    r"在(?:一家|一个|一所)?(?:(?:\S{0,6}?)?(?:叫做?|名叫|叫作)(?P<called>[\w\u4e00-\u9fff·]{1,20}?)的\S{1,8}?|(?P<org>[\w\u4e00-\u9fff·&. ]{1,24}?))(?P<verb>工作|上班|任职|就职|供职|实习|做事|打工|担任|当|做|干)(?P<job>[\w\u4e00-\u9fff]{0,16})"
)
_WORKING = frozenset({"工作", "上班", "打工", "实习", "任职", "就职"})
_AT_ORG = re.compile(
    r"(?:就职于|任职于|供职于|受雇于|加入了?|入职了?|跳槽(?:到|去)了?|进了)(?P<org>[\w\u4e00-\u9fff·&. ]{2,24}?)(?:工作|上班|公司的团队)?(?:(?:当|做|担任)(?P<job>\S{1,12}))?"
)
_LEFT = re.compile(
    r"(?:从(?P<from>[\w\u4e00-\u9fff·&. ]{2,20}?)(?:离职|辞职|离开|跳槽|退休|出来|跑路|裸辞|被裁)|被(?P<by>[\w\u4e00-\u9fff·&. ]{2,20}?)(?:裁员|裁|辞退|开除|解雇|优化)|(?:辞掉|辞去|辞)了?(?:在)?(?P<quit>[\w\u4e00-\u9fff·&. ]{2,20}?)的(?:工作|职务|职位))"
)
_JOB = re.compile(
    r"(?:是|做|当|从事|担任|成为|的?(?:职业|工作|本职|本职工作|职位|岗位)(?:就)?是|转行做|转行当|改行做)(?:了)?(?:一)?(?:名|个|位)?(?P<job>[\w\u4e00-\u9fff]{1,14}?)(?:工作|的工作|行业|的)?"
)
_STUDIES = re.compile(
    r"在(?P<school>[\w\u4e00-\u9fff]{1,16}?(?:大学|学院|中学|一中|高中|学校|小学|清华|北大|复旦|浙大|交大|人大|武大|科大|师大|哈佛|牛津|剑桥|斯坦福|麻省理工))(?:上学|就读|攻读|读书|学习|读|念|学|上)(?P<what>[\w\u4e00-\u9fff]{0,16})"
)
_ENROLLED = re.compile(
    r"(?:就读于|考上了?|是)(?P<school>[\w\u4e00-\u9fff]{2,16}?(?:大学|学院))(?P<what>[\w\u4e00-\u9fff]{0,12}?)(?:的)?(?:专业|系)?(?:的)?(?:大[一二三四])?(?:学生|研究生|本科生|博士生|新生)?"
)
_GRADUATED = re.compile(
    r"毕业于(?P<school>[\w\u4e00-\u9fff]{1,14}?(?:大学|学院|中学|高中))[\w\u4e00-\u9fff]{0,10}|(?:是)?(?:从|在)?(?P<named>[\w\u4e00-\u9fff]{1,14}?(?:大学|学院))毕业的?"
)
_MAJOR = re.compile(
    r"(?:的?专业是|主修|攻读|(?:大学|本科|研究生|硕士|博士)?(?:期间|时)?(?:读|学|念)的是|是学)(?P<what>[\w\u4e00-\u9fff]{2,12}?)(?:专业|的)?"
)
_LEVELS = (
    "书",
    "大学",
    "研究生",
    "博士",
    "本科",
    "研",
    "硕士",
    "高中",
    "初中",
    "博",
    "学",
    "大一",
    "大二",
    "大三",
    "大四",
    "研一",
    "研二",
    "习",
    "高一",
    "高二",
    "高三",
    "",
)

_CLASSES = "家|只|条|辆|台|部|套|栋|匹|架|间|艘|把|头|个|双|座|枚|块|幢"
_HAS = re.compile(
    rf"(?:(?:有|养)(?:着|了|过)?|买了?|开了|入手了?|领养了?|收养了?|生了|提了)(?P<count>[一两二三四五六七八九十几\d]{{1,3}})?(?P<class>{_CLASSES})?(?P<thing>[\w\u4e00-\u9fff ]{{1,16}})"
)
_COUNTED_ON = re.compile(rf"(?:和|跟|以及|还有|、)(?=[一两二三四五六七八九十几\d]{{1,3}}(?:{_CLASSES}))")
"""Between things that are counted one by one: 两只猫和一条狗."""
_SOLD = re.compile(
    r"(?:把|将)?(?:我的|我们的|自己的|那(?:辆|台|套|部)|我家的)?(?P<thing>[\w\u4e00-\u9fff]{1,10}?)(?:给)?(?:卖掉|卖|送人|扔|转手|出掉|处理掉|报废|出)了?|(?:卖掉|卖|处理掉|转手)了?(?:我的|自己的|那(?:辆|台|套|部))?(?P<sold>[\w\u4e00-\u9fff]{1,10})"
)
_DIED = re.compile(r"(?:死|去世|走丢|病死|老死|去喵星|去汪星)(?:掉|了)*|不在了?")
_MARRIED = re.compile(r"(?:和\S{1,8})?(?:是)?(?P<what>结婚|已婚|单身|离婚|离异|未婚|订婚)(?:了|的|人士|状态|狗)?")
_STATES = {"结婚": "已婚", "离异": "离婚"}


def name(clause: Clause) -> Iterator[Told]:
    """我叫王小明, 叫我小李就行, 我老婆叫陈静."""
    me = clause.me
    call = _CALL_ME.fullmatch(clause.said) if not clause.subject else _CALL_ME.fullmatch(clause.whole)
    if call is not None and (called := name_of(call["name"])) and not _ERRAND.match(called):
        yield Told(me, "叫", called, f"{me}叫{called}", 0.9)
        return
    if not clause.subject or not clause.holds:
        return
    found = _CALLED.fullmatch(clause.said)
    called = name_of(found["name"]) if found else None
    if found is None or called is None or (clause.said.startswith("是") and job_of(called) is not None):
        return
    if not clause.said.lstrip("的").startswith(
        ("叫", "名", "大", "全", "姓", "小", "英", "是叫", "就叫")
    ) and not is_full_name(called):
        return
    if clause.mine:
        yield Told(me, "叫", called, f"{me}叫{called}", 0.8 if clause.said.startswith("是") else 0.95)
    elif clause.kind in PETS:
        yield Told(clause.subject, "叫", called, f"{clause.subject}叫{called}", 0.95, exclusive=False)
    elif clause.kind in RELATIVES or clause.kind in SPOUSES.values():
        yield Told(me, f"{clause.kind}是", called, f"{clause.subject}叫{called}", 0.95)


def age(clause: Clause) -> Iterator[Told]:
    """我今年28岁, 我女儿五岁了."""
    if not clause.subject or not clause.holds or "快" in clause.whole[:6]:
        return
    found = _AGE.fullmatch(clause.said)
    years = number_of(found["age"]) if found else 0
    if 0 < years < 120:
        yield Told(clause.subject, "年龄是", str(years), f"{clause.subject}{years}岁", 0.95, since=clause.times.said_at)


def birthday(clause: Clause) -> Iterator[Told]:
    """我生日是5月3号, 我1990年出生."""
    if not clause.subject or not clause.holds:
        return
    day = next((span for span in clause.times.spans if span.grain == DAY), None)
    born = _BORN.fullmatch(clause.said)
    if day is not None and (born or _BIRTHDAY.fullmatch(clause.said)):
        written = f"{day.start.month}月{day.start.day}日"
        yield Told(clause.subject, "生日是", written, f"{clause.subject}的生日是{written}", 0.95)
    year = next((span for span in clause.times.spans if span.explicit), None)
    if born is not None and year is not None:
        yield Told(
            clause.subject, "出生年份是", str(year.start.year), f"{clause.subject}出生于{year.start.year}年", 0.93
        )
    if born is not None and (town := place_of(born["place"] or born["town"])):
        yield Told(clause.subject, "出生在", town, f"{clause.subject}出生在{town}", 0.93)


def home(clause: Clause) -> Iterator[Told]:
    """我住在北京, 我搬到了里斯本, 我来自武汉."""
    if not clause.subject or clause.stands is Stands.NOT:
        return
    who, gone = clause.subject, clause.stands is Stands.GONE
    found = _HOME.fullmatch(clause.said) or _LIVED.fullmatch(clause.said)
    town = place_of(found["place"]) if found else None
    if town is not None:
        text = f"{who}{'不再' * gone}住在{town}"
        yield Told(who, "住在", town, text, 0.9, retracted=gone, since=None if gone else clause.times.since)
        return
    for pattern in (_FROM, _NATIVE):
        found = pattern.fullmatch(clause.said)
        if found is None or not clause.holds or (pattern is _NATIVE and found["place"].startswith(_NOT_NATIVE)):
            continue
        town = place_of(found["place"])
        if town and (pattern is _FROM or town in PLACES or town[-1] in PLACE_ENDS):
            yield Told(who, "来自", town, f"{who}来自{town}", 0.92)
            return


def work(clause: Clause) -> Iterator[Told]:
    """我在腾讯做产品经理, 我从阿里离职了, 我是一名护士."""
    if not clause.subject or clause.stands is Stands.NOT:
        return
    left = _LEFT.fullmatch(clause.said)
    if left is not None and clause.holds:
        org = org_of(left["from"] or left["by"] or left["quit"])
        if org:
            yield Told(clause.subject, "在…工作", org, f"{clause.subject}不再在{org}工作", 0.92, retracted=True)
        return
    found = _IN_ORG.fullmatch(clause.said) or _AT_ORG.fullmatch(clause.said)
    gone = clause.stands is Stands.GONE
    if found is not None:
        org = org_of(found.groupdict().get("called") or found["org"])
        if org and (found.re is _AT_ORG or found["verb"] not in {"当", "做", "干", "担任"} or job_of(found["job"])):
            text = f"{clause.subject}{'不再' * gone}在{org}工作"
            yield Told(
                clause.subject, "在…工作", org, text, 0.9, retracted=gone, since=None if gone else clause.times.since
            )
        elif org is None and found.re is _IN_ORG:
            yield from _workplace(clause, found)
            yield from _firm_in_town(clause, found)
        yield from _trade(clause, job_of(found["job"]))
        return
    if clause.said in {"退休", "失业", "待业"} and clause.holds:
        yield Told(clause.subject, "职业是", clause.said, f"{clause.subject}{clause.said}了", 0.85)
        return
    trade = _JOB.fullmatch(clause.said)
    yield from _trade(clause, job_of(trade["job"]) if trade else None)


def _workplace(clause: Clause, found: re.Match[str]) -> Iterator[Told]:
    """The town where somebody works: 我在深圳工作."""
    town = (found["org"] or "").strip()
    known = town in PLACES or (town.endswith(tuple(PLACE_ENDS)) and town.startswith(tuple(PLACES)))
    works = found["verb"] in _WORKING and not found["job"]
    if not known or not (works or job_of(found["job"])):
        return
    gone = clause.stands is Stands.GONE
    text = f"{clause.subject}{'不再' * gone}在{town}工作"
    since = None if gone else clause.times.since
    yield Told(clause.subject, "工作地点是", town, text, 0.9, retracted=gone, since=since)


def _firm_in_town(clause: Clause, found: re.Match[str]) -> Iterator[Told]:
    """我在深圳的腾讯工作; who no longer does may still work in the one or for the other."""
    both = firm_in_town(found["org"])
    if (
        both is None
        or clause.stands is Stands.GONE
        or not (job_of(found["job"]) or (found["verb"] in _WORKING and not found["job"]))
    ):
        return
    (town, firm), since = both, clause.times.since
    yield Told(clause.subject, "在…工作", firm, f"{clause.subject}在{firm}工作", 0.9, since=since)
    yield Told(clause.subject, "工作地点是", town, f"{clause.subject}在{town}工作", 0.9, since=since)


def _trade(clause: Clause, trade: str | None) -> Iterator[Told]:
    if trade:
        gone = clause.stands is Stands.GONE
        yield Told(
            clause.subject,
            "职业是",
            trade,
            f"{clause.subject}{'不再是' if gone else '的职业是'}{trade}",
            0.9,
            retracted=gone,
        )


def studies(clause: Clause) -> Iterator[Told]:
    """我在复旦大学读计算机专业, 我的专业是物理."""
    if not clause.subject or not clause.holds:
        return
    graduated = _GRADUATED.fullmatch(clause.said)
    if graduated is not None:
        school = graduated["school"] or graduated["named"]
        yield Told(clause.subject, "毕业于", school, f"{clause.subject}毕业于{school}", 0.92)
        return
    found = _STUDIES.fullmatch(clause.said) or _ENROLLED.fullmatch(clause.said)
    what = None
    if found is not None:
        what = found["what"]
        if found["school"].endswith(UNIVERSITIES):
            yield Told(clause.subject, "在…读书", found["school"], f"{clause.subject}在{found['school']}读书", 0.9)
    major = _MAJOR.fullmatch(clause.said) if found is None else None
    what = re.sub(r"(?:专业|系|的)$", "", major["what"] if major else what or "")
    if what and what not in _LEVELS and not re.search(r"老师|教|学生|研究生|本科生|博士", what):
        yield Told(clause.subject, "专业是", what, f"{clause.subject}的专业是{what}", 0.9)


def owning(clause: Clause) -> Iterator[Told]:
    """我有一只猫, 我买了一辆特斯拉, 我把车卖了."""
    if not clause.subject:
        return
    if clause.kind in PETS and clause.holds and _DIED.fullmatch(clause.said):
        yield Told(clause.me, "有", clause.kind, f"{clause.me}的{clause.kind}不在了", 0.9, retracted=True)
        return
    sold = _SOLD.fullmatch(clause.said) if clause.holds else None
    if sold is not None:
        thing = sold["thing"] or sold["sold"]
        if thing.endswith(tuple(OWNED)) and "的" not in thing:
            yield Told(clause.subject, "有", thing, f"{clause.subject}不再有{thing}", 0.9, retracted=True)
        return
    if clause.stands is Stands.NOT:
        return
    gone = clause.stands is Stands.GONE
    first, *others = _COUNTED_ON.split(clause.said)
    for said in (first, *(f"有{other}" for other in others)):
        found = _HAS.fullmatch(said)
        thing = _thing(found) if found is not None else None
        if thing is None:
            return
        text = f"{clause.subject}{'不再' * gone}有{thing}"
        bought = clause.times.since if not clause.said.startswith(("有", "养")) else None
        yield Told(clause.subject, "有", thing, text, 0.88, retracted=gone, since=bought)


def _thing(found: re.Match[str]) -> str | None:
    thing = re.sub(r"^(?:自己的|属于自己的|新的?)", "", found["thing"].strip())
    thing = re.sub(r"(色|二手|旧|老)的", r"\1", thing)
    count, unit = found["count"], found["class"]
    living = thing.endswith(tuple(PETS))
    if re.search(r"[的很想在是没不要吗]|问题|事|时间|点", thing):
        return None
    if not (living or thing.endswith((*OWNED, *KIN_COUNTED)) or (unit and unit in "辆台栋套幢")):
        return None
    if count and count not in {"一", "1"} and unit:
        return f"{count}{unit}{thing}"
    return thing


def married(clause: Clause) -> Iterator[Told]:
    """我结婚了, 我单身."""
    found = _MARRIED.fullmatch(clause.said) if clause.subject and clause.holds and clause.times.coming is None else None
    if found is not None:
        what = _STATES.get(found["what"], found["what"])
        yield Told(clause.subject, "婚姻状况是", what, f"{clause.subject}{what}", 0.9, since=clause.times.since)


FORMS: tuple[Form, ...] = (name, age, birthday, home, work, studies, owning, married)
