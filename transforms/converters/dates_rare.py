"""Rare spellings of dates that still have one meaning, and what surrounds a date without changing it.

民国112年 is 2023; May 6, 2023 and 06-MAY-2023 name their month; a weekday that fits says nothing new; a full stop,
quotes, or the .0 of a number that was once a float are no part of a date.
"""

import re
from datetime import date

from transforms.converters.numerals import chinese, day_number

NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {spelled: at for at, name in enumerate(NAMES, start=1) for spelled in (name, name[:3], name[:4])}
_MONTH = "(?P<month>[a-z]{3,9})"
ENGLISH = tuple(
    re.compile(pattern + "(?![0-9])", re.IGNORECASE)
    for pattern in (
        rf"(?:[a-z]{{3}}, )?(?P<day>[0-9]{{1,2}})[ -]{_MONTH}[ ,-]+(?P<year>[0-9]{{4}})",
        rf"{_MONTH}\.? (?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}})",
        rf"(?P<year>[0-9]{{4}})[ -]{_MONTH}[ -](?P<day>[0-9]{{1,2}})",
        r"(?P<day>[0-9]{1,2})-(?P<month>[0-9]{1,2})月 ?-(?P<year>[0-9]{4})",
    )
)
ERA = re.compile(
    "(?:中华)?民国 ?([0-9]{1,3}|[一二三四五六七八九十百零〇]{1,6}|元) ?年 ?"
    "(元|[^年月日]{1,4}?) ?月 ?([^年月日]{1,4}?) ?日"
)
WEEKDAY = re.compile(r" ?[(（]?(?:星期|周|礼拜)([一二三四五六日天])[)）]?$| ?[(（]([一二三四五六日])[)）]$")
AROUND = re.compile(r"^[\"'“‘](.*)[\"'”’]$")
PLACES = "一二三四五六日天"

YearMonthDay = tuple[int, int, int]


def bare(text: str) -> tuple[str, int | None]:
    """The text without quotes, closing punctuation and weekday, and that weekday: 0 is Monday."""
    text = AROUND.sub(r"\1", text).lstrip("'").rstrip("。.;,、 ")
    if re.fullmatch(r"[0-9]{8}\.0", text):
        text = text[:8]
    found = WEEKDAY.search(text)
    if not found:
        return text, None
    return text[: found.start()], min(PLACES.index(found[1] or found[2]), 6)


def fits(day: date, weekday: int | None) -> bool:
    """Whether the weekday that was written is that of the day."""
    return weekday is None or day.weekday() == weekday


def rare(text: str) -> tuple[YearMonthDay, str] | None:
    """Year, month, day and the rest of the text."""
    if found := ERA.match(text):
        year = 1 if found[1] == "元" else int(found[1]) if found[1].isdecimal() else _whole(found[1])
        month, day = 1 if found[2] == "元" else day_number(found[2]), day_number(found[3])
        return ((1911 + year, month, day), text[found.end() :]) if year and month and day else None
    for pattern in ENGLISH:
        if found := pattern.match(text):
            month = MONTHS.get(found["month"].lower()) or day_number(found["month"])
            return ((int(found["year"]), month, int(found["day"])), text[found.end() :]) if month else None
    return None


def _whole(text: str) -> int | None:
    number = chinese(text)
    return None if number is None else int(number)
