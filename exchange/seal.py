"""Seal (封装): pending versions → the receiver's form → frozen request bytes under an idempotency key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa

from exchange.canonical import CanonicalFile
from exchange.durable import write_file
from exchange.ledger.database import Lease
from exchange.ledger.deliveries import Deliveries, Delivery, Pending, delivery_key
from exchange.ledger.loads import Load, Loads
from exchange.prepare import record_type_of
from exchange.site import Site
from schemas.catalog import Feed, Receiver
from schemas.errors import ConfigurationError
from schemas.findings import severity
from transforms.outgoing import Profile, compile_profile, seal_lines, to_receiver


@dataclass(frozen=True)
class Sealer:
    """Seals one feed for one receiver."""

    site: Site
    feed: Feed
    receiver: Receiver
    lease: Lease

    def run(self) -> int:
        """Seal everything pending. Returns the number of deliveries made.

        Load by load: what an earlier load puts on its way must count as known when a later one revokes it.
        """
        book, made = Deliveries(self.site.ledger), 0
        while pending := book.pending(self.feed.name, self.receiver.code):
            load = Loads(self.site.ledger).get(pending[0].load_id)
            items = [item for item in pending if item.load_id == load.id]
            made += self._seal_load(load, items)
            if len(items) == len(pending):
                break
        return made

    def _seal_load(self, load: Load, items: list[Pending]) -> int:
        needed = [item for item in items if item.operation == "upsert" or item.known]
        never_there = [item for item in items if item.operation == "revoke" and not item.known]
        rows = [(item.version_id, "NEVER_ACCEPTED", "excluded", "") for item in never_there]
        Deliveries(self.site.ledger).withhold(self.receiver.code, rows, self.lease)
        return sum(self._seal_table(load, group, table) for group, table in self._chunks(load, needed))

    def _chunks(self, load: Load, items: list[Pending]) -> Iterator[tuple[list[Pending], pa.Table | None]]:
        """Rows with content by row group, then those that are nothing but a key."""
        full = sorted((i for i in items if i.operation == "upsert"), key=lambda item: item.ordinal)
        if full:
            file = CanonicalFile(self.site.load_folder(load.id) / "canonical.parquet")
            for positions, rows in file.take([item.ordinal for item in full]):
                yield [full[position] for position in positions], rows
        bare = [item for item in items if item.operation == "revoke"]
        if bare:
            yield bare, None

    def _seal_table(self, load: Load, items: list[Pending], rows: pa.Table | None) -> int:
        profile = self.profile(load)
        data = None
        if rows is not None:
            outgoing = to_receiver(rows, profile)
            bad = {int(row): f for f in outgoing.flags if severity(f.code) == "error" for row in f.rows}
            withheld = [(items[row].version_id, f.code, "quarantined", f.field) for row, f in sorted(bad.items())]
            Deliveries(self.site.ledger).withhold(self.receiver.code, withheld, self.lease)
            good = [row for row in range(len(items)) if row not in bad]
            items, data = [items[row] for row in good], outgoing.table.take(pa.array(good, pa.int64()))
        size = int(self.receiver.batch.get("max_records", 5000))
        first = Deliveries(self.site.ledger).next_sequence(self.feed.name, self.receiver.code)
        sealed = []
        for sequence, start in enumerate(range(0, len(items), size), first):
            piece = data.slice(start, size) if data is not None else None
            sealed.append(self._write(load, profile, items[start : start + size], piece, sequence))
        if sealed:
            Deliveries(self.site.ledger).seal_all(sealed, profile.version, self.lease)
        return len(sealed)

    def _write(
        self, load: Load, profile: Profile, items: Sequence[Pending], data: pa.Table | None, sequence: int
    ) -> tuple[Delivery, list[str]]:
        """The request's bytes on the disk, under their key; nothing is promised yet."""
        body = seal_lines(data, self._envelope(load, items, sequence))
        versions = [item.version_id for item in items]
        digest = sha256(body).hexdigest()
        key = delivery_key(self.receiver.code, profile.version, versions, digest)
        write_file(self.site.delivery_file(key), [body])
        code, name = self.receiver.code, self.feed.name
        return Delivery(key, code, name, sequence, load.id, len(items), digest, "sealed", 0), versions

    def _envelope(self, load: Load, items: Sequence[Pending], sequence: int) -> pa.Table:
        """The exchange envelope of 互联网+监管, and our revision, so that an old copy can never overwrite a new one."""
        department, count = self.feed.department, len(items)
        prefix = f"{department.credit_code}:{self.feed.record_type}:"
        batch = f"{load.business_date:%Y%m%d}{sequence % 100_000:05d}"
        operations = ["d" if i.operation == "revoke" else "u" if i.known else "i" for i in items]
        return pa.table(
            {
                "cd_id": pa.array([prefix + item.business_key for item in items], pa.string()),
                "cd_operation": pa.array(operations, pa.string()),
                "cd_source": pa.array([department.region] * count, pa.string()),
                "cd_batch": pa.array([batch] * count, pa.string()),
                "cd_revision": pa.array([item.revision for item in items], pa.int64()),
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
