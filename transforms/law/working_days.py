"""Working days (工作日) and the n-th of them after a decision.

The day after the decision counts as day 1: 《民法典》 art. 201, "开始的当日不计入，自下一日开始计算". So 7 working
days from 2026-02-11 end on 2026-02-27, as the domain findings say. The days are those of `chinesecalendar`, with
its make-up Saturdays and Sundays (调休上班). A year that neither it nor `holidays.csv` knows is said
(CalendarUnknown), never guessed from weekends.

29 to 31 December are known only when the following year is: the State Council's notice for a new year has moved them
(2006, 2007, 2011, 2018, 2022, 2023).

`holidays.csv` needs no network: `date,kind,name_zh,source`, kind `off` (休) or `work` (班), one row for each day the
notice names. A year counts as known when all seven statutory holidays are named in it.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import pyarrow as pa

from schemas.errors import StandardError
from transforms.law.distinct import coded
from transforms.law.tables import table

STATUTORY = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
COLUMNS = ["date", "kind", "name_zh", "source"]
DAY = timedelta(days=1)
NEW_YEAR_MOVES = 3  # days at the end of December that the next year's notice may move


@dataclass(frozen=True, slots=True)
class CalendarUnknown:
    """No answer: the holidays of `year` are not known. What to do about it, in plain words."""

    year: int

    @property
    def remedy(self) -> str:
        return f"add the days of the State Council's notice for {self.year} to holidays.csv, or update chinesecalendar"


@dataclass(frozen=True)
class Calendar:
    """All working days from `first` to `last`, both known; nothing is said of any other day."""

    first: date
    last: date
    working: tuple[date, ...]

    def is_working(self, day: date) -> bool | CalendarUnknown:
        """Whether `day` is a working day."""
        if not self.first <= day <= self.last:
            return self._unknown(day)
        place = bisect_right(self.working, day)
        return place > 0 and self.working[place - 1] == day

    def after(self, start: date, days: int) -> date | CalendarUnknown:
        """The `days`-th working day after `start`. Raises ValueError when `days` is below 1."""
        if days < 1:
            raise ValueError("a term has at least one working day")
        if start < self.first - DAY:
            return CalendarUnknown(start.year)
        place = bisect_right(self.working, start) + days - 1
        return self.working[place] if place < len(self.working) else self._unknown(max(start, self.last))

    def _unknown(self, day: date) -> CalendarUnknown:
        return CalendarUnknown(max(day.year, self.last.year + 1) if day >= self.last else day.year)


@dataclass(frozen=True, slots=True)
class DueDates:
    """`due`: date32, null where not known; `unknown_year`: int32, the year that is missing, null elsewhere."""

    due: pa.Array
    unknown_year: pa.Array


def calendar(path: Path | None = None) -> Calendar:
    """The package's calendar under the rows of `path` (holidays.csv of the newest version). Raises StandardError."""
    return _calendar(path or table("holidays.csv"))


@cache
def _calendar(path: Path) -> Calendar:
    marked = _read(path)
    known = (min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year)
    first, last = date(known[0], 1, 1), date(_last_year(marked, known[1], path), 12, 31 - NEW_YEAR_MOVES)
    span = (first + DAY * n for n in range((last - first).days + 1))
    return Calendar(first, last, tuple(day for day in span if _works(day, marked)))


def due_date(decision: date, days: int, days_known: Calendar | None = None) -> date | CalendarUnknown:
    """The last day of a term of `days` working days that runs from `decision`."""
    return (days_known or calendar()).after(decision, days)


def due_dates(decisions: pa.Array, days: int, days_known: Calendar | None = None) -> DueDates:
    """`due_date` of a date32 column, worked out once for each distinct date. A null date stays null in both."""
    codes = coded(decisions)
    known = days_known or calendar()
    found = [due_date(day, days, known) for day in codes.dictionary.to_pylist()]
    due = pa.array([day if isinstance(day, date) else None for day in found], pa.date32())
    year = pa.array([day.year if isinstance(day, CalendarUnknown) else None for day in found], pa.int32())
    return DueDates(due.take(codes.indices), year.take(codes.indices))


def _works(day: date, marked: dict[date, tuple[bool, str]]) -> bool:
    if day in marked:
        return marked[day][0]
    if day in chinese_calendar.holidays:
        return False
    return day in chinese_calendar.workdays or day.weekday() < 5


def _read(path: Path) -> dict[date, tuple[bool, str]]:
    """Day to (works, name of the holiday)."""
    marked: dict[date, tuple[bool, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames != COLUMNS:
            raise _wrong(path, 1, f"the header is not {','.join(COLUMNS)}")
        for row in reader:
            day = _day(row["date"], path, reader.line_num)
            if row["kind"] not in {"off", "work"}:
                raise _wrong(path, reader.line_num, "kind is neither off nor work")
            if day in marked:
                raise _wrong(path, reader.line_num, f"{day} is given twice")
            marked[day] = (row["kind"] == "work", row["name_zh"] or "")
    return marked


def _day(text: str, path: Path, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _wrong(path, line, "date is not written YYYY-MM-DD") from error


def _last_year(marked: dict[date, tuple[bool, str]], last: int, path: Path) -> int:
    """The last year known without a gap. A half-entered year is refused: half a notice gives wrong days."""
    for year in sorted({day.year for day in marked if day.year > last}):
        missing = _missing(name for day, (works, name) in marked.items() if day.year == year and not works)
        if missing:
            raise _wrong(path, None, f"{year} has no day off for {'、'.join(missing)}")
        if year != last + 1:
            raise _wrong(path, None, f"{year} is given but {last + 1} is not")
        last = year
    return last


def _missing(names: Iterable[str]) -> list[str]:
    given = "、".join(names)
    return [name for name in STATUTORY if name not in given]


def _wrong(path: Path, line: int | None, message: str) -> StandardError:
    return StandardError(
        message,
        where=path.name if line is None else f"{path.name}, line {line}",
        remedy="enter every day of the State Council's notice for the year, as date,kind,name_zh,source",
    )
