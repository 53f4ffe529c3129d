"""Owns `make bench`: our chain and the average team's in one run, each in its own process; prints one table.

    python -m benchmarks.chain [--rows 100000] [--large 300000] [--average 20000] [--rounds 3]

Imports are counted in neither. The receiver (benchmarks/ends.py) keeps nothing and runs in a third process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks.ends import believing_receiver, fill, one_receiver_catalog
from schemas.catalog import HOUSE

Measured = dict[str, Any]
POSTGRES = os.environ.get("GUIJI_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def measure(module: str, *words: str) -> Measured:
    """One chain in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=HOUSE, check=True, stdout=subprocess.PIPE, text=True
    )
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def ours(place: Path, source: Path, receiver: str, ledger: str = "") -> Measured:
    """Our chain in a fresh home."""
    home = place / f"home-{uuid.uuid4().hex[:8]}"
    words = (str(source), receiver, str(home), str(place / "catalog"))
    return measure("benchmarks.our_chain", *words, ledger or f"sqlite:///{home / 'ledger.db'}")


def typical(runs: list[Measured]) -> Measured:
    """The run with the median time."""
    middle = median(run["seconds"] for run in runs)
    return min(runs, key=lambda run: abs(run["seconds"] - middle))


@contextmanager
def postgres_ledger() -> Iterator[str | None]:
    """An empty database that is dropped afterwards; None where no server answers."""
    name = f"guiji_bench_{uuid.uuid4().hex[:8]}"
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield None
        return
    with server:
        server.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def stages(run: Measured) -> list[str]:
    """One line a stage: name, seconds, records a second."""
    lines = [f"| {name} | {took:.2f} | {_rate(run, took)} |" for name, took in run["stages"].items()]
    return ["| stage | s | records/s |", "|---|---:|---:|", *lines, _total(run)]


def _total(run: Measured) -> str:
    rate = f"| **whole chain** | **{run['seconds']:.2f}** | **{_rate(run, run['seconds'])}** |"
    return f"{rate}\n| processor time | {run['cpu']:.2f} | {_rate(run, run['cpu'])} |"


def _rate(run: Measured, seconds: float) -> str:
    return f"{run['rows'] / seconds:,.0f}" if seconds > 0.0005 else "—"


def summary(small: list[Measured], large: Measured, average: list[Measured], postgres: Measured | None) -> list[str]:
    """What the targets ask for, one line each."""
    rates = [run["rows"] / run["seconds"] for run in small]
    others = [run["rows"] / run["seconds"] for run in average]
    one = typical(small)
    lines = [
        f"ours, {one['rows']:,} records: {_span(rates)} records/s, peak {one['mib']:.0f} MiB",
        f"average team, {average[0]['rows']:,} records: {_span(others)} records/s, "
        f"peak {typical(average)['mib']:.0f} MiB",
        f"ratio of the medians: {median(rates) / median(others):.1f} by the clock, "
        f"{_by_cpu(small) / _by_cpu(average):.1f} by processor time",
        f"ours, {large['rows']:,} records: {large['rows'] / large['seconds']:,.0f} records/s, "
        f"peak {large['mib']:.0f} MiB = {large['mib'] / one['mib']:.2f} × that of {one['rows']:,}",
        f"registration, SQLite: {_rate(one, one['stages']['register in ledger'])} rows/s",
    ]
    if postgres:
        took = postgres["stages"]["register in ledger"]
        lines.append(f"registration, PostgreSQL: {_rate(postgres, took)} rows/s (whole chain "
                     f"{_rate(postgres, postgres['seconds'])} records/s)")  # fmt: skip
    return [f"- {line}" for line in lines]


def _by_cpu(runs: list[Measured]) -> float:
    return float(median(run["rows"] / run["cpu"] for run in runs))


def _span(rates: list[float]) -> str:
    return f"{median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}, {len(rates)} runs)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in (("rows", 100_000), ("large", 300_000), ("average", 20_000), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, believing_receiver() as receiver:
        place, small, average = Path(folder), [], []
        one_receiver_catalog(place / "catalog")
        for rows in {asked.rows, asked.large, asked.average}:
            fill(place / f"{rows}.db", rows)
        for _ in range(asked.rounds):
            small.append(ours(place, place / f"{asked.rows}.db", receiver))
            average.append(measure("benchmarks.average_team", str(place / f"{asked.average}.db"), receiver))
        large = ours(place, place / f"{asked.large}.db", receiver)
        with postgres_ledger() as url:
            postgres = ours(place, place / f"{asked.rows}.db", receiver, url) if url else None
    print("\n".join(["## Ours", "", *stages(typical(small)), "", "## The average team's", ""]))
    print("\n".join([*stages(typical(average)), "", "## Side by side", ""]))
    print("\n".join(summary(small, large, average, postgres)))


if __name__ == "__main__":
    main()
