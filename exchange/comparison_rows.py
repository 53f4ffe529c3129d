"""Which records a version would newly hold (新版将扣留的记录): both versions run over the last loads' canonical rows.

Each record counts once, as its newest load has it. Record rules and changed code lists are run; a converter is not, so
a new spelling that only the new version reads does not show. Counts, codes and fields only: no record content.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text

from exchange.canonical import CanonicalFile
from exchange.site import Site
from expectations.columns import Columns, Mask
from expectations.record_rules import RecordRules, compile_rules
from schemas.catalog import Feed
from schemas.contract import Pair, words_of
from schemas.errors import KeyDestroyed
from schemas.findings import Flag, severity
from schemas.standard import RecordType, Standard, standard
from schemas.version_files import code_list_names
from transforms.across_versions import lift

LOADS = """
SELECT id, standard FROM load
WHERE feed = :feed AND state IN ('registered', 'closed') AND business_date >= :since ORDER BY id DESC
"""
HELD = "SELECT DISTINCT ordinal, code FROM finding WHERE load_id = :load"


@dataclass
class Replayed:
    """One feed. `held_before`: by its own load; `newly`: only by the new version; `why`: (code, field) → records.

    One record may have several reasons. `unreadable`: loads whose rows are gone, or locked for good.
    """

    feed: str
    loads: int = 0
    unreadable: int = 0
    records: int = 0
    held_before: int = 0
    newly: int = 0
    why: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Judge:
    """One version's rules for one record type, and the words of the code lists that differ between the two."""

    kind: RecordType
    rules: RecordRules
    words: dict[str, pa.Array]

    def flags(self, rows: pa.Table, written: RecordType) -> list[Flag]:
        """What this version has against rows that were written under another one."""
        lifted = lift(rows, written, self.kind)
        found = self.rules.check(lifted)
        columns = Columns(lifted)
        for name, words in self.words.items():
            outside = columns.spread(name, lambda texts, words=words: _outside(texts, words))  # type: ignore[misc]
            if outside is not None:
                found.append(Flag("CODE_UNKNOWN", name, np.flatnonzero(outside).astype(np.int64)))
        return [flag for flag in found if severity(flag.code) == "error"]


def replay_rows(site: Site, both: Pair, since: date) -> list[Replayed]:
    """Every feed of the standard that has loads since that day. Raises StandardError when rows cannot be lifted."""
    found = [_feed(site, feed, both, since) for feed in site.catalog.sound_feeds.values() if _fits(feed, both)]
    return [item for item in found if item.loads]


def days_before(today: date, days: int) -> date:
    """The first day that `--last` counts."""
    return today - timedelta(days=days)


def _fits(feed: Feed, both: Pair) -> bool:
    versions = (both.old, both.new)
    return feed.mapping["standard"] == both.new.name and all(feed.record_type in v.record_types for v in versions)


def _feed(site: Site, feed: Feed, both: Pair, since: date) -> Replayed:
    found, seen = Replayed(feed.name), pa.array([], pa.string())
    judges = [_judge(item, feed.record_type, both) for item in (both.old, both.new)]
    with site.ledger.read() as connection:
        loads = connection.execute(text(LOADS), {"feed": feed.name, "since": since.isoformat()}).all()
    for load_id, bound in loads:
        found.loads += 1
        written = standard(*str(bound).split("/")).record_types[feed.record_type]
        try:
            seen = pa.concat_arrays([seen, _load(site, int(load_id), written, judges, seen, found)])
        except (KeyDestroyed, FileNotFoundError):
            found.unreadable += 1
    return found


def _judge(item: Standard, record_type: str, both: Pair) -> Judge:
    kind = item.record_types[record_type]
    lists = {f.name: f.codes for f in kind.fields if f.codes and "enum" not in kind.schema["properties"][f.name]}
    changed = {name: codes for name, codes in lists.items() if _differs(both, codes)}
    words = {name: pa.array(sorted(words_of(item, codes)), pa.string()) for name, codes in changed.items()}
    return Judge(kind, compile_rules(kind.schema, kind.name), words)


def _differs(both: Pair, codes: str) -> bool:
    if not all(codes in code_list_names(item.name, item.version) for item in (both.old, both.new)):
        return False
    return words_of(both.old, codes) != words_of(both.new, codes)


def _outside(texts: pa.Array, words: pa.Array) -> pa.Array:
    """Texts with a part, of those joined by ;, that is not in the list; 其他 with its kind is."""
    known = set(words.to_pylist())
    parts = [[part for part in text.split(";") if not part.startswith("其他-")] for text in texts.to_pylist()]
    return pa.array([bool(set(part) - known) for part in parts], pa.bool_())


def _load(
    site: Site, load_id: int, written: RecordType, judges: list[Judge], seen: pa.Array, found: Replayed
) -> pa.Array:
    """Judge the rows of one load whose keys no newer load had. Returns those keys."""
    file = CanonicalFile(site, load_id).file
    with site.ledger.read() as connection:
        errors = [row[0] for row in connection.execute(text(HELD), {"load": load_id}) if severity(row[1]) == "error"]
    held = np.zeros(file.metadata.num_rows, dtype=bool)
    held[[ordinal for ordinal in errors if ordinal >= 0]] = True
    keys = file.read(columns=["_key"])["_key"].combine_chunks()
    fresh = pc.and_(pc.is_valid(keys), pc.invert(pc.is_in(keys, value_set=seen))).to_numpy(zero_copy_only=False)
    for first, rows in _groups(file):
        mine = slice(first, first + rows.num_rows)
        _count(rows, fresh[mine], held[mine], written, judges, found)
    return keys.filter(pa.array(fresh))


def _groups(file: "pa.parquet.ParquetFile") -> Iterator[tuple[int, pa.Table]]:
    first = 0
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group)
        yield first, rows
        first += rows.num_rows


def _count(rows: pa.Table, fresh: Mask, held: Mask, written: RecordType, judges: list[Judge], found: Replayed) -> None:
    old, new = ([*judge.flags(rows, written)] for judge in judges)
    before = held | _mask(old, rows.num_rows)
    newly = fresh & ~before & _mask(new, rows.num_rows)
    found.records += int(fresh.sum())
    found.held_before += int((fresh & before).sum())
    found.newly += int(newly.sum())
    for flag in new:
        if count := int(newly[flag.rows].sum()):
            found.why[flag.code, flag.field] += count


def _mask(flags: list[Flag], rows: int) -> Mask:
    mask = np.zeros(rows, dtype=bool)
    for flag in flags:
        mask[flag.rows] = True
    return mask
