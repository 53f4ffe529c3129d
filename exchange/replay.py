"""Replay (重放): a landed batch enters the flow again without its source, and what each receiver holds is known before.

    land      read every landed byte again and hold it against its digest, then as prepare
    prepare   normalize, validate and register under the mapping and the standard of now
    seal      nothing is registered: what the batch made and a receiver still lacks is queued again, where it fits now

What was revoked, by the source or because it vanished from it, and what has a newer version does not come back.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

import pyarrow as pa
from sqlalchemy import Connection, text

from exchange import flow
from exchange.canonical import CanonicalFile
from exchange.ledger.database import Lease
from exchange.ledger.loads import Load, Loads
from exchange.ledger.registration import stage as fill_stage
from exchange.ledger.splits import OF_BATCH, OF_STAGING, QUEUE_AGAIN, REJECTED_AGAIN, UNFIT_AGAIN, split
from exchange.prepare import Preparation, record_type_of
from exchange.seal import Sealer
from exchange.site import Site
from schemas.errors import ConfigurationError, FileDamaged
from schemas.findings import held_rows, severity
from schemas.nearest import nearest
from schemas.protected import not_permitted
from transforms.outgoing import to_receiver
from transforms.protected import protected_rows

STAGES = ("land", "prepare", "seal")
NARROW = ("_key", "_ref", "_digest", "_operation", "_raw_digest")


@dataclass(frozen=True, slots=True)
class Split:
    """What a replay would do for one receiver: share (a name of SHARES) → rows. They add up to all rows asked about."""

    receiver: str
    shares: Counter[str]
    waiting: int
    """Other versions of the feed in the outbox; they go out with the next send, replay or not."""


@dataclass
class _Marks:
    """Takes canonical rows for a preview and keeps what identifies them; nothing is written."""

    chunks: list[pa.Table]

    def write(self, chunk: pa.Table) -> None:
        self.chunks.append(chunk.select(NARROW))


def checked_stage(name: str) -> str:
    """Raises ConfigurationError."""
    if name not in STAGES:
        raise ConfigurationError(f"there is no stage {name}", where="--from", remedy=nearest(name, list(STAGES)))
    return name


def preview(site: Site, earlier: Load, stage: str, day: date, *, rejected: bool = False) -> list[Split]:
    """The split by receiver. Nothing is sent, and nothing written."""
    feed = site.catalog.feed(earlier.feed)
    if stage == "seal":
        names = {"feed": earlier.feed, "batch": earlier.batch_id}
        found = {}
        for receiver in feed.receivers:
            fit = _fit_again(site, earlier, receiver)
            with site.ledger.read() as connection:
                found[receiver] = split(connection, OF_BATCH, names, receiver)
            found[receiver].update({"send": len(fit), "unfit": -len(fit)})
            if rejected:
                found[receiver].update({"send": found[receiver]["rejected"], "rejected": -found[receiver]["rejected"]})
        return [_told(site, feed.name, receiver, shares) for receiver, shares in found.items()]
    if stage == "land":
        verify_landed(site, earlier)
    again = replace(earlier, id=0, state="landed", complete=False, business_date=day, accepted_by=None, kind="pull")
    preparation, marks = Preparation(site, again), _Marks([])
    preparation.judge(marks)
    with site.ledger.read() as connection:
        fill_stage(connection, again, _staged(marks, preparation), keep_last=preparation.keep_last,
                   seen=preparation.watch.finish(), newer=preparation.newer())  # fmt: skip
        shares = {r: split(connection, OF_STAGING, {"feed": feed.name}, r) for r in feed.receivers}
    return [_told(site, feed.name, receiver, found) for receiver, found in shares.items()]


def enter(site: Site, earlier: Load, stage: str, day: date, *, rejected: bool = False, person: str = "system") -> None:
    """Up to the outbox; sending is the flow's. Raises BatchHeld, FileDamaged, and what reading a batch raises."""
    if stage == "seal":
        for receiver in site.catalog.feed(earlier.feed).receivers:
            _queue_again(site, earlier, receiver, rejected, person)
        return
    if stage == "land":
        verify_landed(site, earlier)
    flow.replay(site, earlier, day)
    flow.normalize_and_validate(site, earlier.feed)


