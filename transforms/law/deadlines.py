"""Statutory clocks (法定期限): which row of `deadlines.csv` a record type stands under, when it is due, how late it is.

A clock carries its basis and its mark `verified`: a clock marked no must not be shown as the law. Terms in working
days use the holiday calendar and may be unknown; days late are calendar days after the due date.
"""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ConfigurationError
from schemas.standard import rows_of
from transforms.law.distinct import coded
from transforms.law.periods import days_after, months_after
from transforms.law.tables import table
from transforms.law.working_days import Calendar, CalendarUnknown, calendar, due_date

SEVEN_DAYS = frozenset({"penalty", "licence"})
TWENTY_DAYS = frozenset({
    "inspection", "coercion", "coercion_measure", "coercion_execution", "levy", "requisition", "confirmation",
    "payment", "adjudication", "reward", "other_act",
})  # fmt: skip
JANUARY_31 = "31 January"


@dataclass(frozen=True, slots=True)
class Clock:
    """One row of the table."""

    id: str
    what_zh: str
    limit: str
    unit: str
    counted_from: str
    basis: str
    verified: str


def clock(id_: str, version: str = "") -> Clock:
    """The row called `id_`, of one version or of the newest. Raises ConfigurationError naming those there are."""
    rows = {row["id"]: row for row in rows_of(table("deadlines", version))}
    if id_ not in rows:
        raise ConfigurationError(
            f"deadline {id_} does not exist", where="deadlines.csv", remedy=f"use one of: {', '.join(sorted(rows))}"
        )
    return Clock(**rows[id_])


def publication_clock(record_type: str, version: str = "") -> Clock | None:
    """The clock for making a decision public (公开期限); None for a type that is no decision, such as agency."""
    if record_type in SEVEN_DAYS:
        return clock("pub_penalty_permit", version)
    return clock("pub_other", version) if record_type in TWENTY_DAYS else None


def credit_clock(record_type: str, version: str = "") -> Clock | None:
    """The clock for reporting to the credit platform (双公示); only penalties and licences have one."""
    return clock("credit_report", version) if record_type in SEVEN_DAYS else None


def due(of: Clock, start: date, days_known: Calendar | None = None) -> date | CalendarUnknown:
    """The last day on time for what `of` counts from `start`. Raises ConfigurationError for a unit it cannot count."""
    if of.unit == "date" and of.limit == JANUARY_31:
        return months_after(date(start.year, 1, 31), 12)
    if not of.limit.isdecimal():
        raise _uncountable(of)
    match of.unit, int(of.limit):
        case "working days", n:
            return due_date(start, n, days_known)
        case "days", n:
            return days_after(start, n)
        case (("month" | "months"), n):
            return months_after(start, n)
        case (("year" | "years"), n):
            return months_after(start, 12 * n)
    raise _uncountable(of)


def days_late(of: Clock, start: date, as_of: date, days_known: Calendar | None = None) -> int | CalendarUnknown:
    """Calendar days past the due date on `as_of`; 0 while on time. `as_of` is the day it was done, or the run's day."""
    last = due(of, start, days_known)
    return last if isinstance(last, CalendarUnknown) else max((as_of - last).days, 0)


def days_late_column(of: Clock, starts: pa.Array, as_of: date, days_known: Calendar | None = None) -> pa.Array:
    """`days_late` of a date32 column as int32; null where the date or the calendar is not known."""
    codes = coded(starts)
    known = days_known or calendar()
    found = [days_late(of, day, as_of, known) for day in codes.dictionary.to_pylist()]
    late = pa.array([None if isinstance(days, CalendarUnknown) else days for days in found], pa.int32())
    return late.take(codes.indices)


def late_count(late: pa.Array) -> tuple[int, int]:
    """How many of a `days_late_column` are late, and how many are not known: never counted as on time."""
    return pc.sum(pc.greater(late, 0)).as_py() or 0, late.null_count


def _uncountable(of: Clock) -> ConfigurationError:
    return ConfigurationError(
        f"{of.limit} {of.unit} cannot be counted",
        where=f"deadlines.csv, {of.id}",
        remedy="use working days, days, months, years",
    )
