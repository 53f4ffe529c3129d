"""The newest version of every record, on both databases: changed, revoked, gone at the source, held, destroyed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from exchange.canonical import CanonicalFile, CanonicalWriter
from exchange.ledger.loads import Loads
from exchange.ledger.registration import register
from exchange.report.annual_records import feeds_known, newest_records
from exchange.site import Site
from schemas.findings import Flag

FEED = "market/penalty"


@pytest.fixture
def site(tmp_path: Path, ledger_url: str) -> Iterator[Site]:
    """Two nights. The second changes k1, revokes k2 and an unknown k7, no longer has k3, adds k5 and holds a row."""
    clock = datetime(2026, 3, 2, 1, tzinfo=UTC)
    site = Site(tmp_path, ledger_url, clock=lambda: clock)
    _night(site, date(2025, 12, 31), ["k1 a", "k2 a", "k3 a", "k4 a"])
    _night(site, date(2026, 1, 1), ["k1 b", "k2 a revoke", "k4 a", "k5 a", "k6 a held", "k7 a revoke"])
    yield site
    site.ledger.engine.dispose()


def _night(site: Site, day: date, rows: list[str]) -> None:
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, day, lease)
    loads.landed(load, f"{day:%Y%m%d}".ljust(64, "0"), {}, True, lease)
    keys = [row.split()[0] for row in rows]
    values = {
        "_key": keys, "_ref": keys, "_digest": [row.split()[1] for row in rows],
        "_operation": ["revoke" if "revoke" in row else "upsert" for row in rows],
        "_raw_digest": [f"raw {row}" for row in rows], "_part": [0] * len(rows), "_row": list(range(len(rows))),
        "content": [f"{row} of {day.year}" for row in rows],
    }  # fmt: skip
    with CanonicalWriter(site, load, pa.schema([("content", pa.string())])) as writer:
        for row in range(len(rows)):  # each row its own row group
            picked = {f.name: pa.array(values[f.name], f.type).slice(row, 1) for f in writer.schema}
            writer.write(pa.table(picked))
    held = np.array(["held" in row for row in rows])
    flags = [Flag("TEXT_MOJIBAKE", "", np.flatnonzero(held))]
    register(
        site.ledger, loads.get(load), CanonicalFile(site, load).staging_chunks(held), flags, keep_last=False,
        standard="enforcement/1.0", receivers=(), gate=lambda _: None, lease=lease,
    )  # fmt: skip


def test_the_newest_version_with_content_of_every_key(site: Site) -> None:
    found = newest_records(site, FEED, ["content"])
    rows = {row["_key"]: (row["content"], row["_revoked"]) for row in found.table.to_pylist()}
    assert rows["k1"] == ("k1 b of 2026", False)
    assert rows["k2"] == ("k2 a of 2025", True)
    assert rows["k3"] == ("k3 a of 2025", True)
    assert rows["k4"] == ("k4 a of 2025", False)
    assert rows["k5"] == ("k5 a of 2026", False)
    assert set(rows) == {"k1", "k2", "k3", "k4", "k5"}


def test_what_is_held_and_since_when_is_told(site: Site) -> None:
    found = newest_records(site, FEED, ["content"])
    assert (found.held, found.waiting, found.since, found.lost, found.destroyed) == (1, 0, 2025, 0, 0)
    assert feeds_known(site) == [FEED]


def test_a_load_that_is_not_registered_is_told(site: Site) -> None:
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, date(2026, 1, 2), lease)
    loads.landed(load, "c" * 64, {}, True, lease)
    assert newest_records(site, FEED, ["content"]).waiting == 1


def test_a_column_that_the_file_does_not_have_is_null(site: Site) -> None:
    table = newest_records(site, FEED, ["content", "later"]).table
    assert table["later"].null_count == table.num_rows == 5


def test_a_file_that_is_gone_is_counted_and_one_that_was_destroyed_apart(site: Site) -> None:
    (site.load_folder(1) / "canonical.parquet").unlink()
    found = newest_records(site, FEED, ["content"])
    assert (found.lost, found.destroyed, found.table.num_rows) == (3, 0, 2)
    site.vault.keys.destroy(site.load_scope(1), site.ledger.now)
    again = newest_records(site, FEED, ["content"])
    assert (again.lost, again.destroyed) == (0, found.lost)


def test_a_feed_without_records_is_empty(site: Site) -> None:
    found = newest_records(site, "water/penalty", ["content"])
    assert (found.table.num_rows, found.since, found.lost) == (0, 0, 0)
    assert "content" in found.table.column_names