def verify_landed(site: Site, load: Load) -> int:
    """Read every landed byte. Returns how many parts. Raises FileDamaged when one is not what was landed."""
    assert load.batch_id
    batch = site.landing.batch(load.feed, load.batch_id)
    for part in batch.parts:
        digest = sha256()
        with site.landing.open(batch, part) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != part.sha256:
            raise FileDamaged("is not what was landed", where=part.file, remedy="restore it from the backup")
    return len(batch.parts)


def _staged(marks: _Marks, preparation: Preparation) -> list[pa.Table]:
    """As canonical.CanonicalFile.staging_chunks gives them, out of memory."""
    held, first, staged = held_rows(preparation.flags, preparation.rows), 0, []
    for chunk in marks.chunks:
        last = first + chunk.num_rows
        named = chunk.rename_columns(["business_key", "source_ref", "digest", "operation", "raw_digest"])
        named = named.append_column("ordinal", pa.array(range(first, last), pa.int64()))
        staged.append(named.append_column("held", pa.array(held[first:last]).cast(pa.int8())))
        first = last
    return staged


def _told(site: Site, feed: str, receiver: str, shares: Counter[str]) -> Split:
    query = text(
        "SELECT COUNT(*) FROM outbox o JOIN record_version v ON v.id = o.version "
        "WHERE o.receiver = :receiver AND v.feed = :feed"
    )
    with site.ledger.read() as connection:
        waiting = int(connection.scalar(query, {"receiver": receiver, "feed": feed}) or 0)
    return Split(receiver, +shares, waiting)


def _queue_again(site: Site, earlier: Load, receiver: str, rejected: bool, person: str) -> None:
    fit = _fit_again(site, earlier, receiver)
    lease = site.ledger.take(f"{earlier.feed}>{receiver}")
    names = {"feed": earlier.feed, "batch": earlier.batch_id, "receiver": receiver}
    with site.ledger.write("replay.queue", lease) as connection:
        versions = [*fit, *(_sent_back(connection, names) if rejected else [])]
        for version in versions:
            for statement in QUEUE_AGAIN:
                connection.execute(text(statement), {"receiver": receiver, "version": version})
        if versions:
            subject = f"{earlier.feed} batch {earlier.batch_id}"
            site.ledger.note(connection, "replay", subject, f"{len(versions)} queued again for {receiver}", person)


def _sent_back(connection: Connection, names: Mapping[str, object]) -> list[int]:
    return [row[0] for row in connection.execute(text(REJECTED_AGAIN), names)]


def _fit_again(site: Site, earlier: Load, receiver: str) -> list[int]:
    """Versions that did not fit the receiver's table when they were sealed, and would now."""
    names, fit = {"feed": earlier.feed, "batch": earlier.batch_id, "receiver": receiver}, list[int]()
    with site.ledger.read() as connection:
        rows = connection.execute(text(UNFIT_AGAIN), names).all()
    for load_id in sorted({row.load_id for row in rows}):
        mine = sorted((row.ordinal, row.version) for row in rows if row.load_id == load_id)
        fit += _fitting(
            site, Loads(site.ledger).get(load_id), receiver, pa.table(list(zip(*mine, strict=True)), ["o", "v"])
        )
    return fit


def _fitting(site: Site, load: Load, receiver: str, versions: pa.Table) -> list[int]:
    feed, taker = site.catalog.feed(load.feed), site.catalog.receiver(receiver)
    kind, where = record_type_of(feed, load), f"receivers/{receiver}/{feed.record_type}.yaml"
    profile = Sealer(site, feed, taker, Lease("", 0)).profile(load)
    rules, fit = not_permitted(taker.profiles[kind.name], load.business_date, where), list[int]()
    for first, rows in CanonicalFile(site, load.id).take(versions["o"].to_numpy()):
        flags = [f for f in to_receiver(rows, profile).flags if severity(f.code) == "error"]
        flags += protected_rows(rows, rules, kind, load.business_date)
        bad = {int(row) for flag in flags for row in flag.rows}
        fit += [versions["v"][first + n].as_py() for n in range(rows.num_rows) if n not in bad]
    return fit
