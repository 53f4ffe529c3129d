"""Seal (封装): pending versions → the receiver's form → frozen request bytes under an idempotency key."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from exchange.admission import admit
from exchange.canonical import CanonicalFile
from exchange.ledger.database import Lease
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.loads import Load, Loads
from exchange.ledger.outbox import Outbox
from exchange.prepare import record_type_of
from exchange.site import Site
from schemas.ahead import ahead
from schemas.catalog import Feed, Receiver
from schemas.errors import ConfigurationError
from transforms.outgoing import Profile, compile_profile, seal_lines

Withheld = tuple[int, str, str, str]
"""A version, the finding's code, the disposition, the field."""


@dataclass(frozen=True)
class Sealer:
    """Seals one feed for one receiver."""

    site: Site
    feed: Feed
    receiver: Receiver
    lease: Lease

    def run(self) -> int:
        """Seal everything pending, page by page. Returns the number of deliveries made.

        What an earlier page puts on its way counts as known when a later one revokes it. What was revoked before it was
        sealed is not shown to a receiver any more.
        """
        revoked = self.outbox.revoked_since(self.feed.name, self.receiver.code)
        rows = [(version, "REVOKED_SINCE", "excluded", "") for version in revoked]
        self.outbox.withhold(self.receiver.code, rows, self.lease)
        made = 0
        while (pending := self.outbox.pending(self.feed.name, self.receiver.code)).num_rows:
            load = Loads(self.site.ledger).get(pending["load"][0].as_py())
            made += self._seal_load(load, pending)
        return made

    @property
    def book(self) -> Deliveries:
        return Deliveries(self.site.ledger)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.site.ledger)

    def _seal_load(self, load: Load, pending: pa.Table) -> int:
        never_there = pc.and_(pending["revoke"], pc.invert(pending["known"]))
        rows = [(version, "NEVER_ACCEPTED", "excluded", "") for version in _versions(pending.filter(never_there))]
        self.outbox.withhold(self.receiver.code, rows, self.lease)
        if self.receiver.promise.get("again") == "refused":
            pending = self._once(pending)
        profile, made = self.profile(load), 0
        for withheld, sealed in ahead(self._written(load, profile, pending)):
            self.outbox.withhold(self.receiver.code, withheld, self.lease)
            if sealed:
                self.book.seal_all(sealed, profile.version, self.lease)
            made += len(sealed)
        return made

    def _once(self, pending: pa.Table) -> pa.Table:
        """A receiver that takes a record once: what changes or ends one that it has waits for a person."""
        rows = [(v, "RECEIVER_TAKES_ONCE", "quarantined", "") for v in _versions(pending.filter(pending["known"]))]
        self.outbox.withhold(self.receiver.code, rows, self.lease)
        return pending.filter(pc.invert(pending["known"]))

    def _written(
        self, load: Load, profile: Profile, pending: pa.Table
    ) -> Iterator[tuple[list[Withheld], list[tuple[Delivery, list[int]]]]]:
        """Chunk by chunk: what is withheld, and what lies on the disk as the next deliveries; the ledger follows."""
        sequence = self.book.next_sequence(self.feed.name, self.receiver.code)
        size = int(self.receiver.batch.get("max_records", 5000))
        for chunk, rows in self._chunks(load, pending):
            withheld, going, data = self._admitted(load, profile, chunk, rows)
            pieces = [
                (going.slice(start, size), data.slice(start, size) if data is not None else None, number)
                for number, start in enumerate(range(0, going.num_rows, size), sequence)
            ]
            with ThreadPoolExecutor(2, "seal") as writers:  # writing, hashing and syncing let the interpreter go
                sealed = list(writers.map(lambda piece: self._write(load, profile, *piece), pieces))
            yield withheld, sealed
            sequence += len(sealed)

    def _chunks(self, load: Load, pending: pa.Table) -> Iterator[tuple[pa.Table, pa.Table | None]]:
        """Versions with content by row group, then revocations, which are nothing but a key."""
        full = pending.filter(pc.invert(pending["revoke"])).sort_by("ordinal")
        if full.num_rows:
            for first, rows in CanonicalFile(self.site, load.id).take(full["ordinal"].to_numpy()):
                yield _with_keys(full.slice(first, rows.num_rows), rows), rows
        bare = pending.filter(pc.and_(pending["revoke"], pending["known"]))
        if bare.num_rows:
            yield bare, None

    def _admitted(
        self, load: Load, profile: Profile, chunk: pa.Table, rows: pa.Table | None
    ) -> tuple[list[Withheld], pa.Table, pa.Table | None]:
        """What of a chunk is withheld; what goes, and its columns in the receiver's form."""
        if rows is None:
            return [], chunk, None
        admission = admit(rows, self.receiver, profile, record_type_of(self.feed, load), load.business_date)
        withheld = [(chunk["version"][row].as_py(), *why) for row, *why in admission.refused]
        return withheld, chunk.take(admission.rows) if withheld else chunk, admission.data

    def _write(
        self, load: Load, profile: Profile, pending: pa.Table, data: pa.Table | None, sequence: int
    ) -> tuple[Delivery, list[int]]:
        """The request's bytes on the disk, under their key; nothing is promised yet."""
        body = seal_lines(data, self._envelope(load, pending, sequence))
        digest = sha256(body).hexdigest()
        key = delivery_key(self.receiver.code, profile.version, _identities(pending), digest)
        self.site.vault.write(self.site.delivery_file(key), [body], self.site.load_scope(load.id))
        code, name = self.receiver.code, self.feed.name
        made = Delivery(key, code, name, sequence, load.id, pending.num_rows, digest, "sealed", 0)
        return made, _versions(pending)

    def _envelope(self, load: Load, pending: pa.Table, sequence: int) -> pa.Table:
        """The exchange envelope of 互联网+监管, and our revision, so that an old copy can never overwrite a new one."""
        department, count = self.feed.department, pending.num_rows
        prefix = f"{department.credit_code}:{self.feed.record_type}:"
        upsert = pc.if_else(pending["known"], "u", "i")
        batch = f"{load.business_date:%Y%m%d}{sequence % 100_000:05d}"
        return pa.table(
            {
                "cd_id": pc.binary_join_element_wise(prefix, pending["business_key"], ""),
                "cd_operation": pc.if_else(pending["revoke"], "d", upsert),
                "cd_source": pa.array([department.region] * count, pa.string()),
                "cd_batch": pa.array([batch] * count, pa.string()),
                "cd_revision": pending["revision"],
            }
        )

    def profile(self, load: Load) -> Profile:
        """The receiver's table for this record type. Raises ConfigurationError when there is none."""
        kind, where = self.feed.record_type, f"receivers/{self.receiver.code}/{self.feed.record_type}.yaml"
        if kind not in self.receiver.profiles:
            raise ConfigurationError(
                f"{self.receiver.code} has no profile for {kind}", where=where, remedy="add it, or drop the receiver"
            )
        return compile_profile(self.receiver.profiles[kind], record_type_of(self.feed, load), where)


def _with_keys(pending: pa.Table, rows: pa.Table) -> pa.Table:
    return pending.set_column(pending.column_names.index("business_key"), "business_key", rows["_key"])


def _versions(pending: pa.Table) -> list[int]:
    versions: list[int] = pending["version"].to_pylist()
    return versions


def _identities(pending: pa.Table) -> list[bytes]:
    """Key, revision and operation of each version: what makes it the same one in any ledger."""
    revision = pending["revision"].cast(pa.string())
    operation = pc.if_else(pending["revoke"], "revoke", "upsert")
    joined = pc.binary_join_element_wise(pending["business_key"], revision, operation, "\0")
    identities: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return identities
