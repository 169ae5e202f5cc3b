"""How Chinese writes times: one pattern with a group for each form, and its numerals."""

from __future__ import annotations

import re

_DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "○": 0,
    "两": 2,
    "几": 3,
}
HOLIDAYS = {
    "元旦": "new year", "春节": "spring festival", "农历新年": "spring festival", "过年": "spring festival",
    "大年初一": "spring festival", "除夕": "spring festival eve", "元宵": "lantern", "情人节": "valentine", "妇女节": "women",
    "三八节": "women", "清明": "qingming", "五一": "labour", "劳动节": "labour", "端午": "dragon boat", "儿童节": "children",
    "六一": "children", "母亲节": "mothers", "父亲节": "fathers", "七夕": "double seventh", "教师节": "teachers", "中秋": "mid-autumn",
    "国庆": "national", "十一": "national", "万圣节": "halloween", "双十一": "singles", "双11": "singles", "感恩节": "thanksgiving",
    "复活节": "easter", "平安夜": "christmas eve", "圣诞": "christmas", "跨年": "new year eve",
}  # fmt: skip
SEASONS = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
YEARS = {"大前年": -3, "前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "来年": 1, "后年": 2}
DAYS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "大后": 3, "后": 2}
WEEKDAYS = {character: number for number, character in enumerate("一二三四五六")} | {"日": 6, "天": 6} | {
    digit: number for number, digit in enumerate("123456")
}  # fmt: skip
UNITS = {
    "分钟": "minute", "小时": "hour", "钟头": "hour", "天": "day", "日": "day", "周": "week", "星期": "week", "礼拜": "week",
    "月": "month", "季度": "quarter", "年": "year",
}  # fmt: skip
DECADES = {character: 10 * number for character, number in _DIGITS.items() if number}

_N = "[0-9〇零一二三四五六七八九十两]"
_COUNT = "(?:[0-9]{1,3}|[一二三四五六七八九十两几半]{1,3}|好几)"
_AGO = "(?:分钟|个?小时|个?钟头|天|周|个?星期|个?礼拜|个月|个?季度|年)"
_UNIT = "(?:分钟|个?小时|个?钟头|天|日|周|个?星期|个?礼拜|个?月|个?季度|年)"
_WEEK = "(?:周|星期|礼拜)"

PATTERN = re.compile(
    rf"""
    (?P<decade>(?:(?:上个?世纪|20世纪|二十世纪|(?:18|19|20)(?=[0-9]0年代)))?(?:[1-9]0|[一二三四五六七八九]十)年代)
  | (?P<year>(?<![0-9])(?:[0-9]{{4}}|[〇零○一二三四五六七八九]{{4}})\s?年|(?<![0-9])[0-9]{{2}}年(?=[0-9]{{1,2}}月)
      |大前年|前年|去年|上年|今年|本年|明年|来年|(?<![以之])后年)(?:里|度|间)?
  | (?P<rolling>(?:最近|近|过去|前)的?(?:{_COUNT}){_UNIT}(?:半)?(?:里|内|以来|间)?|前些?阵子|前几天|前些天|前两天|这几天)
  | (?P<ago>(?<![0-9〇零一二三四五六七八九十第])(?:{_COUNT}(?:多|来)?(?:个半(?:月|星期|礼拜|小时|钟头)|{_AGO}半?)|半月)多?(?:以|之)?前)
  | (?P<monthday>(?<![0-9〇零一二三四五六七八九十两])(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月\s?{_N}{{1,3}}(?:日|号)?(?:(?:到|至|-|~|—){_N}{{1,3}}[日号])?)
  | (?P<month>(?<![0-9〇零一二三四五六七八九十两第])(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?(?![花饼]))
  | (?P<whichmonth>上上个?月|上个月|上月|这个月|本月|当月|下下个?月|下个月|下月)
  | (?P<week>(?:上上|上|这|本|下下|下)(?:一)?(?:个)?{_WEEK}(?:末|[一二三四五六日天1-6])?|(?:这个|上个)周末)
  | (?P<weekday>(?<![每一二两三四五六七八九十几0-9]){_WEEK}[一二三四五六日天](?![次天杯个到至]|[0-9一二三四五六七八九十]))
  | (?P<quarterof>上个?季度|这个?季度|本季度|下个?季度)
  | (?P<day>(?:大前|前|昨|今|(?<!小)明)[天日]|(?:大后|后)天|(?:[昨前今]|(?<!小)明)(?:晚|夜)|今(?:早|晨)|(?<!小)明早)(?:早上|上午|中午|下午|晚上|夜里|凌晨)?
  | (?P<holiday>元旦|春节|农历新年|过年|大年初一|除夕|元宵节?|情人节|妇女节|三八节|清明(?:节|假期)|五一(?![月日号个零〇一二三四五六七八九十])(?:节|假期|长假|劳动节)?|劳动节
      |端午节?|儿童节|六一(?=儿童|节|那|这|假)|母亲节|父亲节|七夕|教师节|中秋节?|国庆节?(?:假期|长假)?|十一(?=假期|长假|黄金周|国庆|期间)|万圣节|双十一|双11|感恩节|复活节|平安夜|圣诞节?|跨年)
  | (?P<season>(?:春天|春季|夏天|夏季|秋天|秋季|冬天|冬季)|(?<=年)[春夏秋冬](?!装|令|眠|笋|游))
  | (?P<half>上半年|下半年|第?[一二三四1-4]季度)
  | (?P<edge>(?<![年月])(?:年|月)(?:初|底|末))
  | (?P<dayno>(?<![0-9])(?:[12][0-9]|3[01]|[1-9])[日号](?![线楼门院店馆房机桌厅口码车]))
    """,
    re.VERBOSE,
)

HINT = re.compile("[年月周日天号昨今明晚夜节旦秋午夕一庆诞春夏冬季礼前近]|星期|双11")


def number_of(text: str) -> int:
    """A number in digits or numerals: 2023, 二〇二三, 十二, 二十一; 0 where it is none."""
    if text.isascii():
        return int(text) if text.isdigit() else 0
    if "十" not in text:
        found = "".join(str(_DIGITS[character]) for character in text if character in _DIGITS)
        return int(found) if found else 0
    tens, _, ones = text.partition("十")
    return 10 * (number_of(tens) if tens else 1) + (number_of(ones) if ones else 0)
