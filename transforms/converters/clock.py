"""The time after a date, and the clock of China: one zone, with daylight-saving time until 1991."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
MORNING, EVENING = {h: h for h in range(12)}, {h: h + 12 for h in range(5, 12)}
HALVES = {  # the hours that each word names for certain: 晚上1点 is the next day's, 上午12点 may be noon or midnight
    **dict.fromkeys(("上午", "早上", "早晨", "清晨"), MORNING),
    "凌晨": {h: h for h in range(7)},
    "中午": {11: 11, 12: 12, 1: 13, 2: 14},
    "下午": {12: 12} | {h: h + 12 for h in range(1, 12)},
    **dict.fromkeys(("傍晚", "晚上", "晚"), EVENING),
    "AM": {12: 0} | {h: h for h in range(1, 12)},
    "PM": {12: 12} | {h: h + 12 for h in range(1, 12)},
}
LATE = ("下午", "傍晚", "晚上", "晚", "PM")  # beside these an hour of 24 may stand: 下午15时
_WORDS = "上午|早上|早晨|清晨|凌晨|中午|下午|傍晚|晚上|晚"
ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}|\[Asia/Shanghai\]|北京时间)?"
CLOCK = re.compile(
    rf"[ T]*(?P<half>{_WORDS})? ?(?P<hour>[0-9]{{1,2}}) ?(?::|时|点) ?"
    r"(?:(?P<minute>半|[0-9]{1,2}) ?(?:分|(?=[:Z+\-\[北上下 APap]|$)))? ?"
    r"(?::? ?(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))? ?秒?)?整? ?"
    r"(?P<meridiem>[AaPp][Mm]|上午|下午)? ?" + ZONE
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
    hour = _hour(int(found["hour"]), (found["half"] or found["meridiem"] or "").upper())
    minute, second = 30 if found["minute"] == "半" else int(found["minute"] or 0), int(found["second"] or 0)
    if minute > 59 or second > 59 or int(found["hour"]) > 24:
        return "DATE_INVALID"
    if hour is None:
        return "DATE_AMBIGUOUS"
    fraction = int((found["fraction"] or "0").ljust(6, "0")[:6])
    local = midnight + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)
    return _placed(local, found["zone"] or "")


def _hour(hour: int, half: str) -> int | None:
    if not half or (hour > 12 and half in LATE):
        return hour if hour < 24 else None
    return HALVES[half].get(hour)


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
