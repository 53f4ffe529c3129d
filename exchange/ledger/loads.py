"""Loads: one pull of one feed, from the first byte to the closed balance; and the watermark it moves."""

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import CursorResult, Row, select

from exchange.ledger.database import Lease, Ledger
from exchange.ledger.tables import load, watermark
from schemas.errors import GuijiError
from schemas.exchange import Position, Window

OPEN = ("landed", "registered")
DONE = ("registered", "closed")


@dataclass(frozen=True, slots=True)
class Load:
    """A load as the ledger knows it. `origin` is the load that landed the batch (another one in a replay)."""

    id: int
    feed: str
    business_date: date
    state: str
    batch_id: str | None
    origin: int
    complete: bool
    position: Position | None
    reason: str | None
    accepted_by: str | None
    kind: str = "pull"  # or correction: rows that a department gave back, which say nothing about any other row

    @property
    def replayed(self) -> bool:
        return self.origin != self.id

    @property
    def pulled(self) -> bool:
        """It asked the source, so it moves the watermark."""
        return self.kind == "pull" and not self.replayed


class Loads:
    """Reads and moves the states of loads."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def open(self, feed: str, business_date: date, lease: Lease, **more: str) -> int:
        """A new load in state pulling; earlier ones that never landed are abandoned: nothing of them counts.

        `more`: kind, reason and accepted_by of a correction.
        """
        now = self.ledger.now
        with self.ledger.write("load.open", lease) as connection:
            dead = (load.c.feed == feed) & (load.c.state == "pulling")
            connection.execute(
                load.update().where(dead).values(state="abandoned", reason="broke off before landing", changed_at=now)
            )
            made = connection.execute(
                load.insert().values(
                    feed=feed,
                    business_date=business_date.isoformat(),
                    state="pulling",
                    complete=False,
                    opened_at=now,
                    changed_at=now,
                    **more,
                )
            )
            return _new_id(made)

    def landed(self, load_id: int, batch_id: str, position: Position, complete: bool, lease: Lease) -> None:
        """The raw bytes are safe: from here on the source is not asked again."""
        values = {"state": "landed", "batch_id": batch_id, "complete": complete, "origin": load_id}
        with self.ledger.write("load.landed", lease) as connection:
            connection.execute(
                load.update()
                .where(load.c.id == load_id)
                .values(**values, position=json.dumps(position, ensure_ascii=False), changed_at=self.ledger.now)
            )

    def replay(self, earlier: Load, business_date: date, lease: Lease) -> int:
        """A new load over a batch that landed before; it moves no watermark and infers no deletion."""
        now = self.ledger.now
        with self.ledger.write("load.replay", lease) as connection:
            made = connection.execute(
                load.insert().values(
                    feed=earlier.feed,
                    business_date=business_date.isoformat(),
                    state="landed",
                    batch_id=earlier.batch_id,
                    origin=earlier.origin,
                    complete=False,
                    opened_at=now,
                    changed_at=now,
                )
            )
            self.ledger.note(connection, "replay", earlier.feed, f"batch {earlier.batch_id}")
            return _new_id(made)

    def hold(self, load_id: int, reason: str, lease: Lease) -> None:
        """The gate held the whole batch: nothing is registered, the watermark stays."""
        with self.ledger.write("load.held", lease) as connection:
            connection.execute(
                load.update()
                .where(load.c.id == load_id)
                .values(state="held", reason=reason, changed_at=self.ledger.now)
            )
            self.ledger.note(connection, "batch held", str(load_id), reason)

    def accept(self, load_id: int, reason: str, person: str, lease: Lease) -> None:
        """Let a held batch through the gate. Raises GuijiError when it is not held, or a later load went through."""
        item = self.get(load_id)
        newer = [i for i in self.of_feed(item.feed) if i.id > load_id and i.state in DONE and i.kind == "pull"]
        if item.state != "held" or newer:
            why = f"load {newer[0].id} went through since" if newer else f"it is {item.state}"
            raise GuijiError(f"load {load_id} cannot be accepted: {why}", where=item.feed, remedy="see guiji status")
        self._decide(
            item, {"state": "landed", "accepted_by": person, "reason": None}, "batch accepted", reason, person, lease
        )

    def abandon(self, load_id: int, reason: str, person: str, lease: Lease) -> None:
        """Give up a batch that was never registered: nothing of it counts, and its source is asked again."""
        item = self.get(load_id)
        if item.state not in ("landed", "held"):
            raise GuijiError(
                f"load {load_id} is {item.state}", where=item.feed, remedy="only landed or held ones can go"
            )
        self._decide(item, {"state": "abandoned", "reason": reason}, "batch abandoned", reason, person, lease)

    def _decide(
        self, item: Load, values: dict[str, str | None], what: str, reason: str, person: str, lease: Lease
    ) -> None:
        with self.ledger.write("load.decide", lease) as connection:
            connection.execute(load.update().where(load.c.id == item.id).values(**values, changed_at=self.ledger.now))
            self.ledger.note(connection, what, f"{item.feed} load {item.id}", reason, person)

    def of_feed(self, feed: str) -> list[Load]:
        """Every load there ever was."""
        with self.ledger.read() as connection:
            return [_load(row) for row in connection.execute(select(load).where(load.c.feed == feed))]

    def close(self, load_id: int, lease: Lease) -> None:
        """Only reconcile calls this, after the balance held."""
        with self.ledger.write("load.close", lease) as connection:
            connection.execute(
                load.update().where(load.c.id == load_id).values(state="closed", changed_at=self.ledger.now)
            )

    def get(self, load_id: int) -> Load:
        """Raises GuijiError when the load does not exist."""
        with self.ledger.read() as connection:
            row = connection.execute(select(load).where(load.c.id == load_id)).one_or_none()
        if row is None:
            raise GuijiError(f"there is no load {load_id}", where="ledger", remedy="see guiji status")
        return _load(row)

    def unfinished(self, feed: str) -> list[Load]:
        """Landed or registered and not closed, oldest first: versions must be made in this order."""
        query = select(load).where(load.c.feed == feed, load.c.state.in_(OPEN)).order_by(load.c.id)
        with self.ledger.read() as connection:
            return [_load(row) for row in connection.execute(query)]

    def newest(self, feed: str) -> Load | None:
        """The newest pull of a feed that was not abandoned."""
        counts = (load.c.feed == feed) & (load.c.state != "abandoned") & (load.c.kind == "pull")
        query = select(load).where(counts).order_by(load.c.id.desc()).limit(1)
        with self.ledger.read() as connection:
            row = connection.execute(query).one_or_none()
        return _load(row) if row else None

    def of_batch(self, batch_id: str) -> Load:
        """The newest load over a batch whose id begins so. Raises GuijiError when none or several batches do."""
        query = select(load).where(load.c.batch_id.startswith(batch_id, autoescape=True)).order_by(load.c.id)
        with self.ledger.read() as connection:
            rows = [_load(row) for row in connection.execute(query)]
        if len({row.batch_id for row in rows}) != 1:
            found = "no batch" if not rows else "more than one batch"
            raise GuijiError(f"{found} begins with {batch_id}", where="ledger", remedy="guiji status shows batch ids")
        return rows[-1]

    def window(self, feed: str, sweep: bool) -> Window:
        """What to ask the source for: after the last committed position."""
        with self.ledger.read() as connection:
            text = connection.scalar(select(watermark.c.position).where(watermark.c.feed == feed))
        return Window(json.loads(text) if text else None, sweep or text is None)


def _new_id(made: "CursorResult[tuple[object, ...]]") -> int:
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def _load(row: "Row[tuple[object, ...]]") -> Load:
    data = row._mapping
    return Load(
        id=data["id"],
        feed=data["feed"],
        business_date=date.fromisoformat(data["business_date"]),
        state=data["state"],
        batch_id=data["batch_id"],
        origin=data["origin"] or data["id"],
        complete=bool(data["complete"]),
        position=json.loads(data["position"]) if data["position"] else None,
        reason=data["reason"],
        accepted_by=data["accepted_by"],
        kind=data["kind"],
    )
