"""The place of a drop-folder file in the order of files: the date in its name (文件名中的日期)."""

import re

# A date in digits of its own, with a time of day glued to it or without: 20260302, 2026-03-02, 20260302021500.
DATE = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])"
    r"((?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?)?(?![0-9])"
)


def place(name: str) -> str:
    """`YYYYMMDDhhmmss` of the last date in a name; "" where there is none: then only arrival puts files in order.

    Two files of one date have one place: which of them is newer their names do not say.
    """
    found = DATE.findall(name)
    if not found:
        return ""
    year, _, month, day, time = found[-1]
    return f"{year}{month}{day}{time:0<6}"


def in_order(name: str) -> tuple[bool, str, str]:
    """Sorts names: dated ones first, by date; then by name. What has no date is as new as its arrival."""
    return place(name) == "", place(name), name
