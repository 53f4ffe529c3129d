"""Files that come late (迟到文件) in a registration: a row is left out when a newer file has its record.

A newer row that waits for a person, or was dropped by one, does not count: nothing of it was ever sent. A correction
that stands does, for it came after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Connection, bindparam, text

from exchange.ledger.staging import bulk_insert

COLUMNS = ("business_key", "place", "digest")
MAKE = "CREATE TEMPORARY TABLE newer (business_key TEXT NOT NULL, place TEXT NOT NULL, digest TEXT)"
AFTER_ALL = "9"  # sorts behind every place
RULE, FOUND = "NEWER_FILE_HAS_IT", "FILE_LATE"  # the exclusion's name, and the finding on every row of a late file

OPEN_TICKETS = text("""
DELETE FROM newer WHERE EXISTS (SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT)
    AND q.raw_digest = newer.digest AND q.state IN ('held', 'dropped'))
""")
CORRECTIONS = text("""
INSERT INTO newer SELECT business_key, CAST(:place AS TEXT), NULL FROM correction WHERE feed = CAST(:feed AS TEXT)
    AND outcome = 'corrected' AND ended_at IS NULL AND business_key IS NOT NULL
""")
# What was in a newer batch that a person destroyed nobody can say: every known record may have been.
DESTROYED = text("""
INSERT INTO newer SELECT business_key, CAST(:place AS TEXT), NULL FROM record_current WHERE feed = CAST(:feed AS TEXT)
""")
# `revision` 0 is how exclusions.py knows them; held, so that they repeat nothing and close no ticket.
LEAVE_OUT = text("""
UPDATE staging SET held = 1, disposition = 'excluded', revision = 0
WHERE ordinal >= :first AND ordinal < :after AND EXISTS (
    SELECT 1 FROM newer n WHERE n.business_key = staging.business_key AND n.place > CAST(:place AS TEXT))
AND NOT EXISTS (
    SELECT 1 FROM record_current c WHERE c.feed = CAST(:feed AS TEXT) AND c.business_key = staging.business_key
    AND c.digest = staging.digest AND c.operation = staging.operation AND staging.held = 0)
""")

LATE_ROWS = text("SELECT COUNT(*) FROM finding WHERE load_id IN :loads AND code = :code").bindparams(
    bindparam("loads", expanding=True)
)


@dataclass(frozen=True, slots=True)
class LatePart:
    """Rows `first` to `after` (not included) of a load came in a file whose place others had passed already."""

    place: str
    first: int
    after: int


@dataclass(frozen=True)
class Newer:
    """`rows`: tables of COLUMNS from newer files; `destroyed`: the greatest place of those that cannot be read."""

    parts: tuple[LatePart, ...]
    rows: Iterable[pa.Table] = field(default_factory=tuple)
    destroyed: str = ""

    @property
    def late(self) -> int:
        """Late parts come first: their rows are those before this ordinal."""
        return max((part.after for part in self.parts), default=0)


def leave_out(connection: Connection, feed: str, newer: Newer) -> None:
    """Before anything else is asked of `staging`."""
    bytewise = 'TEXT COLLATE "C"' if connection.dialect.name == "postgresql" else "TEXT"
    connection.exec_driver_sql("DROP TABLE IF EXISTS newer")
    connection.exec_driver_sql(MAKE.replace("TEXT", bytewise))
    for chunk in newer.rows:
        columns = (chunk[name].to_pylist() for name in COLUMNS)
        bulk_insert(connection, "newer", COLUMNS, list(zip(*columns, strict=True)))
    connection.execute(OPEN_TICKETS, {"feed": feed})
    connection.execute(CORRECTIONS, {"feed": feed, "place": AFTER_ALL})
    if newer.destroyed:
        connection.execute(DESTROYED, {"feed": feed, "place": newer.destroyed})
    connection.exec_driver_sql("CREATE INDEX newer_key ON newer (business_key, place)")
    for part in newer.parts:
        names = {"feed": feed, "first": part.first, "after": part.after, "place": part.place}
        connection.execute(LEAVE_OUT, names)


def late_rows(connection: Connection, loads: Sequence[int]) -> int:
    """Rows that came in late files, left out or not."""
    return int(connection.scalar(LATE_ROWS, {"loads": loads, "code": FOUND}) or 0)
