"""Which regions (行政区划) exist, existed, and when: `schemas/regions/`, whose README.md says where they come from.

Months are numbers, 202606. A change lies somewhere between two revisions of the source, so a code counts as gone only
after the month in which it was first missing, and as not yet there up to the month in which it was last missing.
"""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import schemas

FOLDER = Path(schemas.__file__).parent / "regions"
NOW = 999998  # later than every month of the table: what holds today
NEVER = 999999

UNKNOWN, IN_FORCE, GONE, NOT_YET, EXTENSION = range(5)


@dataclass(frozen=True, slots=True)
class Region:
    """One code under one name, from after `begin` to `end`, both months in which it was missing."""

    code: str
    name: str
    short: str
    begin: int
    end: int

    def state(self, month: int) -> int:
        """IN_FORCE, GONE or NOT_YET."""
        return NOT_YET if month <= self.begin else GONE if month > self.end else IN_FORCE


def month_of(text: str) -> int:
    """2021-07 or 2021-07-31 → 202107; nothing → NOW."""
    return int(text[:4]) * 100 + int(text[5:7]) if text else NOW


@cache
def regions() -> tuple[Region, ...]:
    """The whole table, sorted by code."""
    return tuple(
        Region(row["code"], row["name_zh"], row["short"], month_of(row["absent_before"] or "0000-00"), _end(row))
        for row in _rows("table.csv")
    )


def _end(row: dict[str, str]) -> int:
    return month_of(row["gone_by"]) if row["gone_by"] else NEVER


@cache
def extensions() -> tuple[dict[str, str], ...]:
    """What the standard does not name: new areas and zones (新区, 开发区), headings (市辖区); some without a code."""
    return tuple(_rows("extensions.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def _codes() -> npt.NDArray[np.int64]:
    known = {int(region.code) for region in regions()} | {int(row["code"]) for row in extensions() if row["code"]}
    return np.array(sorted(known), dtype=np.int64)


@lru_cache(maxsize=600)
def _states(month: int) -> npt.NDArray[np.uint8]:
    """The state of each of `_codes()` in a month. A code used twice is in force when one of its regions is."""
    state = np.full(len(_codes()), EXTENSION, dtype=np.uint8)
    place = np.searchsorted(_codes(), [int(region.code) for region in regions()])
    own = np.array([region.state(month) for region in regions()], dtype=np.uint8)
    for value in (NOT_YET, GONE, IN_FORCE):
        state[place[own == value]] = value
    return state


def states(codes: npt.NDArray[np.int64], month: int = NOW) -> npt.NDArray[np.uint8]:
    """UNKNOWN, IN_FORCE, GONE, NOT_YET or EXTENSION for each six-digit number."""
    known = _codes()
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    found: npt.NDArray[np.uint8] = np.where(known[place] == codes, _states(month)[place], np.uint8(UNKNOWN))
    return found


@lru_cache(maxsize=20_000)
def state(code: str, month: int = NOW) -> int:
    """The same for one code of six digits."""
    return int(states(np.array([int(code)], dtype=np.int64), month)[0])
