"""The time after a date, and the clock of China: one zone, with daylight-saving time until 1991."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
HALVES = {"上午": 0, "凌晨": 0, "早上": 0, "下午": 12, "晚上": 12, "AM": 0, "PM": 12, "": 0}
ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}|\[Asia/Shanghai\]|北京时间)?"
CLOCK = re.compile(
    r"[ T]*(?P<half>上午|凌晨|早上|下午|晚上)? ?(?P<hour>[0-9]{1,2}) ?(?::|时|点) ?"
    r"(?:(?P<minute>[0-9]{1,2}) ?(?:分|(?=[:Z+\-\[北 AP]|$)))? ?"
    r"(?::? ?(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))? ?秒?)?整? ?(?P<meridiem>AM|PM)? ?" + ZONE
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time in China; `timed` says whether the text told a time of day at all."""

    local: datetime
    timed: bool
    zoned: datetime | None = None

    def instant(self) -> datetime | None:
        """The instant, or None when the local clock never showed this time or showed it twice."""
        if self.zoned is not None:
            return self.zoned
        first, second = (self.local.replace(tzinfo=CHINA, fold=fold) for fold in (0, 1))
        return None if first.utcoffset() != second.utcoffset() else first


def moment(day: date, rest: str) -> Moment | str:
    """The day with the time that follows it in the text, or a finding's code."""
    midnight = datetime(day.year, day.month, day.day)
    if not rest.strip():
        return Moment(midnight, timed=False)
    found = CLOCK.fullmatch(rest.rstrip())
    if not found:
        return "DATE_INVALID"
    hour = _hour(int(found["hour"]), found["half"] or found["meridiem"] or "")
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    if hour is None or minute > 59 or second > 59:
        return "DATE_AMBIGUOUS" if found["hour"] == "24" else "DATE_INVALID"
    fraction = int((found["fraction"] or "0").ljust(6, "0")[:6])
    local = midnight + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    return _placed(local, found["zone"] or "")


def _hour(hour: int, half: str) -> int | None:
    if hour > 23:
        return None
    if not half or hour > 12:
        return hour
    return hour % 12 + HALVES[half]


def _placed(local: datetime, zone: str) -> Moment | str:
    if not zone or not (zone == "Z" or zone[0] in "+-"):
        return Moment(local, timed=True)
    offset = _offset(zone)
    if offset is None:
        return "DATE_INVALID"
    try:
        instant = local.replace(tzinfo=timezone(offset))
        china = instant.astimezone(CHINA)
    except OverflowError:
        return "DATE_OUT_OF_RANGE"
    return Moment(china.replace(tzinfo=None), timed=True, zoned=instant.astimezone(UTC))


def _offset(zone: str) -> timedelta | None:
    if zone == "Z":
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        return None
    return (-1 if zone[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes)
