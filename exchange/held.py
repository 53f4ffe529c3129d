"""Held deliveries (待决报送包): whether they arrived cannot be found out, so two persons decide.

    release  the same bytes go again under the same key
    return   it counts as not accepted; each record is queued again, unless a newer version of it went out meanwhile
    close    it counts as not accepted, and nothing of it goes again
    arrived  the receiver's people say that they have it; it counts as accepted

One person proposes with a reason, another confirms. Names are what the persons call themselves: accounts of their own
on the machine, or GUIJI_PERSON set by the login, make them mean something. Everything is written in the history.
"""
# ruff: noqa: S608 - statements are pieced together from our own constants

import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection, text

from exchange.site import Site
from schemas.errors import GuijiError

ACTIONS = {"release": ("release",), "drop": ("return", "close"), "arrived": ("arrived",)}
"""What each command may propose, and confirm."""

FIELDS = """
SELECT d.key, d.receiver, d.feed, d.sequence, d.load_id, d.count, d.state, d.attempt, d.changed_at,
    p.action, p.reason, p.proposed_by
FROM delivery d LEFT JOIN proposal p ON p.subject = d.key AND p.state = 'open'
"""
LIST = text(
    f"{FIELDS} WHERE (:state = 'all' OR d.state = :state) AND (:feed = '' OR d.feed = :feed) "
    "ORDER BY d.receiver, d.feed, d.sequence LIMIT :most"
)
ONE = text(f"{FIELDS} WHERE d.key LIKE :start ORDER BY d.key LIMIT 2")

_NEWER = """EXISTS (SELECT 1 FROM record_version o JOIN record_version n ON n.feed = o.feed
    AND n.business_key = o.business_key AND n.revision > o.revision WHERE o.id = delivery_member.version"""
_MINE = "delivery = (SELECT d.id FROM delivery d WHERE d.key = :key)"
# A newer version that went out, or may have: the old one must not arrive after it.
SENT_SINCE = text(
    f"SELECT COUNT(*) FROM delivery_member WHERE {_MINE} AND {_NEWER} AND EXISTS (SELECT 1 FROM delivery_member x "
    "JOIN delivery y ON y.id = x.delivery WHERE x.version = n.id AND x.receiver = delivery_member.receiver "
    "AND y.attempt > 0))"
)
SUPERSEDED = text(
    f"UPDATE delivery_member SET outcome = 'dropped', code = 'SUPERSEDED', text = '' WHERE {_MINE} AND {_NEWER})"
)
RETURNED = (
    text(
        "INSERT INTO outbox (receiver, version) SELECT receiver, version FROM delivery_member "
        f"WHERE {_MINE} AND outcome IS NULL"
    ),
    text(f"UPDATE delivery_member SET outcome = 'returned' WHERE {_MINE} AND outcome IS NULL"),
)
OUTCOME = text(
    f"UPDATE delivery_member SET outcome = :outcome, code = :code, text = '' WHERE {_MINE} AND outcome IS NULL"
)


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """One delivery and what is proposed for it; no record content."""

    key: str
    receiver: str
    feed: str
    sequence: int
    load_id: int
    count: int
    state: str
    attempt: int
    since: str
    action: str | None
    reason: str | None
    proposed_by: str | None


def deliveries(site: Site, state: str = "held", feed: str = "", most: int = 50) -> list[HeldDelivery]:
    """Deliveries in a state (`all`: whatever it is), in sending order."""
    with site.ledger.read() as connection:
        rows = connection.execute(LIST, {"state": state, "feed": feed, "most": most})
        return [HeldDelivery(*row) for row in rows]


def delivery(site: Site, start: str) -> HeldDelivery:
    """The delivery whose key begins so. Raises GuijiError when none does, or several."""
    with site.ledger.read() as connection:
        return _find(connection, start)


def propose(site: Site, start: str, action: str, reason: str, person: str) -> HeldDelivery:
    """The first of the two. Raises GuijiError when the delivery is not held, or something is proposed already."""
    if not reason.strip() or not person.strip():
        raise GuijiError("a proposal needs a reason and a person", where="--reason", remedy="say why, and who you are")
    with site.ledger.write("propose") as connection:
        found = _held(connection, start)
        if found.action:
            raise GuijiError(
                f"{found.proposed_by} proposed to {found.action} it already",
                where=found.key[:12],
                remedy="another person confirms or withdraws that first",
            )
        if action == "release":
            _refuse_late(connection, found)
        connection.execute(
            text(
                "INSERT INTO proposal (subject, action, reason, proposed_by, proposed_at, state) "
                "VALUES (:key, :action, :reason, :person, :now, 'open')"
            ),
            {"key": found.key, "action": action, "reason": reason, "person": person.strip(), "now": site.ledger.now},
        )
        site.ledger.note(connection, f"delivery {action} proposed", _subject(found), reason, person)
        return _find(connection, found.key)


