"""Periods of days, months and years (期间): months end on the day of the same number, or on the last there is.

《民法典》 art. 201 and 202: the first day is not counted; the end itself still belongs to the period. Its art. 203
(an end on a day off moves to the next day) is not applied: it protects one who has to act, not a public record.
"""

import calendar
from datetime import date, timedelta


def months_after(day: date, months: int) -> date:
    """The last day of a period of `months` that runs from `day`; never beyond the last date there is."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def days_after(day: date, days: int) -> date:
    """The last day of a period of calendar `days` that runs from `day`; never beyond the last date there is."""
    return day + timedelta(days=days) if (date.max - day).days >= days else date.max
