"""Corrections (补正) in a registration: what a department gave back counts, and stands until the source's row changes.

A load of corrections settles tickets; every later pull in which the source still sends the old row treats that row as
the corrected record: it is `unchanged`, opens no ticket and overwrites nothing. When the source's row differs from the
old one, the correction has ended and the row is judged as any other.
"""

from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import Connection, text

from exchange.ledger.staging import bulk_insert

GIVEN = ("ordinal", "subject", "ticket", "version", "old_raw", "old_digest", "old_key")
MAKE = """
CREATE TEMPORARY TABLE given (ordinal INTEGER PRIMARY KEY, subject TEXT NOT NULL, ticket BIGINT, version BIGINT,
    old_raw TEXT NOT NULL, old_digest TEXT NOT NULL, old_key TEXT)
"""

# What was settled between the command and this transaction, and what was revoked since its row was held.
TOO_LATE = (
    """UPDATE staging SET held = 1, disposition = 'excluded' WHERE ordinal IN (SELECT g.ordinal FROM given g
       WHERE g.ticket IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.id = g.ticket AND q.state = 'held'))""",
    """UPDATE staging SET held = 1, disposition = 'excluded' WHERE ordinal IN (SELECT g.ordinal FROM given g
       JOIN record_version o ON o.id = g.version
       JOIN record_current c ON c.feed = o.feed AND c.business_key = o.business_key WHERE c.revision > o.revision)""",
    """UPDATE staging SET held = 1, disposition = 'excluded' WHERE operation = 'upsert' AND ordinal IN (
       SELECT g.ordinal FROM given g JOIN quarantine q ON q.id = g.ticket
       JOIN record_current c ON c.feed = q.feed AND c.operation = 'revoke' AND c.load_id > q.load_id
       WHERE c.business_key = staging.business_key)""",
)

# A row that was given the key of another record, which the source has in a row of its own.
ANOTHERS_KEY = text("""
SELECT s.ordinal FROM given g JOIN staging s ON s.ordinal = g.ordinal
JOIN record_current c ON c.feed = :feed AND c.business_key = s.business_key
WHERE s.held = 0 AND c.operation = 'upsert' AND c.source_ref <> s.source_ref
AND s.business_key <> COALESCE(g.old_key, '') ORDER BY s.ordinal
""")

# A row that is still wrong stays the ticket it was.
SAME_TICKET = """
UPDATE staging SET raw_digest = (SELECT q.raw_digest FROM given g JOIN quarantine q ON q.id = g.ticket
    WHERE g.ordinal = staging.ordinal)
WHERE ordinal IN (SELECT g.ordinal FROM given g WHERE g.ticket IS NOT NULL)
"""

# held = 0 beside excluded: the department revoked what nobody was ever told of, which settles the matter too
_GOOD = "(s.disposition IN ('new', 'duplicate', 'unchanged') OR (s.disposition = 'excluded' AND s.held = 0))"
SETTLE = (
    f"""INSERT INTO correction (load_id, ordinal, feed, subject, ticket, version, old_raw, old_digest, old_key,
           business_key, source_ref, digest, outcome)
       SELECT CAST(:load AS BIGINT), s.ordinal, CAST(:feed AS TEXT), g.subject, g.ticket, g.version, g.old_raw,
           g.old_digest, g.old_key, s.business_key, s.source_ref, s.digest,
           CASE WHEN s.disposition = 'quarantined' THEN 'held'
                WHEN s.disposition = 'unchanged' AND g.ticket IS NULL THEN 'same'
                WHEN {_GOOD} THEN 'corrected' ELSE 'late' END
       FROM staging s JOIN given g ON g.ordinal = s.ordinal""",  # noqa: S608 - the words are ours
    f"""UPDATE quarantine SET state = 'corrected', closed_at = :now, reason = CAST(:reason AS TEXT),
           person = CAST(:person AS TEXT)
       WHERE id IN (SELECT g.ticket FROM staging s JOIN given g ON g.ordinal = s.ordinal WHERE {_GOOD})""",  # noqa: S608
    """UPDATE quarantine SET load_id = :load, ordinal = (
           SELECT s.ordinal FROM staging s JOIN given g ON g.ordinal = s.ordinal WHERE g.ticket = quarantine.id)
       WHERE id IN (SELECT g.ticket FROM staging s JOIN given g ON g.ordinal = s.ordinal
           WHERE s.disposition = 'quarantined')""",
)

