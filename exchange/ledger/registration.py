"""Registration: every pulled row gets exactly one disposition, new versions and the watermark in one transaction.

    quarantined  an error finding stands, or two rows of one pull contradict each other
    duplicate    the same record again within the pull
    excluded     left out by a named rule: dropped by a person, revoked before it was ever known, superseded in a replay
                 or by a newer file (newer.py)
    unchanged    the ledger has this very content as its newest version; a person released this very row; or the
                 department gave it back corrected, and the source still has the old one (corrections.py)
    new          the next revision of its business key

A complete pull also shows what vanished: such keys get a revocation, unless the gate says that too many did.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, text

from exchange.ledger.corrections import Seen, end, leave_as_is, settle, stand_for, take_given
from exchange.ledger.database import Lease, Ledger
from exchange.ledger.exclusions import count_exclusions
from exchange.ledger.loads import Load
from exchange.ledger.newer import Newer, leave_out
from exchange.ledger.staging import bulk_insert, fill_staging, index_all, index_by_key, open_staging
from exchange.ledger.statements import (
    CONFLICTS,
    CORRECTED,
    COUNT,
    DISPOSE,
    DUPLICATES,
    GONE,
    KEEP_LAST,
    OUTBOX,
    QUARANTINE,
    RELEASED,
    RELEASED_ONCE,
    REPEATED,
    VANISHED,
    VERSIONS,
)
from schemas.errors import BalanceBroken
from schemas.findings import Flag


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of one pull. pulled = unchanged + duplicate + quarantined + excluded + new."""

    pulled: int
    unchanged: int
    duplicate: int
    quarantined: int
    excluded: int
    new: int
    vanished: int
    known: int
    first_seen_held: int

    @property
    def balanced(self) -> bool:
        return self.pulled == self.unchanged + self.duplicate + self.quarantined + self.excluded + self.new


def register(
    ledger: Ledger,
    load: Load,
    chunks: Iterable[pa.Table],
    flags: Iterable[Flag],
    *,
    keep_last: bool,
    standard: str,
    receivers: tuple[str, ...],
    gate: Callable[[Counts], None],
    lease: Lease,
    key_field: str = "",
    seen: Seen | None = None,
    given: pa.Table | None = None,
    newer: Newer | None = None,
) -> Counts:
    """Give every row its disposition. `flags` carry rows as ordinals of the load; `key_field` names what contradicts.

    `seen`: corrections whose old row is in this pull, or is not any more. `given`: of a load of corrections, which
    ticket each row answers. `newer`: what newer files hold, when part of this load came late.

    Raises what `gate` raises (nothing is written then), BalanceBroken, StaleOwner.
    """
    with ledger.write("register", lease) as connection:
        names, conflicts = stage(connection, load, chunks, keep_last=keep_last, seen=seen, given=given, newer=newer)
        names |= {"now": ledger.now, "person": load.accepted_by, "reason": load.reason}
        counts = _count(connection, names)
        gate(counts)
        _add_findings(connection, load.id, flags, conflicts, key_field)
        if counts.excluded:
            count_exclusions(connection, load.feed, load.id)
        if given is None:
            if seen and load.pulled:
                end(connection, load.feed, seen, ledger.now)
            for statement in (CORRECTED, GONE, *QUARANTINE):
                connection.execute(text(statement), names)
        else:
            settle(connection, names)
        connection.execute(text(VERSIONS), names)
        for receiver in receivers:
            connection.execute(text(OUTBOX), {"receiver": receiver, "load": load.id})
        _finish(connection, load, counts, standard, ledger.now)
    return counts


