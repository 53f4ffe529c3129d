"""Digest reconciliation (摘要对账): what a receiver says it holds, against what its receipts say it took.

A record's digest is SHA-256 over its cd_id, our revision and its line as it was sent; of many it is the sum modulo
2^256, so order does not matter. Compared for the whole feed first, then by batch, then by halves of a batch, down to
records.
Only names of records (public document numbers) and revisions leave this module.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import text

from exchange.site import Site
from schemas.catalog import Feed
from schemas.errors import ConfigurationError, KeyDestroyed, ReceiptMismatch
from schemas.exchange import Comparable

FEW = 32
WORLD = 2**256
HEX = re.compile("[0-9a-f]{64}")
LOST, EXTRA, ALTERED, VERSION = "lost", "extra", "altered", "version"

# The newest version of each record that the receiver accepted, unless that was a revocation.
HELD = text("""
SELECT h.delivery, h.load_id, h.sequence, h.business_date, h.position, h.business_key, h.revision FROM (
    SELECT d.key AS delivery, d.load_id, d.sequence, l.business_date, m.position, v.business_key, v.revision,
        v.operation, ROW_NUMBER() OVER (PARTITION BY v.business_key ORDER BY v.revision DESC) AS place
    FROM delivery d JOIN delivery_member m ON m.delivery = d.id AND m.outcome = 'accepted'
    JOIN record_version v ON v.id = m.version JOIN load l ON l.id = d.load_id
    WHERE d.receiver = :receiver AND d.feed = :feed) h
WHERE h.place = 1 AND h.operation = 'upsert' ORDER BY h.sequence, h.position
""")
# Records of which an attempt is under way, or was, with an unknown outcome.
OPEN = text("""
SELECT v.business_key FROM delivery d JOIN delivery_member m ON m.delivery = d.id AND m.outcome IS NULL
JOIN record_version v ON v.id = m.version WHERE d.receiver = :receiver AND d.feed = :feed AND d.attempt > 0
""")


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that differs. `ours`, `theirs`: revisions, None where it is not there."""

    kind: str
    cd_id: str
    ours: int | None
    theirs: int | None


@dataclass(slots=True)
class Compared:
    """What was compared of one feed. `unread`: records whose bytes are destroyed; of those, revisions alone."""

    feed: str
    records: int = 0
    unread: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Record:
    revision: int
    digest: int | None  # None: our bytes are destroyed

    def agrees(self, other: "_Record | None") -> bool:
        return other is not None and self.revision == other.revision and self.digest in (None, other.digest)


Batch = dict[str, _Record]
Pair = tuple[str, _Record | None, _Record | None]


