"""Normalize and validate: raw batch → canonical file, findings, suite result, gate, and one registration.

Chunks stream from the landing store to the canonical file; only marks and findings stay in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from exchange.canonical import CanonicalFile, CanonicalWriter, raw_digests
from exchange.durable import write_file
from exchange.ledger.database import Lease
from exchange.ledger.loads import Load, Loads
from exchange.ledger.registration import Counts, register
from exchange.site import Site
from expectations.gate import GateLimits, decide
from expectations.record_rules import RecordRules, compile_rules
from expectations.suites import Suite
from schemas.catalog import Feed
from schemas.errors import BatchHeld
from schemas.findings import Flag, held_rows
from schemas.standard import RecordType, in_force
from transforms.converters.registry import get
from transforms.decode import read_tables
from transforms.identity import business_keys, content_digests
from transforms.mapping import Plan, compile_mapping
from transforms.normalize import normalize


@dataclass
class Preparation:
    """One load on its way from landed to registered."""

    site: Site
    load: Load
    flags: list[Flag] = field(default_factory=list)
    rows: int = 0

    @cached_property
    def feed(self) -> Feed:
        return self.site.catalog.feed(self.load.feed)

    @cached_property
    def record_type(self) -> RecordType:
        return record_type_of(self.feed, self.load)

    @cached_property
    def plan(self) -> Plan:
        return compile_mapping(self.feed.mapping, self.record_type, self.feed.where, get)

    @cached_property
    def rules(self) -> RecordRules:
        return compile_rules(self.record_type.schema, self.record_type.name)

    def run(self, lease: Lease) -> Counts:
        """Raises BatchHeld, BalanceBroken, StaleOwner, SourceChanged."""
        with CanonicalWriter(self.site, self.load.id, self.record_type.arrow_schema()) as writer:
            suite = Suite(self.feed.record_type, self.record_type)
            result = suite.judge(self._chunks(writer), business_date=self.load.business_date)
        self._add_suite_flags(result.flags)
        self._keep(result.to_json())
        held = held_rows(self.flags, self.rows)
        return register(
            self.site.ledger,
            self.load,
            CanonicalFile(self.site, self.load.id).staging_chunks(held),
            self.flags,
            keep_last=self.feed.mapping.get("repeated_key") == "last",
            standard=f"{self.record_type.standard}/{self.record_type.version}",
            receivers=self.feed.receivers,
            gate=self._gate,
            lease=lease,
        )

    def _chunks(self, writer: CanonicalWriter) -> Iterator[pa.Table]:
        assert self.load.batch_id
        batch = self.site.landing.batch(self.load.feed, self.load.batch_id)
        self._sizes: list[int] = []
        for number, part in enumerate(batch.parts):
            with self.site.landing.open(batch, part) as stream:
                for raw in read_tables(stream, {**self.feed.mapping["format"], "kind": part.format}, part.name):
                    table = self._normalize(raw, number)
                    writer.write(table)
                    self._sizes.append(table.num_rows)
                    yield table.select(self.record_type.names)

    def _normalize(self, raw: pa.Table, part: int) -> pa.Table:
        normal = normalize(raw, self.plan)
        keys = business_keys(normal.table, self.record_type)
        missing = np.flatnonzero(keys.is_null().to_numpy(zero_copy_only=False))
        flags = [*normal.flags, *self.rules.check(normal.table)]
        if missing.size:
            flags.append(Flag("KEY_MISSING", self.record_type.key[-1], missing))
        held = held_rows(flags, raw.num_rows)
        self.flags += [Flag(f.code, f.field, np.asarray(f.rows) + self.rows) for f in flags]
        self.rows += raw.num_rows
        source_key = self.feed.mapping["source"].get("key", "")
        marks = {
            "_key": keys,
            "_digest": content_digests(normal.table, f"{self.record_type.standard}/{self.record_type.version}"),
            "_operation": normal.operation,
            "_ref": raw[source_key] if source_key in raw.column_names else pa.nulls(raw.num_rows, pa.string()),
            "_raw_digest": raw_digests(raw, held, f"{self.load.batch_id}:{part}"),
            "_part": pa.array(np.full(raw.num_rows, part, dtype=np.int32)),
            "_row": raw["_row"],
        }
        table = normal.table
        for name, column in marks.items():
            table = table.append_column(name, column)
        return table

    def _add_suite_flags(self, chunks: list[list[Flag]]) -> None:
        first = 0
        for size, flags in zip(self._sizes, chunks, strict=True):
            self.flags += [Flag(f.code, f.field, np.asarray(f.rows) + first) for f in flags]
            first += size

    def _keep(self, result: object) -> None:
        text = json.dumps(result, ensure_ascii=False, indent=1)
        write_file(self.site.load_folder(self.load.id) / "suite.json", [text.encode()])

    def _gate(self, counts: Counts) -> None:
        if self.load.accepted_by:
            return
        limits = GateLimits(**self.feed.mapping.get("gate", {}))
        empty_after_data = self.load.complete and counts.pulled == 0
        decision = decide(
            counts.pulled,
            counts.quarantined,
            limits,
            vanished=counts.known if empty_after_data else counts.vanished,
            known=counts.known,
        )
        if decision.hold:
            raise BatchHeld(f"{decision.words_zh} / {decision.words_en}", where=self.load.feed)


def record_type_of(feed: Feed, load: Load) -> RecordType:
    """The record type in the version of the standard in force on the load's business date."""
    return in_force(feed.mapping["standard"], load.business_date).record_types[feed.record_type]


def prepare(site: Site, load: Load, lease: Lease) -> Counts:
    """Prepare one load; a batch the gate holds is marked so before BatchHeld goes up."""
    try:
        return Preparation(site, load).run(lease)
    except BatchHeld as held:
        Loads(site.ledger).hold(load.id, str(held), lease)
        raise
