"""Changes that no delivery can carry (人工办理): a receiver that takes a record once gets its changes by hand.

What waits was withheld by the seal as RECEIVER_TAKES_ONCE. A person has the receiver's people change or remove the
record on their side, then says so here; who, when and why is in the history.
"""

from dataclasses import dataclass

from sqlalchemy import text

from exchange.site import Site
from schemas.errors import GuijiError

WAITING = """
SELECT w.version, w.receiver, v.feed, v.business_key, v.operation, l.business_date
FROM withheld w JOIN record_version v ON v.id = w.version JOIN load l ON l.id = v.load_id
WHERE w.code = 'RECEIVER_TAKES_ONCE' AND (:feed = '' OR v.feed = :feed)
AND (:version = 0 OR (w.version = :version AND w.receiver = :receiver)) ORDER BY w.version, w.receiver
"""
# With it whatever older change of the same record waited: the newest is what was done.
DONE = """
UPDATE withheld SET code = 'CHANGED_BY_HAND', disposition = 'excluded'
WHERE receiver = :receiver AND code = 'RECEIVER_TAKES_ONCE' AND version <= :version
AND version IN (SELECT id FROM record_version WHERE feed = :feed AND business_key = :key)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A version that waits for a hand at one receiver. `operation`: upsert or revoke."""

    version: int
    receiver: str
    feed: str
    business_key: str
    operation: str
    since: str


def waiting(site: Site, feed: str = "") -> list[Change]:
    """What waits, oldest first."""
    with site.ledger.read() as connection:
        names = {"feed": feed, "version": 0, "receiver": ""}
        found = connection.execute(text(WAITING), names)
        return [Change(row[0], row[1], row[2], row[3], row[4], str(row[5])) for row in found]


def done(site: Site, version: int, receiver: str, reason: str, person: str) -> int:
    """Say that a change was made at the receiver. Returns how many versions it settles. Raises GuijiError."""
    names = {"feed": "", "version": version, "receiver": receiver}
    with site.ledger.write("by_hand") as connection:
        row = connection.execute(text(WAITING), names).one_or_none()
        if row is None:
            raise GuijiError(
                f"version {version} does not wait for a hand at {receiver}", where="quarantine",
                remedy="see guiji quarantine by-hand",
            )  # fmt: skip
        settled = connection.execute(
            text(DONE), {"receiver": receiver, "version": version, "feed": row[2], "key": row[3]}
        ).rowcount
        site.ledger.note(connection, "changed by hand", f"{receiver} V{version}", reason, person)
    return int(settled)
