"""The balance (平衡): what became of every record of a load, for each receiver; it must add up or nothing is closed.

pulled = unchanged + duplicate + quarantined + excluded + new
for each receiver: new + vanished = accepted + rejected + dropped + awaiting + withheld
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from exchange.ledger.database import Ledger
from schemas.errors import BalanceBroken

RECEIVER = """
SELECT
    s.accepted, s.rejected, s.dropped, s.awaiting,
    (SELECT COUNT(*) FROM outbox o JOIN record_version v ON v.id = o.version
     WHERE v.load_id = :load AND o.receiver = :receiver),
    (SELECT COUNT(*) FROM withheld w JOIN record_version v ON v.id = w.version
     WHERE v.load_id = :load AND w.receiver = :receiver AND w.disposition = 'quarantined'),
    (SELECT COUNT(*) FROM withheld w JOIN record_version v ON v.id = w.version
     WHERE v.load_id = :load AND w.receiver = :receiver AND w.disposition = 'excluded'),
    (SELECT COUNT(*) FROM record_version v WHERE v.load_id = :load)
FROM (
    SELECT COUNT(CASE WHEN m.outcome = 'accepted' THEN 1 END) AS accepted,
           COUNT(CASE WHEN m.outcome = 'rejected' THEN 1 END) AS rejected,
           COUNT(CASE WHEN m.outcome = 'dropped' THEN 1 END) AS dropped,
           COUNT(CASE WHEN m.outcome IS NULL THEN 1 END) AS awaiting
    FROM delivery d JOIN delivery_member m ON m.delivery = d.id
    WHERE d.load_id = :load AND d.receiver = :receiver) s
"""


@dataclass(frozen=True, slots=True)
class ReceiverBalance:
    """One receiver's part of one load's new versions."""

    receiver: str
    accepted: int
    rejected: int
    dropped: int  # by two persons: counted as not accepted, and not to be sent again
    awaiting: int
    unsealed: int
    quarantined: int
    excluded: int
    versions: int

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected

    @property
    def whole(self) -> bool:
        """Every version has the receiver's word, or a named reason why it did not go."""
        return self.awaiting == 0 and self.unsealed == 0


@dataclass(frozen=True, slots=True)
class LoadBalance:
    """One load's balance. `pulled` and its parts are None until the load is registered."""

    load_id: int
    feed: str
    business_date: str
    state: str
    batch_id: str | None
    reason: str | None
    pulled: int | None
    unchanged: int | None
    duplicate: int | None
    quarantined: int | None
    excluded: int | None
    new: int | None
    vanished: int | None
    receivers: tuple[ReceiverBalance, ...]

    @property
    def whole(self) -> bool:
        return self.state in ("registered", "closed") and all(r.whole for r in self.receivers)

    def check(self) -> None:
        """Raises BalanceBroken unless both laws hold."""
        if self.pulled is None:
            return
        parts = (self.unchanged, self.duplicate, self.quarantined, self.excluded, self.new)
        if self.pulled != sum(part or 0 for part in parts):
            raise BalanceBroken("pulled rows do not add up", where=f"{self.feed} load {self.load_id}")
        for r in self.receivers:
            total = r.accepted + r.rejected + r.dropped + r.awaiting + r.unsealed + r.quarantined + r.excluded
            if not total == r.versions == (self.new or 0) + (self.vanished or 0):
                raise BalanceBroken(
                    f"{r.receiver}: {r.versions} versions, {total} accounted for",
                    where=f"{self.feed} load {self.load_id}",
                    remedy="report this as a defect; nothing of the load is closed",
                )


def load_balance(ledger: Ledger, load_id: int, receivers: tuple[str, ...]) -> LoadBalance:
    """Read one load's balance in one snapshot."""
    with ledger.read() as connection:
        head = connection.execute(
            text(
                "SELECT id, feed, business_date, state, batch_id, reason, pulled, unchanged, duplicate, quarantined, "
                "excluded, new_versions, vanished FROM load WHERE id = :load"
            ),
            {"load": load_id},
        ).one()
        parts = tuple(_receiver(connection, load_id, r) for r in receivers)
        return LoadBalance(
            load_id=head[0], feed=head[1], business_date=head[2], state=head[3], batch_id=head[4], reason=head[5],
            pulled=head[6], unchanged=head[7], duplicate=head[8], quarantined=head[9], excluded=head[10], new=head[11],
            vanished=head[12], receivers=parts,
        )  # fmt: skip


def _receiver(connection: Connection, load_id: int, receiver: str) -> ReceiverBalance:
    row = connection.execute(text(RECEIVER), {"load": load_id, "receiver": receiver}).one()
    return ReceiverBalance(receiver, *row)


def newest_loads(ledger: Ledger, business_date: str | None = None) -> dict[str, int]:
    """The newest load of every feed (of one business date): feed → load id."""
    where = "WHERE business_date = :day" if business_date else ""
    query = text(f"SELECT feed, MAX(id) FROM load {where} GROUP BY feed ORDER BY feed")  # noqa: S608
    with ledger.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query, {"day": business_date} if business_date else {})}
