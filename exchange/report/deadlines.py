"""Statutory clocks of real records (公开与报送期限): by feed and receiver, what is overdue, comes due, or was late.

A decision is to be made public within 7 working days (许可、处罚) or 20 (others) of its date (`deadlines.csv`). For us
it is done with the receiver's word that it has the record, of whichever revision. What is held by a finding, sent back,
waiting or unsealed is not done. Records that the law keeps back, and revoked ones, have no such duty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, text

from exchange.canonical import CanonicalFile
from exchange.site import SHANGHAI, Site
from schemas.catalog import Feed
from schemas.errors import KeyDestroyed
from schemas.standard import RecordType, in_force, standard
from transforms.law.deadlines import Clock, due, publication_clock
from transforms.law.distinct import coded
from transforms.law.working_days import Calendar, CalendarUnknown, calendar

PAGE = 50_000
STATES = {
    "unsealed": ("待封装", "not sealed yet"),
    "awaiting": ("已封装，待回执", "sealed, no receipt yet"),
    "rejected": ("接收方退回", "sent back by the receiver"),
    "withheld": ("无法按接收方格式表达", "cannot be said in the receiver's form"),
    "held": ("扣留待处理", "held, waits for a person"),
}
RECORDS = """
SELECT v.load_id, v.ordinal, v.business_key, done.filed_at,
    (SELECT w.disposition FROM withheld w WHERE w.receiver = :receiver AND w.version = v.id) AS kept,
    (SELECT COUNT(*) FROM outbox o WHERE o.receiver = :receiver AND o.version = v.id) AS unsealed,
    (SELECT m.outcome FROM delivery_member m WHERE m.version = v.id AND m.receiver = :receiver
     ORDER BY m.delivery DESC LIMIT 1) AS outcome
FROM record_current c
JOIN record_version v ON v.feed = c.feed AND v.business_key = c.business_key AND v.revision = c.revision
LEFT JOIN (
    SELECT a.business_key, MIN(COALESCE(r.filed_at, d.changed_at)) AS filed_at
    FROM delivery d JOIN delivery_member m ON m.delivery = d.id JOIN record_version a ON a.id = m.version
    LEFT JOIN receipt r ON r.delivery_key = d.key AND r.verdict = 'acked'
    WHERE d.feed = :feed AND d.receiver = :receiver AND m.outcome = 'accepted' AND a.operation = 'upsert'
    GROUP BY a.business_key
) done ON done.business_key = c.business_key
WHERE c.feed = :feed AND c.operation = 'upsert' ORDER BY v.load_id, v.ordinal
"""
HELD = """
SELECT q.load_id, q.ordinal, q.id FROM quarantine q
WHERE q.feed = :feed AND q.state = 'held' AND NOT EXISTS (
    SELECT 1 FROM record_current c WHERE c.feed = q.feed AND c.business_key = q.business_key)