def confirm(site: Site, start: str, actions: tuple[str, ...], person: str) -> HeldDelivery:
    """The second of the two: what was proposed is done. Raises GuijiError for the same person, or another action."""
    found = delivery(site, start)
    lease = site.ledger.take(f"{found.feed}>{found.receiver}")
    with site.ledger.write("confirm", lease) as connection:
        found = _held(connection, found.key)
        action = found.action or ""
        if action not in actions:
            what = f"{found.proposed_by} proposed to {found.action} it" if action else "nothing is proposed"
            raise GuijiError(what, where=found.key[:12], remedy="see guiji delivery show; propose with --reason first")
        if _same(found.proposed_by or "", person):
            raise GuijiError(
                "the person who proposed it cannot confirm it", where=found.key[:12], remedy="ask a second person"
            )
        _do(connection, found, action, site.ledger.now)
        _settle(connection, found, "done", person, site.ledger.now)
        site.ledger.note(connection, f"delivery {action} confirmed", _subject(found), found.reason or "", person)
        return _find(connection, found.key)


def withdraw(site: Site, start: str, person: str) -> HeldDelivery:
    """Take a proposal back, or turn it down; anybody may."""
    with site.ledger.write("withdraw") as connection:
        found = _held(connection, start)
        if not found.action:
            raise GuijiError("nothing is proposed", where=found.key[:12], remedy="see guiji delivery list")
        _settle(connection, found, "withdrawn", person, site.ledger.now)
        site.ledger.note(connection, f"delivery {found.action} withdrawn", _subject(found), "", person)
        return _find(connection, found.key)


def _do(connection: Connection, found: HeldDelivery, action: str, now: str) -> None:
    key = {"key": found.key}
    if action == "release":
        _refuse_late(connection, found)
    elif action == "arrived":
        connection.execute(OUTCOME, key | {"outcome": "accepted", "code": "BY_WORD"})
    elif action == "close":
        connection.execute(OUTCOME, key | {"outcome": "dropped", "code": "CLOSED"})
    else:
        for statement in (SUPERSEDED, *RETURNED):
            connection.execute(statement, key)
    state = {"release": "sealed", "arrived": "arrived"}.get(action, "dropped")
    moved = text("UPDATE delivery SET state = :state, changed_at = :now WHERE key = :key")
    connection.execute(moved, key | {"state": state, "now": now})


def _refuse_late(connection: Connection, found: HeldDelivery) -> None:
    newer = connection.scalar(SENT_SINCE, {"key": found.key})
    if newer:
        raise GuijiError(
            f"newer versions of {newer} of its records went out meanwhile: an old copy must not come after them",
            where=found.key[:12],
            remedy="drop it: the other records are queued again",
        )


def _settle(connection: Connection, found: HeldDelivery, state: str, person: str, now: str) -> None:
    connection.execute(
        text(
            "UPDATE proposal SET state = :state, settled_by = :person, settled_at = :now "
            "WHERE subject = :key AND state = 'open'"
        ),
        {"state": state, "person": person, "now": now, "key": found.key},
    )


def _held(connection: Connection, start: str) -> HeldDelivery:
    found = _find(connection, start)
    if found.state != "held":
        raise GuijiError(f"the delivery is {found.state}", where=found.key[:12], remedy="only held ones wait for this")
    return found


def _find(connection: Connection, start: str) -> HeldDelivery:
    rows = connection.execute(ONE, {"start": f"{start}%"}).all() if start.isalnum() else []
    if len(rows) != 1:
        what = "several deliveries begin so" if rows else "there is no such delivery"
        raise GuijiError(what, where=start, remedy="see guiji delivery list --state all")
    return HeldDelivery(*rows[0])


def _subject(found: HeldDelivery) -> str:
    return f"{found.receiver} {found.feed} {found.key[:16]}"


def _same(one: str, other: str) -> bool:
    first, second = (unicodedata.normalize("NFKC", name).strip().casefold() for name in (one, other))
    return first == second
