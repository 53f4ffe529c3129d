"""What the annual report counts: the newest version of every record of one feed, few columns, by the file it lies in.

Only versions of registered and closed loads exist in the ledger. A record whose newest operation is a revocation keeps
the content it had before, marked `_revoked`: whether it counts is the layout's rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text

from exchange.canonical import CanonicalFile
from exchange.site import Site
from schemas.errors import KeyDestroyed, KeyMissing

PAGE = 50_000
NEWEST = """
SELECT v.load_id, v.ordinal, v.revision, v.business_key, c.operation
FROM record_current c JOIN record_version v ON v.feed = c.feed AND v.business_key = c.business_key
WHERE c.feed = :feed AND v.ordinal >= 0 AND v.revision = COALESCE((
    SELECT MAX(n.revision) FROM record_version n
    WHERE n.feed = c.feed AND n.business_key = c.business_key AND n.operation = 'upsert'), c.revision)
ORDER BY v.load_id, v.ordinal
"""
HELD = "SELECT COUNT(*) FROM quarantine WHERE feed = :feed AND state = 'held'"
FIRST = "SELECT MIN(business_date) FROM load WHERE feed = :feed AND state IN ('registered', 'closed')"
OPEN = "SELECT COUNT(*) FROM load WHERE feed = :feed AND state IN ('landed', 'held')"
WHERE = pa.schema(
    [
        ("_load", pa.int64()),
        ("_ordinal", pa.int64()),
        ("_revision", pa.int64()),
        ("_key", pa.string()),
        ("_revoked", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Records:
    """One feed. `table`: the asked columns and those of WHERE.

    `lost`: records whose canonical file is gone; `destroyed`: those whose key a person destroyed.
    `held`: rows in quarantine, `waiting`: loads that are not registered; neither is counted, both are told.
    `since`: the year of the first registered load, 0 when there is none.
    """

    feed: str
    table: pa.Table
    lost: int = 0
    destroyed: int = 0
    held: int = 0
    waiting: int = 0
    since: int = 0


def feeds_known(site: Site) -> list[str]:
    """Every feed that ever registered a record, also those whose department has left the catalog."""
    with site.ledger.read() as connection:
        return sorted(connection.scalars(text("SELECT DISTINCT feed FROM record_current")))


def newest_records(site: Site, feed: str, columns: list[str]) -> Records:
    """`columns` that a file does not have (an older standard) come as nulls. Raises FileDamaged, KeyMissing."""
    where = pa.Table.from_batches(_places(site, feed), WHERE)
    with site.ledger.read() as connection:
        held = int(connection.scalar(text(HELD), {"feed": feed}) or 0)
        waiting = int(connection.scalar(text(OPEN), {"feed": feed}) or 0)
        since = int((connection.scalar(text(FIRST), {"feed": feed}) or "0")[:4])
    pieces, lost, destroyed = [], 0, 0
    for load in pc.unique(where["_load"]).to_pylist():
        rows = where.filter(pc.equal(where["_load"], load))
        gone = _destroyed(site, load)
        if not gone and (site.load_folder(load) / "canonical.parquet").is_file():
            pieces.append(_content(CanonicalFile(site, load), rows, columns))
        else:
            lost, destroyed = lost + rows.num_rows * (not gone), destroyed + rows.num_rows * gone
    table = pa.concat_tables(pieces, promote_options="default") if pieces else where.slice(0, 0)
    for name in columns:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return Records(feed, table, lost, destroyed, held, waiting, since)


def _destroyed(site: Site, load: int) -> bool:
    """Whether a person destroyed the load's key; its file is removed with it."""
    try:
        site.vault.keys.key(site.load_scope(load))
    except KeyDestroyed:
        return True
    except KeyMissing:
        return False
    return False


def _places(site: Site, feed: str) -> Iterator[pa.RecordBatch]:
    """Where each newest version lies, by load and ordinal; the ledger's rows are the only loop."""
    with site.ledger.read() as connection:
        for page in connection.execute(text(NEWEST), {"feed": feed}).partitions(PAGE):
            load, ordinal, revision, key, operation = zip(*page, strict=True)
            revoked = [word == "revoke" for word in operation]
            yield pa.record_batch([list(load), list(ordinal), list(revision), list(key), revoked], schema=WHERE)


def _content(canonical: CanonicalFile, rows: pa.Table, columns: list[str]) -> pa.Table:
    """The asked columns of the asked rows, reading only row groups that hold any."""
    file = canonical.file
    there = [name for name in columns if name in file.schema_arrow.names]
    wanted, first, pieces = rows["_ordinal"].to_numpy(), 0, []
    for group in range(file.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(wanted, [first, last])
        if high > low:
            chunk = file.read_row_group(group, columns=there).take(pa.array(wanted[low:high] - first))
            part = rows.slice(low, high - low)
            for name in there:
                part = part.append_column(name, chunk[name])
            pieces.append(part)
        first = last
    return pa.concat_tables(pieces)
