"""`make nights`: many nights one after another under one Airflow, to show that it neither stalls nor grows slow.

Prints one line a night and the figures of all: task instances, the longest silence between two changes of state,
and what each kind of task took. With the few records of the default, that is what Airflow itself costs.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from rich.console import Console

from exchange.cli.screen import screen
from exchange.ledger.balance import load_balance, newest_loads
from exchange.orchestration import Airflow, RunChange
from exchange.site import Site
from sandbox.nightly import TONIGHT_ONLY
from sandbox.world import World
from schemas.catalog import HOUSE
from schemas.errors import GuijiError


class Watch:
    """Listens to every change of state and keeps the longest silence, in seconds."""

    def __init__(self) -> None:
        self.longest, self.changes, self._last = 0.0, 0, time.monotonic()

    def __call__(self, _: RunChange) -> None:
        now = time.monotonic()
        self.longest, self.changes, self._last = max(self.longest, now - self._last), self.changes + 1, now

    def rest(self) -> None:
        """A new night begins: the pause before it counts for nothing."""
        self._last = time.monotonic()


def main() -> int:
    """Exit status 0 when every feed of every night is whole."""
    parser = argparse.ArgumentParser(prog="make nights", description=__doc__)
    parser.add_argument("--nights", type=int, default=20)
    parser.add_argument("--rows", type=int, default=60, help="records per feed on the first night")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="guiji-nights-") as folder:
        return _series(Path(folder), options.nights, options.rows, screen())


def _series(home: Path, nights: int, rows: int, console: Console) -> int:
    watch, seconds, broken = Watch(), [], 0
    with World(home / "sandbox", rows=rows) as world:
        os.environ.update({**world.env(), "GUIJI_HOME": str(home)})
        site = Site.from_environment()
        dags = sorted(feed.dag_id for feed in site.catalog.feeds.values())
        with Airflow(home / "airflow", HOUSE / "dags", env={**os.environ, **TONIGHT_ONLY}) as airflow:
            for night in range(1, nights + 1):
                world.advance_to(night)
                day, began = world.business_date(night).isoformat(), time.monotonic()
                watch.rest()
                airflow.run_dags(dags, {"business_date": day}, watch, stall_seconds=300)
                seconds.append(time.monotonic() - began)
                whole = _whole(site, day)
                broken += len(dags) - whole
                console.print(f"{night:4} {day}  {whole}/{len(dags)} 办结 done  {seconds[-1]:.1f} s")
            _figures(airflow, dags, console)
    middle, third = median(seconds), max(1, nights // 3)
    console.print(
        f"{nights} nights, {nights * len(dags)} runs, {watch.changes} changes of state, "
        f"longest silence {watch.longest:.1f} s, {broken} feeds not whole\n"
        f"a night: median {middle:.1f} s, first third {median(seconds[:third]):.1f} s, "
        f"last third {median(seconds[-third:]):.1f} s; one feed of a night: {middle / len(dags):.2f} s"
    )
    return 1 if broken else 0


def _whole(site: Site, day: str) -> int:
    loads = newest_loads(site.ledger, day).items()
    return sum(load_balance(site.ledger, load, site.catalog.feed(feed).receivers).whole for feed, load in loads)


def _instances(airflow: Airflow, dags: list[str]) -> Iterator[dict[str, Any]]:
    """Every task instance of these DAGs that Airflow remembers."""
    for dag in dags:
        path, offset = f"/dags/{quote(dag, safe='')}/dagRuns/~/taskInstances?limit=100", 0
        while found := airflow.client.call("GET", f"{path}&offset={offset}")["task_instances"]:
            yield from found
            offset += len(found)


def _figures(airflow: Airflow, dags: list[str], console: Console) -> None:
    """Per kind of task: instances, those that failed, median seconds from start to end and from queued to start."""
    took: dict[str, list[float]] = defaultdict(list)
    waited: dict[str, list[float]] = defaultdict(list)
    failed: dict[str, int] = defaultdict(int)
    for item in _instances(airflow, dags):
        kind = item["task_id"].split("_")[0]
        failed[kind] += item["state"] != "success"
        if item["start_date"] and item["end_date"] and item["queued_when"]:
            moments = ("queued_when", "start_date", "end_date")
            queued, start, end = (datetime.fromisoformat(item[name]) for name in moments)
            took[kind].append((end - start).total_seconds())
            waited[kind].append((start - queued).total_seconds())
    for kind, times in took.items():
        console.print(
            f"{kind:8} {len(times):5} instances, {failed[kind]} not successful, "
            f"ran {median(times):.2f} s, waited {median(waited[kind]):.2f} s (medians)"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GuijiError as error:
        print(f"✗ {error}", file=sys.stderr)
        sys.exit(1)
