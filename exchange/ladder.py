"""The receipt ladder (回执阶梯): what a receiver says of a delivery after it took it in, rung by rung.

    promise: {ladder: {stored: 2 days, published: 7 working days}}

Sent, receipt and accepted come with the delivery itself (deliver.py). Each later rung has the wait that receiver.yaml
allows, from the day of the receipt. A rung is asked for, not before the one below it, until every accepted record has
reached it; answers are filed verbatim. Nothing is inferred from another attempt, and nothing ends by age: late rungs
show in `guiji status` (late.py).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import text

from exchange.deliver import as_text
from exchange.ledger.database import Lease
from exchange.ledger.deliveries import Deliveries
from exchange.site import SHANGHAI, Site
from schemas.catalog import Feed, Receiver
from schemas.errors import ConfigurationError, ReceiptMismatch, ReceiverUnreachable
from schemas.exchange import Answer, Climbing

WAIT = re.compile(r"(\d{1,3}) ?(d|days?|working days?)")

NEW = text("""
SELECT d.key, d.changed_at FROM delivery d WHERE d.feed = :feed AND d.receiver = :receiver AND d.state = 'acked'
AND NOT EXISTS (SELECT 1 FROM rung r WHERE r.delivery_key = d.key AND r.name = :name) ORDER BY d.sequence
""")
ADD = text("INSERT INTO rung (delivery_key, name, due) VALUES (:key, :name, :due)")
WAITING = text("""
SELECT d.id, d.key, d.load_id FROM rung r JOIN delivery d ON d.key = r.delivery_key
WHERE r.name = :name AND r.reached_at IS NULL AND d.feed = :feed AND d.receiver = :receiver
AND COALESCE(r.asked_at, d.changed_at) <= :before AND (:below = '' OR EXISTS (
    SELECT 1 FROM rung b WHERE b.delivery_key = r.delivery_key AND b.name = :below AND b.reached_at IS NOT NULL))
ORDER BY d.sequence
""")
ACCEPTED = text("SELECT position FROM delivery_member WHERE delivery = :id AND outcome = 'accepted'")
ASKED = text("UPDATE rung SET asked_at = :now WHERE delivery_key = :key AND name = :name")
ANSWERED = text(
    "UPDATE rung SET asked_at = :now, reached_at = :reached, file_digest = :digest, missing = :missing "
    "WHERE delivery_key = :key AND name = :name"
)
FORGET = text("DELETE FROM rung_missing WHERE delivery_key = :key AND name = :name")
MISSING = text("INSERT INTO rung_missing (delivery_key, name, position, code) VALUES (:key, :name, :position, :code)")


@dataclass(frozen=True, slots=True)
class Rung:
    """One later answer and how long it may take."""

    name: str
    days: int
    working: bool

    def due(self, since: date) -> date:
        """The last day on time; where the holidays of a year are not known yet, the same number of plain days."""
        from transforms.law.working_days import due_date

        last = due_date(since, self.days) if self.working else None
        return last if isinstance(last, date) else since + timedelta(days=self.days)


def rungs(receiver: Receiver) -> list[Rung]:
    """From the lowest to the highest. Raises ConfigurationError."""
    ladder, found = receiver.promise.get("ladder") or {}, []
    for name, wait in ladder.items() if isinstance(ladder, dict) else [("", ladder)]:
        match = WAIT.fullmatch(str(wait))
        if not match or not str(name).isidentifier() or int(match[1]) < 1:
            raise ConfigurationError(
                f"{wait} is no wait for a rung",
                where=f"{receiver.where}: promise.ladder",
                remedy="write for example {stored: 2 days, published: 7 working days}",
            )
        found.append(Rung(str(name), int(match[1]), match[2].startswith("working")))
    return found


@dataclass(frozen=True)
class Ladder:
    """Chases the later answers for one feed at one receiver."""

    site: Site
    feed: Feed
    receiver: Receiver
    target: object
    lease: Lease

    def chase(self) -> None:
        """Ask for every rung that waits and was not asked for lately; who does not answer is asked another time."""
        below, ladder = "", rungs(self.receiver)
        if ladder and not isinstance(self.target, Climbing):
            raise ConfigurationError(
                "this access method has no later answers", where=self.receiver.where, remedy="remove promise.ladder"
            )
        for rung in ladder:
            self._expect(rung)
            if not self._ask_all(rung, below):
                return
            below = rung.name

    def _expect(self, rung: Rung) -> None:
        names = {"feed": self.feed.name, "receiver": self.receiver.code, "name": rung.name}
        with self.site.ledger.read() as connection:
            new = connection.execute(NEW, names).all()
        if new:
            rows = [{"key": key, "name": rung.name, "due": rung.due(_day(at)).isoformat()} for key, at in new]
            with self.site.ledger.write("rung", self.lease) as connection:
                connection.execute(ADD, rows)

    def _ask_all(self, rung: Rung, below: str) -> bool:
        """False: the receiver does not answer."""
        before = Deliveries(self.site.ledger).asked_before
        names = {"feed": self.feed.name, "receiver": self.receiver.code, "name": rung.name}
        with self.site.ledger.read() as connection:
            waiting = connection.execute(WAITING, names | {"before": before, "below": below}).all()
        try:
            for number, key, load in waiting:
                self._ask(rung.name, number, key, load)
        except ReceiverUnreachable:
            return False
        return True

    def _ask(self, name: str, number: int, key: str, load: int) -> None:
        assert isinstance(self.target, Climbing)
        with self.site.ledger.read() as connection:
            accepted = {row[0] for row in connection.execute(ACCEPTED, {"id": number})}
        found: dict[int, tuple[str, str] | None] = {}
        digest = None
        if accepted:
            answer = self.target.ask_rung(key, name)
            read = self._read(name, key, load, answer, accepted) if answer else None
            if read is None:
                with self.site.ledger.write("rung", self.lease) as connection:
                    connection.execute(ASKED, {"key": key, "name": name, "now": self.site.ledger.now})
                return
            digest, found = read
        self._file(name, key, digest, {place: said for place, said in found.items() if said and place in accepted})

    def _read(
        self, name: str, key: str, load: int, answer: Answer, accepted: set[int]
    ) -> tuple[str, dict[int, tuple[str, str] | None]] | None:
        """The bytes are filed first. None: the answer does not speak of every accepted record, and proves nothing."""
        assert isinstance(self.target, Climbing)
        words = as_text(answer)
        path = self.site.receipt_file(key, 0, sha256(words).hexdigest(), name)
        digest, _ = self.site.vault.write(path, [words], self.site.load_scope(load))
        try:
            found = self.target.read_rung(key, name, answer)
        except ReceiptMismatch:
            return None
        return (digest, found) if accepted <= found.keys() else None

    def _file(self, name: str, key: str, digest: str | None, missing: dict[int, tuple[str, str]]) -> None:
        now = self.site.ledger.now
        names = {"key": key, "name": name, "now": now, "digest": digest, "missing": len(missing)}
        with self.site.ledger.write("rung", self.lease) as connection:
            connection.execute(ANSWERED, names | {"reached": None if missing else now})
            connection.execute(FORGET, {"key": key, "name": name})
            for position, (code, _) in sorted(missing.items()):
                connection.execute(MISSING, {"key": key, "name": name, "position": position, "code": code})


def _day(at: str) -> date:
    return datetime.fromisoformat(at).astimezone(SHANGHAI).date()
