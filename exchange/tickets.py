"""Tickets (扣留单) and rejections (退回) as people look at them: whose, why, until when; no record content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from exchange.site import Site
from exchange.terms import Term, Terms
from schemas.errors import GuijiError

ALL = """
SELECT q.id, q.feed, q.opened_at FROM quarantine q
WHERE (:feed = '' OR q.feed = :feed OR substr(q.feed, 1, length(:under)) = :under)
  AND (:state = 'all' OR q.state = :state) ORDER BY q.id
"""
OPENED = text("SELECT opened_at, COUNT(*) FROM quarantine WHERE feed = :feed AND state = 'held' GROUP BY opened_at")
ONE = """
SELECT q.id, q.feed, q.state, q.load_id, q.ordinal, q.opened_at, q.reason, q.person, q.assignee, q.raw_digest,
    q.business_key, q.source_ref
FROM quarantine q WHERE q.id = :id
"""
CODES = "SELECT code, field FROM finding WHERE load_id = :load AND ordinal = :ordinal ORDER BY code, field"
# What a newer version followed is settled: that one counts.
REJECTED = """
SELECT d.feed, m.receiver, d.key, m.position, m.code, m.text, d.changed_at, d.id, m.version
FROM delivery_member m JOIN delivery d ON d.id = m.delivery JOIN record_version v ON v.id = m.version
WHERE m.outcome = 'rejected' AND (:feed = '' OR d.feed = :feed OR substr(d.feed, 1, length(:under)) = :under)
AND NOT EXISTS (SELECT 1 FROM record_version n WHERE n.feed = v.feed AND n.business_key = v.business_key
    AND n.revision > v.revision)
ORDER BY d.changed_at, d.id, m.position LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One held row. `codes`: (code, field) pairs; no value of the record. `owner`: the department's name."""

    id: int
    feed: str
    state: str
    load_id: int
    ordinal: int
    since: str
    reason: str | None
    person: str | None
    assignee: str | None
    raw_digest: str
    business_key: str | None
    source_ref: str | None
    owner: str
    term: Term
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that a receiver sent back, in the receiver's words, scrubbed."""

    feed: str
    receiver: str
    delivery: str
    position: int
    code: str
    text: str
    since: str
    number: int
    version: int
    owner: str
    term: Term


def tickets(site: Site, feed: str = "", state: str = "held", most: int = 50, *, overdue: bool = False) -> list[Ticket]:
    """Those whose term ends first come first; without a known end, last. `feed` may be a department's code."""
    terms = Terms(site)
    with site.ledger.read() as connection:
        rows = connection.execute(text(ALL), {**_named(feed), "state": state}).all()
        ordered = sorted(rows, key=lambda row: (_end(terms.of(row.feed, row.opened_at)), row.id))
        wanted = [row.id for row in ordered if not overdue or terms.of(row.feed, row.opened_at).overdue]
        return [find(site, connection, number, terms) for number in wanted[:most]]


def overdue(site: Site, feed: str) -> int:
    """How many held rows of a feed are past their term."""
    terms = Terms(site)
    with site.ledger.read() as connection:
        days = connection.execute(OPENED, {"feed": feed}).all()
    return sum(count for opened, count in days if terms.of(feed, opened).overdue)


def ticket(site: Site, number: int) -> Ticket:
    """Raises GuijiError when there is no such ticket."""
    with site.ledger.read() as connection:
        return find(site, connection, number)


def rejections(site: Site, feed: str = "", most: int = 50) -> list[Rejection]:
    """What receivers sent back, nobody has returned to the outbox, and no newer version followed."""
    terms = Terms(site)
    with site.ledger.read() as connection:
        rows = connection.execute(text(REJECTED), {**_named(feed), "most": most}).all()
    return [Rejection(*(*row, owner(site, row.feed), terms.of(row.feed, row.changed_at))) for row in rows]


def find(site: Site, connection: Connection, number: int, terms: Terms | None = None) -> Ticket:
    """The same within a transaction of the caller's."""
    row = connection.execute(text(ONE), {"id": number}).one_or_none()
    if row is None:
        raise GuijiError(f"there is no ticket {number}", where="quarantine", remedy="see guiji quarantine list")
    return _ticket(site, connection, row, terms or Terms(site))


def codes_of(connection: Connection, load_id: int, ordinal: int) -> tuple[tuple[str, str], ...]:
    """(code, field) of every finding of one row."""
    return tuple((c, f) for c, f in connection.execute(text(CODES), {"load": load_id, "ordinal": ordinal}))


def owner(site: Site, feed: str) -> str:
    """The department's name, or its code when its YAML is gone."""
    code = feed.partition("/")[0]
    known = site.catalog.sound_feeds.get(feed)
    return known.department.name_zh if known else code


def _ticket(site: Site, connection: Connection, row: Sequence[Any], terms: Terms) -> Ticket:
    codes = codes_of(connection, row[3], row[4])
    return Ticket(*(*row, owner(site, row[1]), terms.of(row[1], row[5]), codes))


def _named(feed: str) -> dict[str, str]:
    return {"feed": feed, "under": f"{feed}/"}


def _end(term: Term) -> date:
    return term.due or date.max
