"""Quarantine (扣留): what waits for a person. Every release and drop is written down with who and why."""

import numpy as np
from sqlalchemy import Connection, text

from exchange.canonical import CanonicalFile
from exchange.site import Site
from exchange.tickets import Rejection, Ticket, find, rejections, ticket, tickets
from schemas.errors import GuijiError

__all__ = ["Rejection", "Ticket", "assign", "drop", "rejections", "release", "resend", "ticket", "tickets"]


def assign(site: Site, number: int, assignee: str, reason: str, person: str) -> None:
    """Name the one who sees to a held row; the department stays its owner. Written down like a release."""
    with site.ledger.write("assign") as connection:
        found = _held(site, connection, number)
        connection.execute(
            text("UPDATE quarantine SET assignee = :assignee WHERE id = :id"), {"assignee": assignee, "id": found.id}
        )
        site.ledger.note(connection, "quarantine assigned", str(number), f"{assignee}: {reason}", person)


def release(site: Site, number: int, reason: str, person: str) -> None:
    """This very row goes out as it is: a new version of its record, for every receiver of the feed."""
    lease = site.ledger.take(ticket(site, number).feed)
    with site.ledger.write("release", lease) as connection:
        found = _held(site, connection, number)
        _register(site, connection, found)
        _settle(site, connection, found, "released", reason, person)


def drop(site: Site, number: int, reason: str, person: str) -> None:
    """This very row is left out for good; the next different row of the record is judged anew."""
    lease = site.ledger.take(ticket(site, number).feed)
    with site.ledger.write("drop", lease) as connection:
        found = _held(site, connection, number)
        _settle(site, connection, found, "dropped", reason, person)


def resend(site: Site, delivery: str, position: int, reason: str, person: str) -> None:
    """A rejected record goes back to the outbox, unless a newer version of it exists or it was destroyed."""
    with site.ledger.read() as connection:
        feed = connection.scalar(text("SELECT feed FROM delivery WHERE key = :key"), {"key": delivery})
    lease = site.ledger.take(f"{feed}>resend")
    with site.ledger.write("resend", lease) as connection:
        row = connection.execute(
            text(
                "SELECT m.receiver, m.version, m.delivery, d.load_id, EXISTS (SELECT 1 FROM record_version o "
                "JOIN record_version n ON n.feed = o.feed AND n.business_key = o.business_key "
                "AND n.revision > o.revision WHERE o.id = m.version) "
                "FROM delivery_member m JOIN delivery d ON d.id = m.delivery "
                "WHERE d.key = :key AND m.position = :position AND m.outcome = 'rejected'"
            ),
            {"key": delivery, "position": position},
        ).one_or_none()
        if row is None:
            raise GuijiError("no rejected record stands there", where="quarantine", remedy="see guiji quarantine list")
        receiver, version, number, load, superseded = row
        if superseded:
            raise GuijiError("a newer version exists", where="quarantine", remedy="the newer one is what counts")
        site.vault.keys.key(site.load_scope(load))  # raises KeyDestroyed: it could never be sealed again
        connection.execute(
            text("UPDATE delivery_member SET outcome = 'returned' WHERE delivery = :number AND position = :position"),
            {"number": number, "position": position},
        )
        connection.execute(
            text("INSERT INTO outbox (receiver, version) VALUES (:receiver, :version)"),
            {"receiver": receiver, "version": version},
        )
        site.ledger.note(connection, "resend", f"{delivery[:12]}#{position}", reason, person)


def _held(site: Site, connection: Connection, number: int) -> Ticket:
    """Raises GuijiError when a person or a correct row has settled it already."""
    found = find(site, connection, number)
    if found.state != "held":
        raise GuijiError(f"ticket {number} is {found.state} already", where="quarantine", remedy="nothing to do")
    return found


def _register(site: Site, connection: Connection, found: Ticket) -> None:
    file = CanonicalFile(site, found.load_id)
    _, rows = next(iter(file.take(np.array([found.ordinal]))))
    key, digest, operation = (rows[name][0].as_py() for name in ("_key", "_digest", "_operation"))
    if key is None:
        raise GuijiError(
            f"ticket {found.id} has no business key",
            where=found.feed,
            remedy="it cannot be sent; drop it",
        )
    before = connection.execute(
        text("SELECT revision, load_id, source_ref FROM record_current WHERE feed = :feed AND business_key = :key"),
        {"feed": found.feed, "key": key},
    ).one_or_none()
    if before is not None and before.load_id > found.load_id:
        raise GuijiError(
            f"a later load brought a newer version than ticket {found.id}",
            where=found.feed,
            remedy="drop the ticket; the newer version is what counts",
        )
    revision = (before.revision if before else 0) + 1
    names = {"feed": found.feed, "key": key, "revision": revision, "operation": operation}
    names |= {"digest": digest, "load": found.load_id, "ordinal": found.ordinal}
    names |= {"ref": before.source_ref if before else rows["_ref"][0].as_py()}
    version = connection.scalar(
        text(
            "INSERT INTO record_version "
            "(feed, business_key, revision, operation, digest, load_id, ordinal, source_ref) "
            "VALUES (:feed, :key, :revision, :operation, :digest, :load, :ordinal, :ref) RETURNING id"
        ),
        names,
    )
    # the row moves from held to new in its load's balance
    moved = "UPDATE load SET quarantined = quarantined - 1, new_versions = new_versions + 1 WHERE id = :load"
    connection.execute(text(moved), names)
    for receiver in site.catalog.feed(found.feed).receivers:
        connection.execute(
            text("INSERT INTO outbox (receiver, version) VALUES (:receiver, :version)"),
            {"receiver": receiver, "version": version},
        )


def _settle(site: Site, connection: Connection, found: Ticket, state: str, reason: str, person: str) -> None:
    connection.execute(
        text(
            "UPDATE quarantine SET state = :state, closed_at = :now, reason = :reason, person = :person WHERE id = :id"
        ),
        {"state": state, "now": site.ledger.now, "reason": reason, "person": person, "id": found.id},
    )
    site.ledger.note(connection, f"quarantine {state}", str(found.id), reason, person)
