"""`date` and `datetime`: every spelling with one meaning is read; every other is flagged and has no value.

A date is the date in China (Asia/Shanghai). A time with a zone is an instant, and its date is taken there;
a time without one is local. `excel_serial`: 1900 or 1904 says which calendar five-digit numbers are of;
`long_term`: yes reads 长期, 永久 and 9999-12-31 as 2099-12-31.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unicodedata import normalize

from transforms.converters.clock import Moment, moment
from transforms.converters.column import converter
from transforms.converters.contract import DATE, DATETIME, Parameters, Reading
from transforms.converters.dates_fast import iso_dates, iso_datetimes
from transforms.converters.dates_rare import bare, fits, rare
from transforms.converters.numerals import day_number, year_number
from transforms.converters.parameters import YES, one_of

FIRST, LAST = date(1949, 1, 1), date(2100, 12, 31)
PLACEHOLDERS = frozenset({(1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1900, 1, 0), (1, 1, 1), (1753, 1, 1)})
ZEROS = "〇○零◯ОΟOo"  # the last but one pair is Cyrillic and Greek
YEAR = rf"[0-9{ZEROS}一二三四五六七八九壹贰叁肆伍陆柒捌玖]{{4}}"
DAY = rf"[0-9{ZEROS}一二三四五六七八九十廿卅壹贰叁肆伍陆柒捌玖拾]{{1,4}}"
WRITTEN = re.compile(rf"({YEAR}) ?年 ?(元|{DAY}) ?月 ?({DAY}) ?(?:[日号]|(?![0-9]))")
JOINED = re.compile(r"([0-9]{4}) ?([-/.、,_\\]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})(?![0-9./、,_\\-])")
SPACED = re.compile(r"([0-9]{4}) ([0-9]{1,2}) ([0-9]{1,2})(?![0-9:])")
EIGHT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])")
PACKED = re.compile(r"([0-9]{8})[T ]?([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{3})?)?")
DB2 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{2})\.([0-9]{2})\.([0-9]{2})(\.[0-9]+)?"
)  # 2023-05-06-15.30.00.000000
SERIAL = re.compile(r"([2-7][0-9]{4}|80000)(\.[0-9]+)?")
UNCLEAR = re.compile(
    r"[0-9]{1,2}([-/.年])[0-9]{1,2}([-/.月])[0-9]{1,4}日?(?:[ T].*)?|[0-9]{6}|[0-9]{10}|[0-9]{13}|.* CST [0-9]{4}"
)
PART_OF = "(?:上旬|中旬|下旬|月?[初中底末]|[上下]半年|第?[一二三四1-4]季度)?"
PARTIAL = re.compile(rf"{YEAR} ?年? ?{PART_OF}|{YEAR} ?(?:年|[-/.]) ?{DAY} ?月? ?{PART_OF}|{DAY}月{DAY}[日号]")
DASHES = str.maketrans("‐‑‒–—―−", "-------")
LONG_TERM = frozenset({"长期", "永久", "长期有效", "永久有效"})
NO_END = frozenset({"9999-12-31", "9999/12/31", "99991231", "9999-12-31 00:00:00", "9999-12-31 23:59:59"})
EPOCHS = {"1900": date(1899, 12, 30), "1904": date(1904, 1, 1)}


def _day(text: str, parameters: Parameters) -> Reading:
    when = _read(text, parameters)
    if isinstance(when, str):
        return Reading(None, (when,))
    local = when.local
    codes = _doubts(local.date())
    if any(code != "DATE_EPOCH_ZERO" for code in codes):
        return Reading(None, codes)
    return Reading(local.date(), codes + (("DATE_TIME_DROPPED",) if when.timed and local.time() != _MIDNIGHT else ()))


def _time(text: str, parameters: Parameters) -> Reading:
    when = _read(text, parameters)
    if isinstance(when, str):
        return Reading(None, (when,))
    codes = _doubts(when.local.date())
    if any(code != "DATE_EPOCH_ZERO" for code in codes):
        return Reading(None, codes)
    instant = when.instant()
    if instant is None:
        return Reading(None, ("DATETIME_CLOCK_CHANGE",))
    codes += () if when.timed else ("DATETIME_TIME_MISSING",)
    codes += ("DATETIME_FRACTION_DROPPED",) if instant.microsecond else ()
    return Reading(instant.replace(microsecond=0).astimezone(UTC), codes)


def _read(text: str, parameters: Parameters) -> Moment | str:
    """When it was, or the code that says why it cannot be told."""
    text, weekday = bare(normalize("NFKC", text).translate(DASHES).strip())
    if text in LONG_TERM or (text in NO_END and "long_term" in parameters):
        return Moment(datetime(2099, 12, 31), timed=False) if "long_term" in parameters else "DATE_LONG_TERM"
    if SERIAL.fullmatch(text):
        return _serial(text, parameters)
    text = DB2.sub(r"\1 \2:\3:\4\5", text)
    packed = PACKED.fullmatch(text)
    if packed:
        text = f"{packed[1]} {packed[2]}:{packed[3]}:{packed[4] or '00'}.{packed[5] or '0'}"
    found = _ymd(text) or rare(text)
    if found is None:
        return _why_not(text)
    (year, month, day), rest = found
    if year == 0 or (year, month, day) in PLACEHOLDERS:
        return "DATE_PLACEHOLDER"
    try:
        whole = date(year, month, day)
    except ValueError:
        return "DATE_INVALID"
    return moment(whole, rest) if fits(whole, weekday) else "DATE_AMBIGUOUS"


def _ymd(text: str) -> tuple[tuple[int, int, int], str] | None:
    """Year, month, day and the rest of the text."""
    if found := WRITTEN.match(text):
        year, day = year_number(found[1]), day_number(found[3])
        month = 1 if found[2] == "元" else day_number(found[2])
    elif found := JOINED.match(text):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := SPACED.match(text) or EIGHT.match(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        return None
    if year is None or month is None or day is None:
        return None
    return (year, month, day), text[found.end() :]


def _why_not(text: str) -> str:
    if UNCLEAR.fullmatch(text):
        return "DATE_AMBIGUOUS"
    return "DATE_INCOMPLETE" if PARTIAL.fullmatch(text) else "DATE_INVALID"


def _serial(text: str, parameters: Parameters) -> Moment | str:
    """A day number of Excel. Two calendars exist, 1,462 days apart: the mapping must name one."""
    start = EPOCHS.get(parameters.get("excel_serial", ""))
    if start is None:
        return "DATE_AMBIGUOUS"
    number = Decimal(text)
    seconds = int(((number % 1) * 86_400).to_integral_value())
    whole = datetime(start.year, start.month, start.day) + timedelta(days=int(number), seconds=seconds)
    return Moment(whole, timed="." in text)


def _doubts(day: date) -> tuple[str, ...]:
    if not FIRST <= day <= LAST:
        return ("DATE_OUT_OF_RANGE",)
    return ("DATE_EPOCH_ZERO",) if day == date(1970, 1, 1) else ()


_MIDNIGHT = datetime.min.time()

TAKES = {"excel_serial": one_of("1900", "1904"), "long_term": YES}
day = converter(DATE, _day, iso_dates, TAKES)
time = converter(DATETIME, _time, iso_datetimes, TAKES)
