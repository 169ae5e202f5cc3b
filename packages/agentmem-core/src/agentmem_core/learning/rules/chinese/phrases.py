"""Names, places, employers and trades, told from their likes."""

from __future__ import annotations

import re

from agentmem_core.learning.rules.chinese.words import (
    JOBS,
    NOT_BEFORE_NAMES,
    NOT_IN_NAMES,
    NOT_JOBS,
    NOT_PLACE_ENDS,
    NOT_PLACES,
    PLACE_ENDS,
    PLACES,
    SURNAMES,
)

_NOT_ORGS = tuple(
    """
    家 这 那 哪 外地 国外 线 一线 室 海 学校 公司 单位 工厂 厂 外 医院 银行 他 她 你 我 自己 一 北 现在 周 办公 努力 互联网 家里 不 本 老家 大厂 里 附近 市 网上 晚 夜 白天 同 旁
    """.split()
)


def name_of(text: str | None) -> str | None:
    """A name; None for what else is called: 外卖, 他别来."""
    text = (text or "").strip(" ·")
    if not text or any(word in text for word in NOT_IN_NAMES) or text.startswith(NOT_BEFORE_NAMES):
        return None
    return text


def place_of(text: str | None) -> str | None:
    """A place that is called by its name."""
    text = (text or "").strip()
    if not text or text in PLACES:
        return text or None
    if text[0].isascii():
        return text if text[0].isupper() else None
    known = any(text.startswith(place) for place in PLACES if len(place) < len(text))
    if text.startswith(NOT_PLACES) and not known:
        return None
    if text[-1] in NOT_PLACE_ENDS or any(
        word in text for word in ("附近", "的", "和", "跟", "一起", "了", "朋友", "父母", "爸妈")
    ):
        return None
    return text if len(text) <= 10 else None


def org_of(text: str | None) -> str | None:
    """An employer: not a town, not "home", not "a company"."""
    text = (text or "").strip()
    if (
        not text
        or text in PLACES
        or text.startswith(_NOT_ORGS)
        or (text[-1] in PLACE_ENDS and len(text) > 2)
        or "的" in text
    ):
        return None
    if text.startswith(tuple(PLACES)) and not re.search(
        r"(?:公司|银行|医院|大学|集团|局|院|厂|学|部|网|社|所|馆|台|店)$", text
    ):
        return None
    return text if len(text) > 1 else None


_FIRMS = frozenset(
    """
    腾讯 百度 阿里 阿里巴巴 蚂蚁 蚂蚁集团 字节 字节跳动 华为 小米 美团 京东 网易 滴滴 拼多多 快手 哔哩哔哩 B站 中兴 大疆 联想 比亚迪 顺丰 携程 微信 抖音 小红书 知乎 新浪 搜狐 微软
    谷歌 苹果 亚马逊 特斯拉 蔚来 宁德时代 格力 海尔 海信 招商银行 中国银行 工商银行 建设银行 农业银行 中国移动 中国电信 中国联通 国家电网 商汤 科大讯飞 富士康 三星 索尼 丰田 本田 西门子 宝马 奔驰
    """.split()
)
_LATIN_FIRM = re.compile(r"(?!(?:CBD|WFH|IT|HR|SOHO|APP|KTV|VIP|AI)$)[A-Z][\w&. ]*", re.ASCII)


def firm_in_town(text: str | None) -> tuple[str, str] | None:
    """A firm that is known, or has a Latin name, behind a town that is: 深圳的腾讯. Of other words nobody can tell: 深圳的家, 北京的朋友."""
    text = (text or "").strip()
    for end in range(min(len(text) - 1, 6), 1, -1):
        firm = re.sub(r"^市?的?\s*", "", text[end:])
        if text[:end] in PLACES and (firm in _FIRMS or _LATIN_FIRM.fullmatch(firm)):
            return text[:end], firm
    return None


def job_of(text: str | None) -> str | None:
    """A trade: 产品经理, 护士."""
    text = re.sub(r"^(?:做|当|从事)?(?:一)?(?:名|个|位)?", "", (text or "").strip())
    if (
        not text.endswith(JOBS)
        or text.endswith(NOT_JOBS)
        or "的" in text
        or len(text) > 10
        or text in {"师", "产品", "开发", "测试"}
    ):
        return None
    return (
        None
        if text.startswith(("好", "坏", "是", "你", "他", "她", "我", "这", "那", "老师的"))
        or any(word in text for word in ("不", "很", "喜欢", "找"))
        else text
    )


def is_full_name(text: str) -> bool:
    """Whether a word after "is" is a person's name: a surname and one or two characters, and no trade."""
    if re.fullmatch(r"[A-Z][a-z]+(?: [A-Z][a-z]+)?", text):
        return True
    if re.fullmatch(f"[小老阿][{SURNAMES}]", text):
        return True
    return (
        2 <= len(text) <= 3
        and text[0] in SURNAMES
        and not text.endswith((*JOBS, "人", "生", "手", "迷", "族", "党", "狗", "座", "男", "女", "型", "控", "粉"))
    )
