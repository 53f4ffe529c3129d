"""Cursor times (更新时间) as text: moved back by the overlap in their own form, and the newest that can be believed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from schemas.errors import ConfigurationError

OVERLAP = re.compile(r"^(\d{1,6})([smhd])$")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
TIME = re.compile(
    r"^(?P<y>\d{4})(?P<a>[-/.]?)(?P<m>\d{2})(?P=a)(?P<d>\d{2})"
    r"(?:(?P<t>[T ]?)(?P<H>\d{2})(?P<b>:?)(?P<M>\d{2})(?P=b)(?P<S>\d{2})(?:\.\d+)?(?P<z>Z|[+-]\d{2}(?::?\d{2})?)?)?$"
)


def overlap(text: str, where: str) -> timedelta:
    """`30m`, `2h`, `1d` as a duration. Raises ConfigurationError."""
    found = OVERLAP.match(text)
    if not found:
        raise ConfigurationError(
            f"overlap {text} is not a duration", where=f"{where}: source.overlap", remedy="write 30m, 2h or 1d"
        )
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def earlier(time: str, back: str, where: str) -> str | None:
    """The time moved back, written as it was (digits, separators, zone: nothing else can be in it).

    None when the text is no time we know: then nothing may be left out, and the caller asks without a bound.
    """
    moved_by = overlap(back, where)
    parts = _parts(time)
    if parts is None:
        return None
    at, form = parts
    try:
        return (at - moved_by).strftime(form)
    except OverflowError:
        return None


def newest(times: Sequence[str], known: str) -> str:
    """The greatest believable time, `known` included: no year 9999 may carry the position past rows to come.

    Quick where `times` are falling already.
    """
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y%m%d")
    for time in sorted(times, reverse=True):
        if time <= known:
            break
        parts = _parts(time)
        if parts and parts[0].strftime("%Y%m%d") <= tomorrow:
            return time
    return known


def _parts(time: str) -> tuple[datetime, str] | None:
    """(the time to the second, the strftime form that gives it back)."""
    found = TIME.match(time)
    if not found:
        return None
    part = found.groupdict()
    form = "%Y{a}%m{a}%d".format(a=part["a"])
    values = [part["y"], part["m"], part["d"]]
    if part["H"]:
        form += "{t}%H{b}%M{b}%S{z}".format(t=part["t"], b=part["b"], z=part["z"] or "")
        values += [part["H"], part["M"], part["S"]]
    try:
        return datetime(*(int(value) for value in values)), form  # type: ignore[arg-type]
    except ValueError:
        return None
