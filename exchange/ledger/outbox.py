"""The outbox (待发): versions a receiver still has to get, filled by the registration and emptied by the seal."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import text

from exchange.ledger.database import Lease, Ledger
from exchange.ledger.tables import withheld

PAGE = 100_000

# Versions a receiver still has to get, in the order in which they must go out. By CASE, because SQLite works out both
# sides of an AND whose value is asked for.
PENDING = """
SELECT v.id, CASE WHEN v.operation = 'revoke' THEN v.business_key END, v.revision, v.operation = 'revoke', v.load_id,
    v.ordinal,
    CASE WHEN v.revision > 1 THEN EXISTS (SELECT 1 FROM record_version e JOIN delivery_member m ON m.version = e.id
            WHERE e.feed = v.feed AND e.business_key = v.business_key AND e.revision < v.revision
            AND e.operation = 'upsert' AND m.receiver = :receiver
            AND (m.outcome IS NULL OR m.outcome = 'accepted')) ELSE FALSE END,
    CASE WHEN v.revision > 1 THEN EXISTS (SELECT 1 FROM record_version e JOIN outbox b ON b.version = e.id
            WHERE e.feed = v.feed AND e.business_key = v.business_key AND e.revision < v.revision
            AND b.receiver = :receiver) ELSE FALSE END
FROM outbox o JOIN record_version v ON v.id = o.version
WHERE o.receiver = :receiver AND v.feed = :feed ORDER BY o.version LIMIT :page
"""
# Content that waits beside its own revocation.
REVOKED_SINCE = text("""
SELECT DISTINCT o.version FROM outbox r JOIN record_version n ON n.id = r.version
JOIN record_version v ON v.feed = n.feed AND v.business_key = n.business_key AND v.revision < n.revision
JOIN outbox o ON o.version = v.id AND o.receiver = r.receiver
WHERE r.receiver = :receiver AND n.feed = :feed AND n.operation = 'revoke' AND v.operation = 'upsert' ORDER BY 1
""")
TAKE_OUT = text("DELETE FROM outbox WHERE receiver = :receiver AND version = :version")

PENDING_COLUMNS = pa.schema(
    [
        ("version", pa.int64()),
        ("business_key", pa.string()),  # of a revocation; what has content has its key in the canonical file
        ("revision", pa.int64()),
        ("revoke", pa.bool_()),
        ("load", pa.int64()),
        ("ordinal", pa.int64()),  # row of the load's canonical file; -1: nothing but the key
        ("known", pa.bool_()),  # the receiver has, or may have, an earlier version
        ("waits", pa.bool_()),  # an earlier version is still in the box
    ]
)


class Outbox:
    """What is pending, and what is taken out without being sent."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def pending(self, feed: str, receiver: str) -> pa.Table:
        """What is to be sealed for a receiver next, as PENDING_COLUMNS: one load, no key twice, at most PAGE rows."""
        with self.ledger.read() as connection:
            names = {"feed": feed, "receiver": receiver, "page": PAGE}
            rows = connection.execute(text(PENDING), names).cursor.fetchall()
        columns = list(zip(*rows, strict=True)) or [()] * len(PENDING_COLUMNS)
        arrays = [_column(values, field) for values, field in zip(columns, PENDING_COLUMNS, strict=True)]
        table = pa.table(arrays, schema=PENDING_COLUMNS)
        return table.slice(0, _first_run(table))

    def revoked_since(self, feed: str, receiver: str) -> list[int]:
        """Versions that were revoked while they waited: whoever has not seen them need not."""
        with self.ledger.read() as connection:
            return [row[0] for row in connection.execute(REVOKED_SINCE, {"feed": feed, "receiver": receiver})]

    def withhold(self, receiver: str, rows: Sequence[tuple[int, str, str, str]], lease: Lease) -> None:
        """Versions that cannot or need not go to this receiver: (version, code, disposition, field) each."""
        if not rows:
            return
        names = ("version", "code", "disposition", "field")
        with self.ledger.write("withhold", lease) as connection:
            connection.execute(
                withheld.insert(), [{"receiver": receiver, **dict(zip(names, row, strict=True))} for row in rows]
            )
            connection.execute(TAKE_OUT, [{"receiver": receiver, "version": row[0]} for row in rows])


def _column(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """SQLite says 0 and 1 for a truth."""
    return pa.array(values).cast(pa.bool_()) if pa.types.is_boolean(field.type) else pa.array(values, field.type)


def _first_run(table: pa.Table) -> int:
    """How many rows belong to the first row's load and do not wait for another one of the page."""
    if not table.num_rows:
        return 0
    other = (table["load"].to_numpy() != table["load"][0].as_py()) | table["waits"].to_numpy()
    return int(other.argmax()) if other.any() else table.num_rows
