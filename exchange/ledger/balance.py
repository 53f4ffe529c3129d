"""The balance (平衡): what became of every record of a load, for each receiver; it must add up or nothing is closed.

pulled = unchanged + duplicate + quarantined + excluded + new; excluded = the sum over its named rules
for each receiver: new + vanished = accepted + rejected + dropped + awaiting + withheld
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, text

from exchange.ledger.database import Ledger
from exchange.ledger.exclusions import exclusions_of
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

WITHHELD = """
SELECT w.code, COUNT(*) FROM withheld w JOIN record_version v ON v.id = w.version
WHERE v.load_id = :load AND w.receiver = :receiver GROUP BY w.code ORDER BY w.code
"""
DONE = ("registered", "closed")
PARTS = ("pulled", "unchanged", "duplicate", "quarantined", "excluded", "new", "vanished")


@dataclass(frozen=True, slots=True)
class ReceiverBalance:
    """One receiver's part of the new versions of one load, or of several. `withheld`: code → versions."""

    receiver: str
    accepted: int
    rejected: int
    dropped: int  # by two persons: counted as not accepted, and not to be sent again
    awaiting: int
    unsealed: int
    quarantined: int
    excluded: int
    versions: int
    withheld: dict[str, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected

    @property
    def whole(self) -> bool:
        """Every version has the receiver's word, or a named reason why it did not go."""
        return self.awaiting == 0 and self.unsealed == 0


@dataclass(frozen=True, slots=True)
class LoadBalance:
    """One load's balance, or several loads' added up. `pulled` and its parts are None until it is registered.

    `exclusions`: name of the rule → rows.
    """

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
    exclusions: dict[str, int] = field(default_factory=dict)
    loads: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        return self.state in DONE and all(r.whole for r in self.receivers)

    def check(self) -> None:
        """Raises BalanceBroken unless both laws hold."""
        if self.pulled is None:
            return
        parts = (self.unchanged, self.duplicate, self.quarantined, self.excluded, self.new)
        if self.pulled != sum(part or 0 for part in parts):
            raise BalanceBroken("pulled rows do not add up", where=f"{self.feed} load {self.load_id}")
        if self.excluded != sum(self.exclusions.values()):
            raise BalanceBroken("an excluded row has no rule", where=f"{self.feed} load {self.load_id}")
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
            vanished=head[12], receivers=parts, exclusions=exclusions_of(connection, load_id), loads=(load_id,),
        )  # fmt: skip


def _receiver(connection: Connection, load_id: int, receiver: str) -> ReceiverBalance:
    names = {"load": load_id, "receiver": receiver}
    row = connection.execute(text(RECEIVER), names).one()
    held_back = connection.execute(text(WITHHELD), names).all() if row[5] + row[6] else []
    return replace(ReceiverBalance(receiver, *row), withheld={line[0]: line[1] for line in held_back})


def day_balances(ledger: Ledger, feed: str, business_date: str, receivers: tuple[str, ...]) -> list[LoadBalance]:
    """Every load of a feed's business date that counts, oldest first.

    Given up ones do not, nor those the gate held before a later load went through.
    """
    query = text(
        "SELECT id FROM load WHERE feed = :feed AND business_date = :day AND state <> 'abandoned' AND NOT "
        "(state = 'held' AND EXISTS (SELECT 1 FROM load n WHERE n.feed = load.feed AND n.id > load.id "
        "AND n.state IN ('registered', 'closed'))) ORDER BY id"
    )
    with ledger.read() as connection:
        numbers = [row[0] for row in connection.execute(query, {"feed": feed, "day": business_date})]
    return [load_balance(ledger, number, receivers) for number in numbers]


def add_up(balances: Sequence[LoadBalance]) -> LoadBalance:
    """Several loads as one: sums; number and batch of the newest; the state of the first that is not done."""
    if len(balances) == 1:
        return balances[0]
    newest, open_ones = balances[-1], [b for b in balances if b.state not in DONE]
    states = {b.state for b in balances}
    counted = [b for b in balances if b.pulled is not None]
    total = {name: sum(getattr(b, name) or 0 for b in counted) if counted else None for name in PARTS}
    reasons = [b.reason for b in balances if b.reason]
    return LoadBalance(
        load_id=newest.load_id, feed=newest.feed, business_date=newest.business_date,
        state=open_ones[0].state if open_ones else "closed" if states == {"closed"} else "registered",
        batch_id=newest.batch_id, reason=reasons[-1] if reasons else None, **total,
        receivers=tuple(_add_receivers(parts) for parts in zip(*(b.receivers for b in balances), strict=True)),
        exclusions=_add_counts([b.exclusions for b in balances]), loads=tuple(b.load_id for b in balances),
    )  # fmt: skip


def _add_receivers(parts: Sequence[ReceiverBalance]) -> ReceiverBalance:
    names = ("accepted", "rejected", "dropped", "awaiting", "unsealed", "quarantined", "excluded", "versions")
    sums = [sum(getattr(part, name) for part in parts) for name in names]
    total = ReceiverBalance(parts[0].receiver, *sums)
    return replace(total, withheld=_add_counts([part.withheld for part in parts]))


def _add_counts(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


def newest_dates(ledger: Ledger) -> dict[str, str]:
    """The newest business date of every feed."""
    query = text("SELECT feed, MAX(business_date) FROM load WHERE state <> 'abandoned' GROUP BY feed ORDER BY feed")
    with ledger.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def newest_loads(ledger: Ledger, business_date: str | None = None) -> dict[str, int]:
    """The newest load of every feed (of one business date): feed → load id."""
    where = "WHERE business_date = :day" if business_date else ""
    query = text(f"SELECT feed, MAX(id) FROM load {where} GROUP BY feed ORDER BY feed")  # noqa: S608
    with ledger.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query, {"day": business_date} if business_date else {})}