def stage(
    connection: Connection,
    load: Load,
    chunks: Iterable[pa.Table],
    *,
    keep_last: bool,
    seen: Seen | None = None,
    given: pa.Table | None = None,
    newer: Newer | None = None,
) -> tuple[dict[str, object], list[int]]:
    """Fill `staging` and give every row of it a disposition; nothing else is touched, so that a preview may stop here.

    Returns the names that the statements use, and the rows that contradict each other.
    """
    names: dict[str, object] = {"feed": load.feed, "load": load.id, "origin": load.origin}
    names |= {"replay": int(load.replayed), "complete": int(load.complete), "late": newer.late if newer else 0}
    open_staging(connection)
    repeats = fill_staging(connection, chunks) or given is not None or bool(seen and seen.rows)
    if newer:
        leave_out(connection, load.feed, newer)
    if repeats:
        index_all(connection)
    taken = take_given(connection, load.feed, given) if given is not None else []
    if seen:
        stand_for(connection, seen)
    conflicts = [*taken, *(_settle_repeats(connection, keep_last and given is None) if repeats else ())]
    if seen:
        leave_as_is(connection, seen)
        conflicts = [ordinal for ordinal in conflicts if ordinal not in seen.rows]
    if connection.scalar(text(RELEASED_ONCE), names):
        for statement in RELEASED:
            connection.execute(text(statement), names)
    for statement in (DUPLICATES, *DISPOSE) if repeats else DISPOSE:
        connection.execute(text(statement), names)
    if load.complete:
        index_by_key(connection)
        connection.execute(text(VANISHED), names)
    return names, conflicts


def _settle_repeats(connection: Connection, keep_last: bool) -> list[int]:
    """Rows of one key that differ: the last one counts where the mapping says so, else all are held."""
    for statement in REPEATED:
        connection.exec_driver_sql(statement)
    if keep_last:
        connection.execute(text(KEEP_LAST))
        return []
    found = [row[0] for row in connection.execute(text(CONFLICTS))]
    if found:
        bulk = [{"ordinal": ordinal} for ordinal in found]
        connection.execute(text("UPDATE staging SET held = 1 WHERE ordinal = :ordinal"), bulk)
    return found


def _count(connection: Connection, names: dict[str, object]) -> Counts:
    counts = Counts(*connection.execute(text(COUNT), names).one())
    if not counts.balanced:
        raise BalanceBroken(
            "the rows of the pull do not add up", where=str(names["feed"]), remedy="report this as a defect"
        )
    return counts


def _add_findings(
    connection: Connection, load_id: int, flags: Iterable[Flag], conflicts: list[int], key_field: str
) -> None:
    rows = {(load_id, int(row), flag.code, flag.field) for flag in flags for row in flag.rows}
    rows |= {(load_id, ordinal, "KEY_CONFLICT", key_field) for ordinal in conflicts}
    bulk_insert(connection, "finding", ("load_id", "ordinal", "code", "field"), sorted(rows))


def _finish(connection: Connection, load: Load, counts: Counts, standard: str, now: str) -> None:
    connection.execute(
        text(
            "UPDATE load SET state = 'registered', changed_at = :now, standard = :standard, pulled = :pulled, "
            "unchanged = :unchanged, duplicate = :duplicate, quarantined = :quarantined, excluded = :excluded, "
            "new_versions = :new, vanished = :vanished, first_seen_held = :first WHERE id = :id"
        ),
        {
            "now": now,
            "standard": standard,
            "pulled": counts.pulled,
            "unchanged": counts.unchanged,
            "duplicate": counts.duplicate,
            "quarantined": counts.quarantined,
            "excluded": counts.excluded,
            "new": counts.new,
            "vanished": counts.vanished,
            "first": counts.first_seen_held,
            "id": load.id,
        },
    )
    if load.pulled:
        connection.execute(
            text(
                "INSERT INTO watermark (feed, position, load_id, committed_at) VALUES (:feed, :position, :load, :now) "
                "ON CONFLICT (feed) DO UPDATE SET position = excluded.position, load_id = excluded.load_id, "
                "committed_at = excluded.committed_at"
            ),
            {"feed": load.feed, "position": json.dumps(load.position), "load": load.id, "now": now},
        )
