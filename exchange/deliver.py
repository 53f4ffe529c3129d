"""Deliver (报送): sealed bytes → receiver → receipt, filed verbatim before the ledger says acked.

Deliveries of one feed go to one receiver one after another, in sealed order; the first that is not settled stops
the rest, so that revisions of a record arrive in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from hashlib import sha256
from typing import NoReturn

from exchange.ledger.database import Lease
from exchange.ledger.deliveries import Deliveries, Delivery
from exchange.ledger.loads import Loads
from exchange.prepare import record_type_of
from exchange.scrub import public_columns, scrub_verdicts, scrubbed_number
from exchange.site import Site
from schemas.catalog import Feed, Receiver
from schemas.crash_points import crash_point
from schemas.errors import (
    AwaitingVerdicts,
    GuijiError,
    ReceiptMismatch,
    ReceiverRefused,
    ReceiverUnreachable,
    Terminal,
)
from schemas.exchange import Answer, RecordVerdict, Sealed, Target
from transforms.outgoing import compile_profile


@dataclass(frozen=True)
class Courier:
    """Carries one feed's deliveries to one receiver. `told` hears of every delivery acked."""

    site: Site
    feed: Feed
    receiver: Receiver
    target: Target
    lease: Lease
    told: Callable[[Delivery], None] = lambda _: None

    @property
    def book(self) -> Deliveries:
        return Deliveries(self.site.ledger)

    def run(self) -> int:
        """Settle every open delivery in order. Returns how many were acked.

        Behind one that lies at the receiver and is not judged yet, the next may follow: the order is kept there.
        Raises ReceiverUnreachable (try again), ReceiverRefused or ReceiptMismatch (a person looks).
        """
        acked, waiting = 0, list[AwaitingVerdicts]()
        for item in self.book.open(self.feed.name, self.receiver.code):
            try:
                if not (item.state == "unknown" and self._found(item)):
                    self._send(item)
            except AwaitingVerdicts as error:
                waiting.append(error)
                continue
            self.told(item)
            acked += 1
        if waiting:
            raise waiting[0]
        return acked

    def _found(self, item: Delivery) -> bool:
        """Ask for an outcome we do not know. False: the receiver does not have it and it is safe to send again.

        What was seen lying there is asked about whatever is promised: what showed it can show its verdicts.
        """
        promise, seen = self.receiver.promise, self.book.lay_there(item)
        if seen or promise.get("inquiry") == "by_key":
            answer = self.target.inquire(item.key)
            if answer is not None:
                self._file(item, answer)
                return True
        if seen:
            self._hold_vanished(item)
        if promise.get("idempotency") == "honoured":
            return False
        if promise.get("inquiry") == "by_key":
            self._await_settling(item)
            return False
        self.book.hold(item, self.lease)
        raise Terminal(
            "whether this delivery arrived cannot be found out",
            where=f"{self.receiver.code} {item.key[:12]}",
            remedy="ask the receiver by telephone, then release or drop the delivery",
        )

    def _hold_vanished(self, item: Delivery) -> NoReturn:
        """What lay there without a verdict and is gone may have been taken: sent again it might be taken twice."""
        self.book.hold(item, self.lease)
        raise Terminal(
            "this delivery lay at the receiver and is gone without its verdicts",
            where=f"{self.receiver.code} {item.key[:12]}",
            remedy="ask the receiver what became of it, then release or drop the delivery",
        )

    def _await_settling(self, item: Delivery) -> None:
        """A receiver that applies late could still apply the first copy: wait until it no longer can."""
        seconds = int(self.receiver.promise.get("settle_seconds", 600))
        since = self.site.clock().astimezone(UTC) - self.book.intended_at(item)
        if since < timedelta(seconds=seconds):
            raise ReceiverUnreachable(
                f"not found yet; it may still arrive within {seconds} s of the attempt",
                where=f"{self.receiver.code} {item.key[:12]}",
                remedy="the next run asks again",
            )

    def _send(self, item: Delivery) -> None:
        sealed = self._sealed(item)
        item = self.book.intend(item, self.lease)
        try:
            answer = self.target.send(sealed)
        except GuijiError as error:
            if not error.sent:
                self.book.not_sent(item, self.lease)
            raise
        crash_point("send.answered")
        self._file(item, answer)

    def _file(self, item: Delivery, answer: Answer) -> None:
        """The bytes first, then what they mean."""
        text = as_text(answer)
        path = self.site.receipt_file(item.key, item.attempt, sha256(text).hexdigest())
        digest, _ = self.site.vault.write(path, [text], self.site.load_scope(item.load_id))
        try:
            receipt = self.target.read(self._sealed(item), answer)
        except ReceiverRefused:
            self.book.file(item, "", answer.status, digest, "refused", (), self.lease)
            raise
        except (ReceiverUnreachable, ReceiptMismatch) as error:
            if error.there:
                self.book.file_waiting(item, answer.status, digest, self.lease)
            else:
                self.book.file(item, "", answer.status, digest, "unknown", (), self.lease)
            raise
        number, verdicts = scrubbed_number(receipt.number), self._scrubbed(item, receipt.verdicts)
        self.book.file(item, number, answer.status, digest, "acked", verdicts, self.lease)

    def _scrubbed(self, item: Delivery, verdicts: Sequence[RecordVerdict]) -> Sequence[RecordVerdict]:
        """What the receiver says of a record, without what it quotes of it: the verbatim words are in the receipt."""
        if not any(verdict.code or verdict.text for verdict in verdicts):
            return verdicts
        kind = record_type_of(self.feed, Loads(self.site.ledger).get(item.load_id))
        profile = compile_profile(self.receiver.profiles[kind.name], kind, self.receiver.where)
        with self._sealed(item).open() as body:
            return scrub_verdicts(verdicts, body, public_columns(profile.fields, kind))

    def _sealed(self, item: Delivery) -> Sealed:
        path = self.site.delivery_file(item.key)
        if not path.is_file():
            raise GuijiError("the sealed bytes are gone", where=str(path.name), remedy="restore the deliveries folder")
        opened = partial(self.site.vault.open, path, self.site.load_scope(item.load_id))
        return Sealed(item.key, item.feed, self.feed.record_type, item.count, item.body_digest, opened)


def as_text(answer: Answer) -> bytes:
    """Status, headers and body as one file, body bytes untouched."""
    head = f"HTTP {answer.status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return head.encode("utf-8", "replace") + b"\r\n" + answer.body
