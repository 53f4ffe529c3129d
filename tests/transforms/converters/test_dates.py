"""Dates and times: every spelling that has one meaning, and every one that has none."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

Read = Callable[..., tuple[object, set[str]]]
D = date(2023, 5, 6)

CLEAN = [
    *("2023-05-06", "2023-5-6", "2023/05/06", "2023/5/6", "2023.05.06", "2023.5.6", "20230506", "2023 05 06"),
    *("2023年5月6日", "2023年05月06日", "2023 年 5 月 6 日", "2023年5月6", "2023年5月6号", "２０２３－０５－０６"),
    *("二〇二三年五月六日", "二○二三年五月六日", "二零二三年五月六日", "二Ｏ二三年五月六日", "二0二三年五月六日"),
    "二〇二三年五月六",
    *("贰零贰叁年伍月陆日", "2023-05-06 00:00:00", "2023-05-06T00:00:00", "2023-05-06 00:00:00.0"),
    "2023年5月6日0时0分",
    *("2023年5月6日（星期六）", "2023-05-06 (六)", "2023.5.6.", "2023、5、6", "2023，5，6", "2023_05_06", "2023\\5\\6"),
    *("民国112年5月6日", "中华民国一百一十二年五月六日", "May 6, 2023", "6 May 2023", "06-MAY-2023", "06-5月-2023"),
    *('"2023-05-06"', "2023年5月6日。", "20230506.0", "'2023-05-06", "二О二三年五月六日", "二◯二三年五月六日"),
    *("2023-05-05T16:00:00Z", "2023-05-06T00:00:00+08:00", " 2023-05-06 ", "2023—05—06", "20230506000000"),
]  # fmt: skip
TIMED = [
    "2023-05-06 15:30:00",
    "2023年5月6日 下午3时20分",
    "2023-05-06 3:20 PM",
    "20230506153000",
    "2023-05-05T23:30:00Z",
]
OTHERS = [
    ("二〇二三年十二月三十一日", date(2023, 12, 31)),
    ("二〇二三年十月廿三日", date(2023, 10, 23)),
    ("2023年元月6日", date(2023, 1, 6)),
    ("2024-02-29", date(2024, 2, 29)),
    ("2099-12-31", date(2099, 12, 31)),
    ("1949-10-01", date(1949, 10, 1)),
    ("1988-05-05T16:00:00Z", date(1988, 5, 6)),
]
FLAGGED = [
    *((text, "DATE_AMBIGUOUS") for text in ("45291", "23-05-06", "05/06/2023", "6.5.2023", "230506", "13/06/2023")),
    *((text, "DATE_AMBIGUOUS") for text in ("1683302400", "1683302400000", "2023-05-06 24:00:00", "23年5月6日")),
    *((text, "DATE_AMBIGUOUS") for text in ("2023年5月6日星期五", "Sat May 06 00:00:00 CST 2023", "45052.0")),
    *((text, "DATE_INCOMPLETE") for text in ("2023年5月上旬", "2023年第一季度", "2023年上半年", "5月6日")),
    *((text, "DATE_INVALID") for text in ("2023年5月6曰", "2O23-05-06", "2023年5月6日起", "农历二〇二三年三月十七")),
    *((text, "DATE_PLACEHOLDER") for text in ("0001-01-01", "1753-01-01 00:00:00")),
    *((text, "DATE_PLACEHOLDER") for text in ("0000-00-00", "1899-12-31", "1899-12-30", "1900-01-01", "00000000")),
    *((text, "DATE_INVALID") for text in ("2023-02-30", "2023-13-01", "2023-04-31", "昨天", "2023-05/06", "20230230")),
    *((text, "DATE_INVALID") for text in ("2023-05-06 25:00", "2023-05-06至2024-05-06", "2023-05-06abc", "2023-02-29")),
    *((text, "DATE_INCOMPLETE") for text in ("2023年5月", "2023", "2023-05", "二〇二三年五月")),
    *((text, "DATE_OUT_OF_RANGE") for text in ("9999-12-31", "1948-12-31", "2101-01-01", "3023-05-06", "0023-05-06")),
]


@pytest.mark.parametrize("text", CLEAN)
def test_one_date_in_many_spellings(read: Read, text: str) -> None:
    assert read("date", text) == (D, set())


@pytest.mark.parametrize("text", TIMED)
def test_a_time_of_day_is_dropped_with_a_warning(read: Read, text: str) -> None:
    expected = date(2023, 5, 6)
    value, codes = read("date", text)
    assert value == expected
    assert codes == {"DATE_TIME_DROPPED"}


@pytest.mark.parametrize(("text", "expected"), OTHERS)
def test_other_dates(read: Read, text: str, expected: date) -> None:
    assert read("date", text)[0] == expected


@pytest.mark.parametrize(("text", "code"), FLAGGED)
def test_what_has_no_single_meaning_has_no_value(read: Read, text: str, code: str) -> None:
    assert read("date", text) == (None, {code})
    value, codes = read("datetime", text)
    assert value is None
    assert codes


def test_excel_serials_need_their_calendar(read: Read) -> None:
    assert read("date", "45291", excel_serial="1900") == (date(2023, 12, 31), set())
    assert read("date", "43829", excel_serial="1904") == (date(2023, 12, 31), set())
    assert read("date", "45291.5", excel_serial="1900") == (date(2023, 12, 31), {"DATE_TIME_DROPPED"})


def test_long_term_only_when_the_mapping_says_so(read: Read) -> None:
    assert read("date", "长期", long_term="yes") == (date(2099, 12, 31), set())
    assert read("date", "9999-12-31", long_term="yes") == (date(2099, 12, 31), set())
    assert read("date", "长期") == (None, {"DATE_LONG_TERM"})


def test_the_epoch_is_kept_and_doubted(read: Read) -> None:
    assert read("date", "1970-01-01") == (date(1970, 1, 1), {"DATE_EPOCH_ZERO"})


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2023-05-06 15:30:00", 15, 30),
        ("2023-05-06T15:30:00+08:00", 15, 30),
        ("2023-05-06T07:30:00Z", 15, 30),
        ("2023/5/6 15:30", 15, 30),
        ("20230506153000", 15, 30),
        ("2023年5月6日15时30分", 15, 30),
        ("2023年5月6日 下午3时30分", 15, 30),
        ("2023-05-06 12:05 AM", 0, 5),
        ("2023年5月6日 15点整", 15, 0),
        ("2023年5月6日中午12时", 12, 0),  # noon is not midnight
        ("2023年5月6日中午1点", 13, 0),
        ("2023年5月6日晚8点半", 20, 30),
        ("2023年5月6日下午15时30分", 15, 30),
        ("2023/5/6 3:30 下午", 15, 30),
        ("2023-05-06 3:30 pm", 15, 30),
        ("2023-05-06 12:00 PM", 12, 0),
        ("20230506T153000", 15, 30),
        ("20230506153000000", 15, 30),
        ("2023-05-06-15.30.00.000000", 15, 30),
    ],
)
def test_times_are_the_clock_of_china(read: Read, text: str, hour: int, minute: int) -> None:
    value, codes = read("datetime", text)
    assert isinstance(value, datetime)
    assert (value.date(), value.hour, value.minute, codes) == (D, hour, minute, set())
    assert value.utcoffset() == datetime(2023, 1, 1, tzinfo=value.tzinfo).utcoffset()


def test_times_that_the_clock_of_china_skipped_or_repeated(read: Read) -> None:
    assert read("datetime", "1988-04-17 02:30:00") == (None, {"DATETIME_CLOCK_CHANGE"})
    assert read("datetime", "1986-09-14 01:30:00") == (None, {"DATETIME_CLOCK_CHANGE"})
    summer = read("datetime", "1988-07-01 12:00:00")[0]
    assert isinstance(summer, datetime)
    assert summer.astimezone(UTC).hour == 3


@pytest.mark.parametrize("hour", ["晚上12点", "晚上1点", "上午12时", "凌晨12时", " 24:00"])
def test_an_hour_that_may_be_two_has_no_value(read: Read, hour: str) -> None:
    assert read("datetime", f"2023年5月6日{hour}") == (None, {"DATE_AMBIGUOUS"})


def test_what_a_time_lost_is_said(read: Read) -> None:
    assert read("datetime", "2023-05-06")[1] == {"DATETIME_TIME_MISSING"}
    assert read("datetime", "2023-05-06 15:30:00.5")[1] == {"DATETIME_FRACTION_DROPPED"}
    assert read("datetime", "20230506153000500")[1] == {"DATETIME_FRACTION_DROPPED"}
    assert read("datetime", "2023-05-06-15.30.00.500000")[1] == {"DATETIME_FRACTION_DROPPED"}
