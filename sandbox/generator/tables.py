"""Owns whole written feeds: clean columns, the department's form, the dirt; and the large table for measurements."""

from datetime import date, datetime, time, timedelta
from random import Random

import pyarrow as pa

from sandbox.generator.clean import Columns, licence_columns, penalty_columns
from sandbox.generator.dirt import Dirt, plant
from sandbox.generator.layouts import LAYOUTS, rendered

UNKNOWN_CLASS = "待定"
FIRST_NIGHT = date(2026, 3, 2)


def stamp(moment: datetime) -> str:
    """A time as the departments write it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def cutoff(day: date) -> datetime:
    """Eight in the evening: what a department wrote after it belongs to the next night."""
    return datetime.combine(day, time(20))


def source_key(feed: str, serial: int) -> str:
    """The department's own key of its record number `serial`."""
    head = {"market": "", "water": "w", "transport": "JT"}[feed.split("/")[0]]
    return f"{head}{10_000_001 + serial}"


def clean_feed(feed: str, rows: int, rng: Random, base: date, first: int, since: datetime, until: datetime) -> Columns:
    """Clean neutral columns with keys and update times between `since` (or the decision) and `until`."""
    department, record_type = feed.split("/")
    make = penalty_columns if record_type == "penalty" else licence_columns
    clean = make(department, rows, rng, base, first)
    clean["key"] = [source_key(feed, first + serial) for serial in range(rows)]
    begins = {day: max(since, datetime.fromisoformat(f"{day} 09:00:00")) for day in set(clean["decision_date"])}
    clean["updated"] = [_between(begins[day], until, rng) for day in clean["decision_date"]]
    return clean


def _between(since: datetime, until: datetime, rng: Random) -> str:
    return stamp(since + timedelta(seconds=rng.randrange(int((until - since).total_seconds()))))


def soiled(feed: str, clean: Columns, rng: Random) -> tuple[Columns, dict[int, Dirt]]:
    """The department's form with dirt planted. A class that no rule knows stands only in rows that are held anyway:
    whether it holds a row by itself depends on the version of the standard, thus on the date.
    """
    layout = LAYOUTS[feed]
    written = rendered(feed, clean)
    planted = plant(clean, written, layout, rng)
    if "publicity_class" in layout.columns:
        for row in (row for row, dirt in planted.items() if dirt.outcome == "held"):
            written[layout.columns["publicity_class"]][row] = UNKNOWN_CLASS
    return written, planted


def penalty_table(rows: int, seed: int = 7) -> pa.Table:
    """`rows` penalties of the market department in its own columns, all text, dirt included; made column by column."""
    rng = Random(seed)
    evening = cutoff(FIRST_NIGHT)
    clean = clean_feed("market/penalty", rows, rng, FIRST_NIGHT, 0, evening - timedelta(days=60), evening)
    written, _ = soiled("market/penalty", clean, rng)
    return pa.table({name: pa.array(values, pa.string()) for name, values in written.items()})
