"""The history (历史): lines that are only ever added, each holding the hash of the line before.

Whoever changes, removes or slips in a line breaks the chain at that line, or at the one after it. Lines cut off at the
end show only against a hash written down elsewhere: `guiji ledger verify` prints the last one. Triggers refuse changes
to `event`, `attempt` and `receipt`, in both databases.
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, select

from exchange.ledger.tables import event

BEGINNING = "0" * 64
COLUMNS = ("at", "person", "what", "subject", "detail")
ADDED_ONLY = ("event", "attempt", "receipt")
WORDS = "is only ever added to"


@dataclass(frozen=True, slots=True)
class Chain:
    """What the recomputation found: `broken` is the number of the first line that does not fit, or None."""

    lines: int
    last: str
    broken: int | None


def line_hash(before: str, at: str, person: str, what: str, subject: str, detail: str) -> str:
    """SHA-256 hex of one line and of the hash of the line before."""
    return sha256(json.dumps([before, at, person, what, subject, detail]).encode()).hexdigest()


def add_line(connection: Connection, **line: str) -> None:
    """Add one line (COLUMNS). Others who add one wait until this transaction has ended."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(74112)")
    before = connection.scalar(select(event.c.hash).order_by(event.c.id.desc()).limit(1)) or BEGINNING
    connection.execute(event.insert().values(**line, hash=line_hash(before, **line)))


def verify_chain(connection: Connection) -> Chain:
    """Recompute every line from the first on."""
    before, lines = BEGINNING, 0
    columns = [event.c[name] for name in COLUMNS]
    for number, found, *line in connection.execute(select(event.c.id, event.c.hash, *columns).order_by(event.c.id)):
        if line_hash(before, *line) != found:
            return Chain(lines, before, number)
        before, lines = found, lines + 1
    return Chain(lines, before, None)


def refuse_changes(connection: Connection) -> None:
    """Make the triggers that refuse to change or remove what is only ever added."""
    for statement in _postgresql() if connection.dialect.name == "postgresql" else _sqlite():
        connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} {WORDS}'); END"
        for table in ADDED_ONLY
        for what in ("UPDATE", "DELETE")
    ]


def _postgresql() -> list[str]:
    function = (
        "CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '%% {WORDS}', TG_TABLE_NAME; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()"
        for table in ADDED_ONLY
    ]
