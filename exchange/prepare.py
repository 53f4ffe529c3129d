"""Normalize and validate: raw batch → canonical file, findings, suite result, gate, and one registration.

Chunks stream from the landing store to the canonical file; only marks and findings stay in memory.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa

from exchange.canonical import CanonicalFile, CanonicalWriter, raw_digests
from exchange.children import children_of
from exchange.durable import write_file
from exchange.file_order import FileOrder, file_order, newer_rows
from exchange.landing import Batch
from exchange.ledger.database import Lease
from exchange.ledger.loads import Load, Loads
from exchange.ledger.newer import FOUND, Newer
from exchange.ledger.registration import Counts, register
from exchange.site import Site
from exchange.standing import Watch, given_of
from expectations.gate import GateLimits, decide
from expectations.record_rules import RecordRules, compile_rules
from expectations.suites import Suite
from schemas.ahead import ahead
from schemas.catalog import Feed
from schemas.errors import BatchHeld
from schemas.findings import Flag, held_rows, registry
from schemas.lineage import same_content_since
from schemas.standard import RecordType, in_force
from transforms.converters.registry import get
from transforms.decode import read_tables
from transforms.identity import business_keys, content_digests
from transforms.mapping import Plan, compile_mapping
from transforms.normalize import Normalized, normalize


class Takes(Protocol):
    """Where canonical rows go, chunk by chunk."""

    def write(self, chunk: pa.Table) -> None: ...


@dataclass
class Preparation:
    """One load on its way from landed to registered."""

    site: Site
    load: Load
    flags: list[Flag] = field(default_factory=list)
    rows: int = 0
    part_rows: Counter[int] = field(default_factory=Counter)
    given: list[pa.Table] = field(default_factory=list)  # of a load of corrections: what each row answers

    @cached_property
    def feed(self) -> Feed:
        return self.site.catalog.feed(self.load.feed)

    @cached_property
    def record_type(self) -> RecordType:
        return record_type_of(self.feed, self.load)

    @cached_property
    def digest_name(self) -> str:
        """A version that leaves a record type alone makes no new revision of its records."""
        return f"{self.record_type.standard}/{same_content_since(self.record_type)}"

    @cached_property
    def plan(self) -> Plan:
        return compile_mapping(self.feed.mapping, self.record_type, self.feed.where, get)

    @cached_property
    def rules(self) -> RecordRules:
        return compile_rules(self.record_type.schema, self.record_type.name)

    @cached_property
    def watch(self) -> Watch:
        return Watch.over(self.site, self.load)

    @cached_property
    def batch(self) -> Batch:
        assert self.load.batch_id
        return self.site.landing.batch(self.load.feed, self.load.batch_id)

    @cached_property
    def order(self) -> FileOrder:
        return file_order(self.site, self.load, self.batch)

    @cached_property
    def _empty(self) -> set[int]:
        """Drop-folder files without a single byte: there is nothing to read, and the gate says so."""
        return {number for number, part in enumerate(self.batch.parts) if self.order.names and not part.size}

    @property
    def keep_last(self) -> bool:
        return bool(self.feed.mapping.get("repeated_key") == "last")

    def judge(self, writer: Takes) -> object:
        """Normalize and validate: rows go to `writer`, findings to `flags`. Returns the suite's result as JSON data."""
        suite = Suite(self.feed.record_type, self.record_type)
        result = suite.judge(self._chunks(writer), business_date=self.load.business_date)
        self._add_suite_flags(result.flags)
        return result.to_json()

    def run(self, lease: Lease) -> Counts:
        """Raises BatchHeld, BalanceBroken, StaleOwner, SourceChanged."""
        with CanonicalWriter(self.site, self.load.id, self.record_type.arrow_schema()) as writer:
            result = self.judge(writer)
        self._keep(result)
        held = held_rows(self.flags, self.rows)
        return register(
            self.site.ledger,
            self.load,
            CanonicalFile(self.site, self.load.id).staging_chunks(held),
            self.flags,
            keep_last=self.keep_last,
            key_field=self.record_type.key[-1],
            standard=f"{self.record_type.standard}/{self.record_type.version}",
            receivers=self.feed.receivers,
            gate=self._gate,
            lease=lease,
            seen=self.watch.finish(),
            given=pa.concat_tables(self.given) if self.load.kind == "correction" else None,
            newer=self.newer(),
        )

    def newer(self) -> Newer | None:
        """What newer files hold, when some of this load came late; after `judge`."""
        return newer_rows(self.site, self.load, self.order, self.part_rows)

    def _chunks(self, writer: Takes) -> Iterator[pa.Table]:
        """Canonical chunks for the suite, written and flagged; the next one is normalized meanwhile."""
        self._sizes: list[int] = []
        for number, raw, normal, keys, digests in ahead(self._identified()):
            table = self._judged(number, raw, normal, keys, digests)
            writer.write(table)
            self._sizes.append(table.num_rows)
            yield table.select(self.record_type.names)

    def _normalized(self) -> Iterator[tuple[int, pa.Table, Normalized]]:
        """(number of the part, raw rows, what they say in the standard's form)."""
        children = children_of(self.site, self.load.id, self.batch, self.plan, self.feed.mapping["format"])
        for number, part in enumerate(self.batch.parts):
            if number in self._empty or part.child:
                continue
            with self.site.landing.open(self.batch, part) as stream:
                for raw in read_tables(stream, {**self.feed.mapping["format"], "kind": part.format}, part.name):
                    yield children.join(number, raw, normalize(raw, self.plan))
        yield from children.orphans()

    def _identified(self) -> Iterator[tuple[int, pa.Table, Normalized, pa.Array, pa.Array]]:
        """The same with each row's business key and content digest."""
        for number, raw, normal in ahead(self._normalized()):
            keys = business_keys(normal.table, self.record_type)
            yield number, raw, normal, keys, content_digests(normal.table, self.digest_name)

    def _judged(self, part: int, raw: pa.Table, normal: Normalized, keys: pa.Array, digests: pa.Array) -> pa.Table:
        """The canonical rows beside their marks; findings go to `flags`."""
        missing = np.flatnonzero(keys.is_null().to_numpy(zero_copy_only=False))
        flags = [*normal.flags, *self.rules.check(normal.table)]
        if missing.size:
            flags.append(Flag("KEY_MISSING", self.record_type.key[-1], missing))
        if part in self.order.unheard:
            flags.append(Flag(FOUND, "", np.arange(raw.num_rows)))
        held = held_rows(flags, raw.num_rows)
        self.flags += [Flag(f.code, f.field, np.asarray(f.rows) + self.rows) for f in flags]
        source_key = self.feed.mapping["source"].get("key", "")
        marks = {
            "_key": keys,
            "_digest": digests,
            "_operation": normal.operation,
            "_ref": raw[source_key] if source_key in raw.column_names else pa.nulls(raw.num_rows, pa.string()),
            "_raw_digest": raw_digests(raw, held, part_label(self.load, part)),
            "_part": pa.array(np.full(raw.num_rows, part, dtype=np.int32)),
            "_row": raw["_row"],
        }
        self.watch.look(raw, marks, part_label(self.load, part), self.rows, part in self.order.late)
        if self.load.kind == "correction":
            self.given.append(given_of(raw, self.rows))
        self.rows += raw.num_rows
        self.part_rows[part] += raw.num_rows
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
            empty=[self.order.names[number] for number in sorted(self._empty)],
        )
        if decision.hold:
            said = f"{decision.words_zh} / {decision.words_en}"
            if decision.reason_code == "GATE_TOO_MANY_HELD":
                said += f" — 主要问题 mainly: {'; '.join(self._causes())}"
            raise BatchHeld(
                said,
                where=self.load.feed,
                remedy=f"see guiji preview {self.load.feed}; guiji batch accept {self.load.id} lets it through",
            )

    def _causes(self) -> list[str]:
        """The findings that hold the most rows, the first three."""
        rows = Counter[tuple[str, str]]()
        for flag in self.flags:
            if registry()[flag.code].severity == "error":
                rows[flag.code, flag.field] += len(flag.rows)
        return [
            f"{registry()[code].title_zh} {code}{f'({field})' if field else ''} {count}"
            for (code, field), count in rows.most_common(3)
        ]


def part_label(load: Load, part: int) -> str:
    """What stands for the content of a line of a part that could not be split (raw_digests)."""
    return f"{load.batch_id}:{part}"


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
