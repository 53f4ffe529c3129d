"""Deliveries: sealed once, intended before the socket, answered in the receiver's own words.

    sealed ──intent──► unknown ──► acked | refused | held
                          └── inquire: found → acked; not found → intent again with the same bytes and key

A crash after the intent leaves `unknown`, never "not sent". Nothing expires by age.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, Row, func, select, text

from exchange.ledger.database import Lease, Ledger
from exchange.ledger.tables import attempt, delivery, receipt
from schemas.errors import LeaseHeld
from schemas.exchange import RecordVerdict

ASK_EVERY = timedelta(hours=6)  # for a later answer: stored, published
WAITING = "waiting"  # a receipt that says: it lies here, without its verdicts
OPEN = ("sealed", "unknown", "refused")  # a refusal applied nothing: the same bytes may be tried again

# The versions of one delivery in sealed order, handed over as one JSON array: the database makes the rows.
MEMBERS = {
    "sqlite": text(
        "INSERT INTO delivery_member (delivery, position, receiver, version) "
        "SELECT :delivery, j.key, :receiver, j.value FROM json_each(:versions) j"
    ),
    "postgresql": text(
        "INSERT INTO delivery_member (delivery, position, receiver, version) "
        "SELECT CAST(:delivery AS BIGINT), j.place - 1, CAST(:receiver AS TEXT), CAST(j.version AS BIGINT) "
        "FROM json_array_elements_text(CAST(:versions AS JSON)) WITH ORDINALITY j(version, place)"
    ),
}
TAKE_OUT = text(
    "DELETE FROM outbox WHERE receiver = :receiver AND version IN (SELECT m.version FROM delivery d "
    "JOIN delivery_member m ON m.delivery = d.id WHERE d.key = :key)"
)
ALL_ACCEPTED = text(
    "UPDATE delivery_member SET outcome = 'accepted', code = '', text = '' "
    "WHERE delivery = (SELECT d.id FROM delivery d WHERE d.key = :key)"
)
ONE_VERDICT = text(
    "UPDATE delivery_member SET outcome = :verdict, code = :code, text = :text "
    "WHERE delivery = (SELECT d.id FROM delivery d WHERE d.key = :key) AND position = :position"
)
PLAIN = ("accepted", "", "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A sealed package. `key` is its idempotency key."""

    key: str
    receiver: str
    feed: str
    sequence: int
    load_id: int
    count: int
    body_digest: str
    state: str
    attempt: int