@dataclass
class Comparison:
    """Of one feed at one receiver."""

    site: Site
    feed: Feed
    receiver: str
    target: Comparable

    def run(self) -> Compared:
        """Raises ReceiverUnreachable, ReceiverRefused, ReceiptMismatch, FileDamaged."""
        done, sums = Compared(self.feed.name), dict[str, tuple[int, int]]()
        for name, batch in self._batches():
            done.records += len(batch)
            done.unread += sum(one.digest is None for one in batch.values())
            count, total = _sum(batch)
            before = sums.get(name, (0, 0))
            sums[name] = (before[0] + count, (before[1] + total) % WORLD)
        whole = (done.records, sum(total for _, total in sums.values()) % WORLD)
        if done.unread or whole != self._said({}):
            done.differences = self._differences(sums)
        return done

    def _differences(self, sums: dict[str, tuple[int, int]]) -> list[Difference]:
        """Batch by batch; a record that is in another batch there was sent in another version."""
        rows = _rows(self._ask({"by": "batch"}), "batches")
        theirs = {_word(one, "batch"): (_number(one, "count"), _digest(one)) for one in rows}
        wrong = {name for name in sums.keys() | theirs.keys() if sums.get(name) != theirs.get(name)}
        ours: dict[str, Batch] = {name: {} for name in wrong}
        for name, batch in self._batches():
            if name in wrong:
                ours[name] |= batch
        found: dict[str, tuple[_Record | None, _Record | None]] = {}
        for name in sorted(wrong):
            for cd_id, mine, yours in self._bisect(name, ours[name], "", None):
                before = found.get(cd_id, (None, None))
                found[cd_id] = (mine or before[0], yours or before[1])
        unsettled = self._open()
        return [_difference(cd_id, *pair) for cd_id, pair in sorted(found.items()) if cd_id not in unsettled]

    def _bisect(self, name: str, ours: Batch, first: str, end: str | None) -> Iterator[Pair]:
        """Records of one batch that differ, with names from `first` up to but not `end`."""
        scope = {"batch": name, "from": first} | ({"to": end} if end is not None else {})
        if all(one.digest is not None for one in ours.values()):
            if _sum(ours) == self._said(scope):
                return
            if len(ours) > FEW:
                names = sorted(ours)
                low, high = names[: len(ours) // 2], names[len(ours) // 2 :]
                yield from self._bisect(name, {one: ours[one] for one in low}, first, high[0])
                yield from self._bisect(name, {one: ours[one] for one in high}, high[0], end)
                return
        theirs = self._records(scope)
        for cd_id in sorted(ours.keys() | theirs.keys()):
            mine, yours = ours.get(cd_id), theirs.get(cd_id)
            if mine is None or not mine.agrees(yours):
                yield cd_id, mine, yours

    def _records(self, scope: dict[str, str]) -> Batch:
        found: Batch = {}
        while True:
            answer = self._ask(scope | {"by": "record"})
            for one in _rows(answer, "records"):
                found[_word(one, "cd_id")] = _Record(_number(one, "revision"), _digest(one))
            following = answer.get("next")
            if following is None:
                return found
            if not isinstance(following, str) or following <= scope.get("from", ""):
                raise _unreadable()
            scope = scope | {"from": following}

    def _batches(self) -> Iterator[tuple[str, Batch]]:
        """By delivery: (cd_batch, records that the receiver holds from it)."""
        names = {"receiver": self.receiver, "feed": self.feed.name}
        with self.site.ledger.read() as connection:
            for (key, load, number, day), members in groupby(connection.execute(HELD, names), key=lambda row: row[:4]):
                wanted = {row.position: (self._prefix + row.business_key, row.revision) for row in members}
                batch = f"{day.replace('-', '')}{number % 100_000:05d}"
                try:
                    yield batch, self._read(key, load, wanted)
                except (KeyDestroyed, FileNotFoundError):
                    yield batch, {cd_id: _Record(revision, None) for cd_id, revision in wanted.values()}

    def _read(self, key: str, load: int, wanted: dict[int, tuple[str, int]]) -> Batch:
        found: Batch = {}
        with self.site.vault.open(self.site.delivery_file(key), self.site.load_scope(load)) as body:
            for position, line in enumerate(body):
                if position in wanted:
                    cd_id, revision = wanted[position]
                    content = b"\0".join((cd_id.encode(), str(revision).encode(), line.rstrip(b"\n")))
                    found[cd_id] = _Record(revision, int.from_bytes(sha256(content).digest(), "big"))
        return found

    @property
    def _prefix(self) -> str:
        return f"{self.feed.department.credit_code}:{self.feed.record_type}:"

    def _open(self) -> set[str]:
        with self.site.ledger.read() as connection:
            rows = connection.execute(OPEN, {"receiver": self.receiver, "feed": self.feed.name})
            return {self._prefix + row[0] for row in rows}

    def _ask(self, scope: dict[str, str]) -> dict[str, Any]:
        return self.target.holdings({"record_type": self.feed.record_type, "prefix": self._prefix} | scope)

    def _said(self, scope: dict[str, str]) -> tuple[int, int]:
        answer = self._ask(scope)
        return _number(answer, "count"), _digest(answer)


def comparable(promise: dict[str, Any], target: object, where: str) -> Comparable:
    """Raises ConfigurationError when the receiver offers no digests."""
    if promise.get("digest") != "by_batch" or not isinstance(target, Comparable):
        raise ConfigurationError(
            "this receiver offers no digests to compare with",
            where=f"{where}: promise.digest",
            remedy="write `digest: by_batch` when it answers for what it holds; see docs/adding-a-receiver.md",
        )
    return target


def _sum(batch: Batch) -> tuple[int, int]:
    return len(batch), sum(one.digest or 0 for one in batch.values()) % WORLD


def _difference(cd_id: str, mine: _Record | None, yours: _Record | None) -> Difference:
    if mine is None or yours is None:
        kind = EXTRA if mine is None else LOST
    else:
        kind = ALTERED if mine.revision == yours.revision else VERSION
    return Difference(kind, cd_id, mine.revision if mine else None, yours.revision if yours else None)


def _rows(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = answer.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable()
    return rows


def _number(row: dict[str, Any], name: str) -> int:
    value = row.get(name)
    if type(value) is not int or value < 0:
        raise _unreadable()
    return value


def _word(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise _unreadable()
    return value


def _digest(row: dict[str, Any]) -> int:
    value = _word(row, "digest")
    if not HEX.fullmatch(value):
        raise _unreadable()
    return int(value, 16)


def _unreadable() -> ReceiptMismatch:
    return ReceiptMismatch("the answer about holdings cannot be read", where="digests", remedy="ask the receiver")
