"""Time expressions: what they mean, what is none, and what holds for any text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.recall.when import spans

WEDNESDAY = datetime(2024, 6, 12, 15, 30, tzinfo=UTC)
"""In a leap year; its week begins on 10 June."""
NEW_YEAR = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
LEAP_DAY = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
SUNDAY = datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
OPEN = "9999-12-31"

MEANT = [
    # English, from Wednesday 12 June 2024
    (WEDNESDAY, "on 2024-08-11", "2024-08-11", "2024-08-12"),
    (WEDNESDAY, "2024/3/14", "2024-03-14", "2024-03-15"),
    (WEDNESDAY, "on 3/14/2024", "2024-03-14", "2024-03-15"),
    (WEDNESDAY, "on 14/3/2024", "2024-03-14", "2024-03-15"),
    (WEDNESDAY, "am 14.3.2024", "2024-03-14", "2024-03-15"),
    (WEDNESDAY, "in 2023-10", "2023-10-01", "2023-11-01"),
    (WEDNESDAY, "What happened in 2022?", "2022-01-01", "2023-01-01"),
    (WEDNESDAY, "the 2023 trip", "2023-01-01", "2024-01-01"),
    (WEDNESDAY, "in March 2024", "2024-03-01", "2024-04-01"),
    (WEDNESDAY, "March 3rd, 2024", "2024-03-03", "2024-03-04"),
    (WEDNESDAY, "the 3rd of March 2023", "2023-03-03", "2023-03-04"),
    (WEDNESDAY, "3 June, 2023", "2023-06-03", "2023-06-04"),
    (WEDNESDAY, "December 1,2023", "2023-12-01", "2023-12-02"),
    (WEDNESDAY, "March 3-5, 2024", "2024-03-03", "2024-03-06"),
    (WEDNESDAY, "Monday, March 3rd, 2025", "2025-03-03", "2025-03-04"),
    (WEDNESDAY, "in May", "2024-05-01", "2024-06-01"),
    (WEDNESDAY, "in July", "2023-07-01", "2023-08-01"),
    (WEDNESDAY, "last May", "2024-05-01", "2024-06-01"),
    (WEDNESDAY, "last June", "2023-06-01", "2023-07-01"),
    (WEDNESDAY, "next May", "2025-05-01", "2025-06-01"),
    (WEDNESDAY, "this August", "2024-08-01", "2024-09-01"),
    (WEDNESDAY, "May of last year", "2023-05-01", "2023-06-01"),
    (WEDNESDAY, "last year in May", "2023-05-01", "2023-06-01"),
    (WEDNESDAY, "yesterday", "2024-06-11", "2024-06-12"),
    (WEDNESDAY, "What did I eat today?", "2024-06-12", "2024-06-13"),
    (WEDNESDAY, "the day before yesterday", "2024-06-10", "2024-06-11"),
    (WEDNESDAY, "tomorrow", "2024-06-13", "2024-06-14"),
    (WEDNESDAY, "tonight", "2024-06-12T18", "2024-06-13T06"),
    (WEDNESDAY, "last night", "2024-06-11T18", "2024-06-12T06"),
    (WEDNESDAY, "last week", "2024-06-03", "2024-06-10"),
    (WEDNESDAY, "this week", "2024-06-10", "2024-06-17"),
    (WEDNESDAY, "next week", "2024-06-17", "2024-06-24"),
    (WEDNESDAY, "the week before last", "2024-05-27", "2024-06-03"),
    (WEDNESDAY, "last weekend", "2024-06-08", "2024-06-10"),
    (WEDNESDAY, "this weekend", "2024-06-15", "2024-06-17"),
    (WEDNESDAY, "last month", "2024-05-01", "2024-06-01"),
    (WEDNESDAY, "last quarter", "2024-01-01", "2024-04-01"),
    (WEDNESDAY, "last year", "2023-01-01", "2024-01-01"),
    (WEDNESDAY, "on Friday", "2024-06-07", "2024-06-08"),
    (WEDNESDAY, "last Wednesday", "2024-06-05", "2024-06-06"),
    (WEDNESDAY, "next Monday", "2024-06-17", "2024-06-18"),
    (WEDNESDAY, "Tuesday last week", "2024-06-04", "2024-06-05"),
    (WEDNESDAY, "last spring", "2024-03-01", "2024-06-01"),
    (WEDNESDAY, "last summer", "2023-06-01", "2023-09-01"),
    (WEDNESDAY, "in the winter of 2022", "2022-12-01", "2023-03-01"),
    (WEDNESDAY, "fall 2023", "2023-09-01", "2023-12-01"),
    (WEDNESDAY, "last Christmas", "2023-12-25", "2023-12-26"),
    (WEDNESDAY, "at Easter 2024", "2024-03-31", "2024-04-01"),
    (WEDNESDAY, "Thanksgiving 2023", "2023-11-23", "2023-11-24"),
    (WEDNESDAY, "Chinese New Year 2024", "2024-02-10", "2024-02-17"),
    (WEDNESDAY, "the week before Christmas 2023", "2023-12-18", "2023-12-25"),
    (WEDNESDAY, "the Sunday before October 25, 2022", "2022-10-23", "2022-10-24"),
    (WEDNESDAY, "the weekend before April 10, 2023", "2023-04-08", "2023-04-10"),
    (WEDNESDAY, "two days after March 3, 2024", "2024-03-05", "2024-03-06"),
    (WEDNESDAY, "3 days ago", "2024-06-09", "2024-06-10"),
    (WEDNESDAY, "two weeks ago", "2024-05-26", "2024-06-02"),
    (WEDNESDAY, "a couple of weeks ago", "2024-05-19", "2024-06-10"),
    (WEDNESDAY, "five months ago", "2024-01-01", "2024-02-01"),
    (WEDNESDAY, "4 years ago", "2020-01-01", "2021-01-01"),
    (WEDNESDAY, "in the last three months", "2024-03-12T15:30", "2024-06-12T15:30"),
    (WEDNESDAY, "early May", "2024-05-01", "2024-05-11"),
    (WEDNESDAY, "mid-March 2024", "2024-03-11", "2024-03-21"),
    (WEDNESDAY, "the end of May", "2024-05-21", "2024-06-01"),
    (WEDNESDAY, "late 2023", "2023-09-01", "2024-01-01"),
    (WEDNESDAY, "the second week of November 2023", "2023-11-08", "2023-11-15"),
    (WEDNESDAY, "between 2023-10-01 and 2023-10-15", "2023-10-01", "2023-10-16"),
    (WEDNESDAY, "between October and December 2023", "2023-10-01", "2024-01-01"),
    (WEDNESDAY, "from October 2023 to January", "2023-10-01", "2024-02-01"),
    (WEDNESDAY, "2019-2021", "2019-01-01", "2022-01-01"),
    (WEDNESDAY, "since May", "2024-05-01", OPEN),
    (WEDNESDAY, "from 2020 onwards", "2020-01-01", OPEN),
    (WEDNESDAY, "after March 2024", "2024-04-01", OPEN),
    (WEDNESDAY, "before 2022", "0001-01-01", "2022-01-01"),
    (WEDNESDAY, "until May 2023", "0001-01-01", "2023-06-01"),
    (WEDNESDAY, "prior to May 2023", "0001-01-01", "2023-05-01"),
    (WEDNESDAY, "in the 1990s", "1990-01-01", "2000-01-01"),
    (WEDNESDAY, "in the 80s", "1980-01-01", "1990-01-01"),
    (WEDNESDAY, "the nineties", "1990-01-01", "2000-01-01"),
    (WEDNESDAY, "in the 19th century", "1801-01-01", "1901-01-01"),
    (WEDNESDAY, "Q1 2024", "2024-01-01", "2024-04-01"),
    (WEDNESDAY, "the second half of 2023", "2023-07-01", "2024-01-01"),
    (WEDNESDAY, "the 5th of last month", "2024-05-05", "2024-05-06"),
    (WEDNESDAY, "2024.03.15", "2024-03-15", "2024-03-16"),
    (WEDNESDAY, "in Sept. 2023", "2023-09-01", "2023-10-01"),
    (WEDNESDAY, "On New Year's Day 2024", "2024-01-01", "2024-01-02"),
    (WEDNESDAY, "How was Thanksgiving?", "2023-11-23", "2023-11-24"),
    (WEDNESDAY, "from Monday to Friday", "2024-06-03", "2024-06-08"),
    (WEDNESDAY, "the week of 2023-05-03", "2023-05-01", "2023-05-08"),
    (WEDNESDAY, "on the 17th?", "2024-05-17", "2024-05-18"),
    # the edges of years, months and weeks
    (NEW_YEAR, "yesterday", "2024-12-31", "2025-01-01"),
    (NEW_YEAR, "last month", "2024-12-01", "2025-01-01"),
    (NEW_YEAR, "last week", "2024-12-23", "2024-12-30"),
    (NEW_YEAR, "last winter", "2023-12-01", "2024-03-01"),
    (NEW_YEAR, "this winter", "2024-12-01", "2025-03-01"),
    (NEW_YEAR, "去年五月", "2024-05-01", "2024-06-01"),
    (NEW_YEAR, "上个月", "2024-12-01", "2025-01-01"),
    (LEAP_DAY, "today", "2024-02-29", "2024-03-01"),
    (WEDNESDAY, "the last week in May", "2024-05-25", "2024-06-01"),
    (LEAP_DAY, "in the past 12 months", "2023-02-28T12", "2024-02-29T12"),
    (LEAP_DAY, "a month ago", "2024-01-01", "2024-02-01"),
    (LEAP_DAY, "in February", "2024-02-01", "2024-03-01"),
    (NEW_YEAR, "on February 29", "2024-02-29", "2024-03-01"),
    (SUNDAY, "this week", "2023-12-25", "2024-01-01"),
    (SUNDAY, "last weekend", "2023-12-23", "2023-12-25"),
    (SUNDAY, "tomorrow", "2024-01-01", "2024-01-02"),
    (SUNDAY, "上周日", "2023-12-24", "2023-12-25"),
    # Chinese, from Wednesday 12 June 2024
    (WEDNESDAY, "去年五月安娜为什么去医院？", "2023-05-01", "2023-06-01"),
    (WEDNESDAY, "今年3月", "2024-03-01", "2024-04-01"),
    (WEDNESDAY, "前年", "2022-01-01", "2023-01-01"),
    (WEDNESDAY, "大前年夏天", "2021-06-01", "2021-09-01"),
    (WEDNESDAY, "明年春天", "2025-03-01", "2025-06-01"),
    (WEDNESDAY, "2023年5月3日", "2023-05-03", "2023-05-04"),
    (WEDNESDAY, "２０２３年５月", "2023-05-01", "2023-06-01"),
    (WEDNESDAY, "二〇二三年五月", "2023-05-01", "2023-06-01"),
    (WEDNESDAY, "二零二三年十二月二十一日", "2023-12-21", "2023-12-22"),
    (WEDNESDAY, "24年3月", "2024-03-01", "2024-04-01"),
    (WEDNESDAY, "五月", "2024-05-01", "2024-06-01"),
    (WEDNESDAY, "十月份", "2023-10-01", "2023-11-01"),
    (WEDNESDAY, "5月初", "2024-05-01", "2024-05-11"),
    (WEDNESDAY, "五月中旬", "2024-05-11", "2024-05-21"),
    (WEDNESDAY, "去年5月底", "2023-05-21", "2023-06-01"),
    (WEDNESDAY, "去年年底", "2023-09-01", "2024-01-01"),
    (WEDNESDAY, "去年上半年", "2023-01-01", "2023-07-01"),
    (WEDNESDAY, "2023年第三季度", "2023-07-01", "2023-10-01"),
    (WEDNESDAY, "上个月", "2024-05-01", "2024-06-01"),
    (WEDNESDAY, "上上个月", "2024-04-01", "2024-05-01"),
    (WEDNESDAY, "上个月5号", "2024-05-05", "2024-05-06"),
    (WEDNESDAY, "下个月", "2024-07-01", "2024-08-01"),
    (WEDNESDAY, "上周", "2024-06-03", "2024-06-10"),
    (WEDNESDAY, "上个星期", "2024-06-03", "2024-06-10"),
    (WEDNESDAY, "上周五", "2024-06-07", "2024-06-08"),
    (WEDNESDAY, "这周末", "2024-06-15", "2024-06-17"),
    (WEDNESDAY, "上上周", "2024-05-27", "2024-06-03"),
    (WEDNESDAY, "周五", "2024-06-07", "2024-06-08"),
    (WEDNESDAY, "昨天", "2024-06-11", "2024-06-12"),
    (WEDNESDAY, "前天", "2024-06-10", "2024-06-11"),
    (WEDNESDAY, "大前天", "2024-06-09", "2024-06-10"),
    (WEDNESDAY, "今天", "2024-06-12", "2024-06-13"),
    (WEDNESDAY, "今晚", "2024-06-12T18", "2024-06-13T06"),
    (WEDNESDAY, "昨晚", "2024-06-11T18", "2024-06-12T06"),
    (WEDNESDAY, "三天前", "2024-06-09", "2024-06-10"),
    (WEDNESDAY, "两周前", "2024-05-26", "2024-06-02"),
    (WEDNESDAY, "五个月前", "2024-01-01", "2024-02-01"),
    (WEDNESDAY, "十二年前", "2012-01-01", "2013-01-01"),
    (WEDNESDAY, "最近三个月", "2024-03-12T15:30", "2024-06-12T15:30"),
    (WEDNESDAY, "半个月前", "2024-05-23T15:30", "2024-06-02T15:30"),
    (WEDNESDAY, "两三天前", "2024-06-09", "2024-06-12"),
    (WEDNESDAY, "十一期间", "2023-10-01", "2023-10-08"),
    (WEDNESDAY, "从3月开始", "2024-03-01", OPEN),
    (WEDNESDAY, "去年圣诞前后", "2023-12-23", "2023-12-28"),
    (WEDNESDAY, "2024年1月至3月", "2024-01-01", "2024-04-01"),
    (WEDNESDAY, "国庆节", "2023-10-01", "2023-10-08"),
    (WEDNESDAY, "今年五一", "2024-05-01", "2024-05-06"),
    (WEDNESDAY, "去年中秋节", "2023-09-29", "2023-09-30"),
    (WEDNESDAY, "元旦", "2024-01-01", "2024-01-02"),
    (WEDNESDAY, "去年除夕", "2023-01-21", "2023-01-22"),
    (WEDNESDAY, "2023年清明节", "2023-04-05", "2023-04-06"),
    (WEDNESDAY, "2023年圣诞节前一周", "2023-12-18", "2023-12-25"),
    (WEDNESDAY, "2023年10月到12月之间", "2023-10-01", "2024-01-01"),
    (WEDNESDAY, "2023-10-01到2023-10-15", "2023-10-01", "2023-10-16"),
    (WEDNESDAY, "从去年十月到今年二月", "2023-10-01", "2024-03-01"),
    (WEDNESDAY, "10月1日到7日", "2023-10-01", "2023-10-08"),
    (WEDNESDAY, "去年以来", "2023-01-01", OPEN),
    (WEDNESDAY, "自2022年", "2022-01-01", OPEN),
    (WEDNESDAY, "2023年之后", "2024-01-01", OPEN),
    (WEDNESDAY, "五月之前", "0001-01-01", "2024-05-01"),
    (WEDNESDAY, "90年代", "1990-01-01", "2000-01-01"),
    (WEDNESDAY, "二十世纪八十年代", "1980-01-01", "1990-01-01"),
    (WEDNESDAY, "2010年代", "2010-01-01", "2020-01-01"),
]

NO_TIME = """
May I ask something?
You may go now
may 5 people come?
we may march on together
They march on
the march of progress
second-hand books
give me a second
spring onions in the soup
a spring mattress
the box fell apart
a winter coat
she likes summer
autumn leaves
open 24/7
version 2.10.3
Python 3.11 or 3.12
upgrade to v2024.1
call 555-2024
+351 912 345 678
1-800-2020-10
it costs 2024 euros
$2023 a piece
€1999
2000 people came
1500 km on foot
room 2024
PIN 1984
flight 2019
order #2023
a 1:30 pace
3/4 cup of sugar
3/4/2024
1/2 of it
in his 30s
her forty years of work
the Mondayish mood
every Monday
three days of rain
it takes two weeks
the last time we met
the next stop
a mayor and his monument
April said hello
June's cake was good
call Jan back
an August personality
the decent man
an octopus
Easter eggs
the order 10.12
192.168.1.2
H2 is hydrogen
一天到晚都在忙
三个月
两年的经验
一周三次
每周五
每天
半天
三月花
房间3号楼
地铁5号线
十一个人
五一二
一万块
第三年级
几个人
前三名
小明晚上吃什么
小明早上喝什么
小明天天跑步
""".strip().splitlines()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text if "T" not in text or ":" in text else f"{text}:00").replace(tzinfo=UTC)


def at_minutes(when: datetime) -> datetime:
    return when.replace(second=0, microsecond=0)


@pytest.mark.parametrize(("now", "text", "start", "end"), MEANT, ids=[f"{now:%m%d} {text}" for now, text, *_ in MEANT])
def test_an_expression_means_its_interval(now, text, start, end):
    (span,) = spans(text, now)
    assert at_minutes(span.start) == moment(start)
    assert span.end.date().isoformat() == OPEN if end == OPEN else at_minutes(span.end) == moment(end)


@pytest.mark.parametrize("text", NO_TIME)
def test_what_only_looks_like_a_time_is_none(text):
    assert spans(text, WEDNESDAY) == []


@pytest.mark.parametrize(
    "text", ["2024-02-29T10:15:00Z", "2024-02-29t10:15:00.25z", "at 2024-02-29 11:15+01:00", "2024-02-29T10:15"]
)
def test_a_moment_with_its_offset_is_a_minute_in_utc(text):
    (span,) = spans(text, WEDNESDAY)
    assert at_minutes(span.start) == datetime(2024, 2, 29, 10, 15, tzinfo=UTC)
    assert span.end - span.start == timedelta(minutes=1)


def test_what_names_its_year_is_explicit_and_the_rest_is_relative():
    explicit = ["in March 2024", "2023年5月", "since 2020", "the week before Christmas 2023", "in the 1990s"]
    relative = ["last May", "in May", "去年五月", "yesterday", "between March and May"]
    assert [span.explicit for text in explicit for span in spans(text, WEDNESDAY)] == [True] * len(explicit)
    assert [span.explicit for text in relative for span in spans(text, WEDNESDAY)] == [False] * len(relative)


def test_a_span_says_where_it_stands_and_how_sharply_it_was_named():
    text = "Where did she go since last May, and why?"
    (span,) = spans(text, WEDNESDAY)
    assert text[span.at : span.to] == "since last May"
    assert timedelta(microseconds=span.grain) == timedelta(days=30)


def test_several_times_are_found_in_order():
    found = spans("Was it in March 2023, on 2024-01-05 or yesterday?", WEDNESDAY)
    assert [span.start.date().isoformat() for span in found] == ["2023-03-01", "2024-01-05", "2024-06-11"]


def test_the_year_of_the_second_is_that_of_the_first():
    found = spans("in March and April 2023", WEDNESDAY)
    assert [span.start.date().isoformat() for span in found] == ["2023-03-01", "2023-04-01"]


def test_a_name_without_a_year_finds_the_only_year_of_the_text():
    (*_, span) = spans("How did they celebrate Christmas with her family in 2021?", WEDNESDAY)
    assert span.start == datetime(2021, 12, 25, tzinfo=UTC)


def test_only_a_time_of_the_year_without_a_year_recurs():
    assert [span.recurs for span in spans("in May", WEDNESDAY)] == [True]
    for text in ("last May", "in May 2023", "since May", "on Friday", "yesterday", "2023年5月"):
        assert [span.recurs for span in spans(text, WEDNESDAY)] == [False]


def test_now_may_be_given_in_any_zone():
    tokyo = timezone(timedelta(hours=9))
    (span,) = spans("yesterday", datetime(2024, 6, 13, 3, 0, tzinfo=tokyo))
    assert span.start == datetime(2024, 6, 11, tzinfo=UTC)


def test_what_does_not_exist_is_no_time():
    assert spans("on 2023-02-30", WEDNESDAY) == []
    assert spans("February 30, 2023", WEDNESDAY)[0].start.year == 2023  # the year is left
    assert spans("on 13/13/2024", WEDNESDAY) == []


FRAGMENTS = st.sampled_from(
    [text for _, text, *_ in MEANT]
    + NO_TIME
    + ["the day of ", "the night before ", "the weekend after ", "the first half of ", "late ", "年底", "前后", "前夕"]
    + [" and ", " to ", "between ", "since ", "before ", "到", "之前", "前一周", "the week ", "9999", "0001-01-01"]
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime.max, timezones=st.just(UTC))  # noqa: DTZ001, DTZ901 - Hypothesis wants them naive


def holds_for(text: str, now: datetime) -> None:
    for span in spans(text, now):
        assert span.start < span.end
        assert 1 <= span.start.year <= span.end.year <= 9999
        assert 0 <= span.at < span.to <= len(text)
        assert span.grain > 0


@given(st.text(max_size=80), MOMENTS)
def test_any_text_gives_ordered_spans_within_the_years_1_to_9999(text, now):
    holds_for(text, now)


@given(st.lists(FRAGMENTS, max_size=6), st.sampled_from(["", " ", ", "]), MOMENTS)
def test_expressions_in_any_company_and_at_any_time_give_ordered_spans(parts, between, now):
    holds_for(between.join(parts), now)


@given(st.text(st.sampled_from("0123456789-/:.TZ+ 年月日号前后三十二百"), max_size=40), MOMENTS)
def test_any_digits_give_ordered_spans(text, now):
    holds_for(text, now)