ORDER BY q.load_id, q.ordinal
"""
ROWS = pa.schema(
    [
        ("load", pa.int64()),
        ("ordinal", pa.int64()),
        ("ticket", pa.int64()),
        ("business_key", pa.string()),
        ("done_on", pa.date32()),
        ("state", pa.string()),
    ]
)


@dataclass(frozen=True)
class Duties:
    """One feed and receiver. `rows`: ROWS and due (date32, null where not known), one record each."""

    feed: Feed
    receiver: str
    kind: RecordType
    clock: Clock
    rows: pa.Table
    unknown_year: int | None

    def counts(self, on: date, within: int) -> dict[str, int]:
        """Records by what the clock says on a day; `soon`: due in at most `within` calendar days, today included."""
        late, left, done = self._days(on)
        known = ~np.isnan(left)
        return {
            "records": self.rows.num_rows,
            "on_time": int((done & known & (late <= 0)).sum()),
            "late": int((done & known & (late > 0)).sum()),
            "overdue": int((~done & known & (left < 0)).sum()),
            "today": int((~done & (left == 0)).sum()),
            "soon": int((~done & (left >= 0) & (left <= within)).sum()),
            "open": int((~done & known & (left >= 0)).sum()),
            "unknown": int((~known).sum()),
        }

    def listed(self, on: date, within: int) -> pa.Table:
        """Records overdue or due soon, the latest first: ROWS, due, days_late (negative: days left)."""
        _, left, done = self._days(on)
        wanted = ~done & (left <= within)
        rows = self.rows.filter(pa.array(wanted))
        days = pa.array(-left[wanted], pa.int32()) if wanted.any() else pa.array([], pa.int32())
        return rows.append_column("days_late", days).sort_by([("days_late", "descending"), ("load", "ascending")])

    def _days(self, on: date) -> tuple[Any, Any, Any]:
        """Days late when done, days left on `on` (nan: not known), and whether it was done by then."""
        due_on, done_on = (_ordinal_days(self.rows[name]) for name in ("due", "done_on"))
        today = (on - date(1970, 1, 1)).days
        return done_on - due_on, due_on - today, done_on <= today


def duties(site: Site, on: date) -> Iterator[Duties]:
    """Every feed of the catalog whose record type has a clock, for each of its receivers."""
    for feed in site.catalog.sound_feeds.values():
        kind = in_force(feed.mapping["standard"], on).record_types.get(feed.record_type)
        clock = publication_clock(feed.record_type, kind.version) if kind else None
        if kind is not None and clock is not None:
            dates = _Dates(site, feed.record_type)
            for receiver in feed.receivers:
                yield _of_receiver(site, feed, receiver, kind, clock, dates)


def _of_receiver(site: Site, feed: Feed, receiver: str, kind: RecordType, clock: Clock, dates: "_Dates") -> Duties:
    with site.ledger.read() as connection:
        rows = pa.concat_tables([_records(connection, feed.name, receiver), _held(connection, feed.name)])
    due_on, year = _due(dates.of(rows), clock, calendar())
    return Duties(feed, receiver, kind, clock, rows.append_column("due", due_on), year)


def _records(connection: Connection, feed: str, receiver: str) -> pa.Table:
    """The newest content of every record that stands, without those kept back by law or rule."""
    pieces = [ROWS.empty_table()]
    found = connection.execute(text(RECORDS), {"feed": feed, "receiver": receiver})
    for page in found.partitions(PAGE):  # the ledger's rows are the only loop
        rows = [
            (load, ordinal, None, key, _day(filed), _state(kept, unsealed, outcome))
            for load, ordinal, key, filed, kept, unsealed, outcome in page
            if filed or kept != "excluded"
        ]
        if rows:
            pieces.append(pa.table([pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), ROWS, strict=True)],
                                   schema=ROWS))  # fmt: skip
    return pa.concat_tables(pieces)


def _state(kept: str | None, unsealed: int, outcome: str | None) -> str:
    if kept:
        return "withheld"
    if unsealed:
        return "unsealed"
    return "awaiting" if outcome in (None, "accepted") else "rejected"


def _day(filed: str | None) -> date | None:
    return datetime.fromisoformat(filed).astimezone(SHANGHAI).date() if filed else None


def _held(connection: Connection, feed: str) -> pa.Table:
    """Rows in quarantine whose record no receiver was ever given."""
    found = connection.execute(text(HELD), {"feed": feed}).all()
    columns = [pa.array([row[n] for row in found], pa.int64()) for n in (0, 1, 2)]
    nulls = [pa.nulls(len(found), field.type) for field in list(ROWS)[3:5]]
    return pa.table([*columns, *nulls, pa.array(["held"] * len(found), pa.string())], schema=ROWS)


class _Dates:
    """The decision's date in canonical files, each load's read once; null where the file is gone or its key is."""

    def __init__(self, site: Site, record_type: str) -> None:
        self._site, self._type = site, record_type
        self._known: dict[int, pa.Array | None] = {}

    def of(self, rows: pa.Table) -> pa.Array:
        loads, ordinals = (rows[name].to_numpy() for name in ("load", "ordinal"))
        found = np.full(rows.num_rows, np.datetime64("NaT", "D"))
        for load in np.unique(loads):
            mine = np.flatnonzero(loads == load)
            column = self._column(int(load))
            if column is not None:
                picked = column.take(pa.array(ordinals[mine]))
                found[mine] = picked.to_numpy(zero_copy_only=False).astype("datetime64[D]")
        return pa.array(found, pa.date32())

    def _column(self, load: int) -> pa.Array | None:
        if load not in self._known:
            self._known[load] = self._read(load)
        return self._known[load]

    def _read(self, load: int) -> pa.Array | None:
        with self._site.ledger.read() as connection:
            bound = connection.scalar(text("SELECT standard FROM load WHERE id = :load"), {"load": load})
        name = standard(*str(bound).split("/")).record_types[self._type].date_field
        try:
            column = CanonicalFile(self._site, load).file.read(columns=[name])[name]
        except (KeyDestroyed, FileNotFoundError):
            return None
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.date32())


def _due(decided: pa.Array, clock: Clock, days_known: Calendar) -> tuple[pa.Array, int | None]:
    """Due dates, and the first year whose holidays would have to be known."""
    codes = coded(decided)
    found = [due(clock, day, days_known) for day in codes.dictionary.to_pylist()]
    years = [day.year for day in found if isinstance(day, CalendarUnknown)]
    dates = pa.array([None if isinstance(day, CalendarUnknown) else day for day in found], pa.date32())
    return dates.take(codes.indices), min(years, default=None)


def _ordinal_days(column: pa.ChunkedArray) -> Any:
    """Days since 1970 as floats, nan for null: only whole days are compared."""
    return pc.cast(column, pa.int32()).combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64)