HOLD = text("UPDATE staging SET held = 1 WHERE ordinal = :ordinal")

STANDING = text(
    "SELECT load_id, ordinal, old_raw, old_digest, old_key, business_key, source_ref, digest FROM correction "
    "WHERE feed = :feed AND outcome = 'corrected' AND ended_at IS NULL ORDER BY load_id, ordinal"
)
STAND_FOR = text("UPDATE staging SET business_key = :key, digest = :digest, held = 0 WHERE ordinal = :ordinal")
AS_IT_IS = text("UPDATE staging SET disposition = 'unchanged', held = 0 WHERE ordinal = :ordinal")
END = text("UPDATE correction SET ended_at = :now WHERE load_id = :load AND ordinal = :ordinal")
# When the record is revoked nothing stands any more: should its old row come back, it is judged anew.
END_REVOKED = text("""
UPDATE correction SET ended_at = :now WHERE feed = :feed AND outcome = 'corrected' AND ended_at IS NULL
AND business_key IN (SELECT s.business_key FROM staging s WHERE s.disposition = 'new' AND s.operation = 'revoke')
""")


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction that stands. Digests are of the source's old row, `digest` of the corrected record."""

    load_id: int
    ordinal: int
    old_raw: str
    old_digest: str
    old_key: str | None
    business_key: str | None
    source_ref: str | None
    digest: str


@dataclass
class Seen:
    """What a pull says of the corrections that stand: rows (by ordinal) that are the old ones, and those that ended."""

    rows: dict[int, Correction] = field(default_factory=dict)
    ended: list[Correction] = field(default_factory=list)


def standing(connection: Connection, feed: str) -> list[Correction]:
    """The corrections of a feed whose source row is still the old one, as far as we know."""
    return [Correction(*row) for row in connection.execute(STANDING, {"feed": feed})]


def stand_for(connection: Connection, seen: Seen) -> None:
    """Before repeats are looked for: an old row goes by the key and the content that its correction has."""
    if seen.rows:
        rows = [{"ordinal": n, "key": c.business_key, "digest": c.digest} for n, c in seen.rows.items()]
        connection.execute(STAND_FOR, rows)


def leave_as_is(connection: Connection, seen: Seen) -> None:
    """After repeats were looked for: nothing follows from an old row."""
    if seen.rows:
        connection.execute(AS_IT_IS, [{"ordinal": n} for n in seen.rows])


def end(connection: Connection, feed: str, seen: Seen, now: str) -> None:
    """Write down which corrections have ended."""
    if seen.ended:
        connection.execute(END, [{"now": now, "load": c.load_id, "ordinal": c.ordinal} for c in seen.ended])
    connection.execute(END_REVOKED, {"feed": feed, "now": now})


def take_given(connection: Connection, feed: str, given: pa.Table) -> list[int]:
    """Put the rows of a load of corrections beside `staging`. `given`: the columns of GIVEN.

    Returns the rows that took another record's key: they are held.
    """
    connection.exec_driver_sql("DROP TABLE IF EXISTS given")
    connection.exec_driver_sql(MAKE)
    bulk_insert(connection, "given", GIVEN, list(zip(*(given[name].to_pylist() for name in GIVEN), strict=True)))
    for statement in (*TOO_LATE, SAME_TICKET):
        connection.exec_driver_sql(statement)
    taken = [row[0] for row in connection.execute(ANOTHERS_KEY, {"feed": feed})]
    if taken:
        connection.execute(HOLD, [{"ordinal": ordinal} for ordinal in taken])
    return taken


def settle(connection: Connection, names: dict[str, object]) -> None:
    """Write down what became of every row given, and settle or keep its ticket. `names`: load, feed, now, …"""
    for statement in SETTLE:
        connection.execute(text(statement), names)