class Deliveries:
    """Reads and moves the states of deliveries."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def next_sequence(self, feed: str, receiver: str) -> int:
        """Deliveries of one feed to one receiver are numbered from 1 and sent in that order."""
        query = select(func.max(delivery.c.sequence)).where(delivery.c.feed == feed, delivery.c.receiver == receiver)
        with self.ledger.read() as connection:
            return int(connection.scalar(query) or 0) + 1

    def seal(self, item: Delivery, profile: str, versions: Sequence[int], lease: Lease) -> None:
        """One delivery alone."""
        self.seal_all([(item, versions)], profile, lease)

    def seal_all(self, sealed: Sequence[tuple[Delivery, Sequence[int]]], profile: str, lease: Lease) -> None:
        """The bytes lie on the disk; from now on these deliveries are sent as they are, or not at all."""
        now = self.ledger.now
        with self.ledger.write("seal", lease) as connection:
            for item, versions in sealed:
                _seal(connection, item, profile, versions, now)

    def open(self, feed: str, receiver: str) -> list[Delivery]:
        """Not yet acked and not held, in sending order."""
        query = (
            select(delivery)
            .where(delivery.c.feed == feed, delivery.c.receiver == receiver, delivery.c.state.in_(OPEN))
            .order_by(delivery.c.sequence)
        )
        with self.ledger.read() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def unsettled_feeds(self) -> list[str]:
        """Feeds of which a delivery is not settled, a version not sealed, or a later answer still awaited."""
        query = text(
            "SELECT DISTINCT feed FROM delivery WHERE state IN ('sealed', 'unknown', 'refused') UNION "
            "SELECT DISTINCT v.feed FROM outbox o JOIN record_version v ON v.id = o.version UNION "
            "SELECT d.feed FROM rung r JOIN delivery d ON d.key = r.delivery_key "
            "WHERE r.reached_at IS NULL AND COALESCE(r.asked_at, d.changed_at) <= :before ORDER BY 1"
        )
        with self.ledger.read() as connection:
            return [row[0] for row in connection.execute(query, {"before": self.asked_before})]

    @property
    def asked_before(self) -> str:
        """A later answer is asked for again when it was asked for before this time."""
        before = self.ledger.clock().astimezone(UTC) - ASK_EVERY
        return before.isoformat(timespec="milliseconds")

    def intend(self, item: Delivery, lease: Lease) -> Delivery:
        """Write down that attempt n is about to leave. Raises LeaseHeld when somebody else moved it meanwhile."""
        number, now = item.attempt + 1, self.ledger.now
        same = (delivery.c.key == item.key) & (delivery.c.attempt == item.attempt) & delivery.c.state.in_(OPEN)
        with self.ledger.write("intent", lease) as connection:
            moved = connection.execute(
                delivery.update().where(same).values(state="unknown", attempt=number, changed_at=now)
            )
            if moved.rowcount != 1:
                raise LeaseHeld("another run moved this delivery", where=item.key[:12], remedy="it will be tried again")
            connection.execute(
                attempt.insert().values(delivery_key=item.key, number=number, intent_at=now, epoch=lease.epoch)
            )
        return Delivery(item.key, item.receiver, item.feed, item.sequence, item.load_id, item.count,
                        item.body_digest, "unknown", number)  # fmt: skip

    def intended_at(self, item: Delivery) -> datetime:
        """When the last attempt was written down."""
        query = select(attempt.c.intent_at).where(attempt.c.delivery_key == item.key).order_by(attempt.c.number.desc())
        with self.ledger.read() as connection:
            return datetime.fromisoformat(connection.execute(query.limit(1)).scalar_one())

    def not_sent(self, item: Delivery, lease: Lease) -> None:
        """Not one byte left this machine: the delivery is as before the intent."""
        self._move(item, "sealed", lease)

    def hold(self, item: Delivery, lease: Lease) -> None:
        """The outcome cannot be found out: a person decides."""
        self._move(item, "held", lease)

    def file(
        self, item: Delivery, number: str, status: int, digest: str, state: str,
        verdicts: Sequence[RecordVerdict], lease: Lease, word: str = "",
    ) -> None:  # fmt: skip
        """File a receipt whose bytes lie on the disk. `state`: acked (verdict per member), refused, or unknown.

        `word` is what the receipt is filed as, where that is not the state.
        """
        now = self.ledger.now
        with self.ledger.write("receipt", lease) as connection:
            connection.execute(
                receipt.insert().values(
                    delivery_key=item.key, attempt=item.attempt, number=number, status=status,
                    file_digest=digest, verdict=word or state, filed_at=now,
                )
            )  # fmt: skip
            connection.execute(delivery.update().where(delivery.c.key == item.key).values(state=state, changed_at=now))
            if verdicts:
                _write_verdicts(connection, item, verdicts)

    def file_waiting(self, item: Delivery, status: int, digest: str, lease: Lease) -> None:
        """File the answer that the delivery lies there without its verdicts; once, however often it is given."""
        if digest not in self._waiting(item):
            self.file(item, "", status, digest, "unknown", (), lease, WAITING)

    def lay_there(self, item: Delivery) -> bool:
        """Whether it was seen at the receiver since the last attempt, without its verdicts."""
        return bool(self._waiting(item))

    def _waiting(self, item: Delivery) -> set[str]:
        of_attempt = (receipt.c.delivery_key == item.key) & (receipt.c.attempt == item.attempt)
        query = select(receipt.c.file_digest).where(of_attempt, receipt.c.verdict == WAITING)
        with self.ledger.read() as connection:
            return set(connection.scalars(query))

    def _move(self, item: Delivery, state: str, lease: Lease) -> None:
        with self.ledger.write("move", lease) as connection:
            connection.execute(
                delivery.update()
                .where(delivery.c.key == item.key, delivery.c.attempt == item.attempt)
                .values(state=state, changed_at=self.ledger.now)
            )


def _seal(connection: Connection, item: Delivery, profile: str, versions: Sequence[int], now: str) -> None:
    made = connection.execute(
        delivery.insert().values(
            key=item.key, receiver=item.receiver, feed=item.feed, sequence=item.sequence,
            load_id=item.load_id, profile=profile, count=item.count, body_digest=item.body_digest,
            state="sealed", attempt=0, sealed_at=now, changed_at=now,
        )
    )  # fmt: skip
    assert made.inserted_primary_key
    number = int(made.inserted_primary_key[0])
    members = MEMBERS[connection.dialect.name]
    names = {"delivery": number, "receiver": item.receiver, "versions": json.dumps(list(versions))}
    connection.execute(members, names)
    connection.execute(TAKE_OUT, {"receiver": item.receiver, "key": item.key})


def _write_verdicts(connection: Connection, item: Delivery, verdicts: Sequence[RecordVerdict]) -> None:
    """Nearly all are accepted without a word: one statement for the whole delivery, then the others."""
    others: Sequence[RecordVerdict] = verdicts
    if len(verdicts) == item.count:
        connection.execute(ALL_ACCEPTED, {"key": item.key})
        others = [v for v in verdicts if (v.verdict, v.code, v.text) != PLAIN]
    if others:
        rows = [
            {"key": item.key, "position": v.position, "verdict": v.verdict, "code": v.code, "text": v.text}
            for v in others
        ]
        connection.execute(ONE_VERDICT, rows)


def delivery_key(receiver: str, profile: str, members: Sequence[bytes], body_digest: str) -> str:
    """The idempotency key: receiver, profile, members and exact bytes; no time, no run, no attempt number.

    `members`: key, revision and operation of each version, in sealed order.
    """
    root = sha256(b"root1\0" + b"\n".join(members)).hexdigest()
    return sha256("\0".join(("idk2", receiver, profile, root, body_digest)).encode()).hexdigest()


def _delivery(row: "Row[tuple[object, ...]]") -> Delivery:
    data = row._mapping
    return Delivery(
        data["key"], data["receiver"], data["feed"], data["sequence"], data["load_id"], data["count"],
        data["body_digest"], data["state"], data["attempt"],
    )  # fmt: skip
