"""The lists of a load's records (子表): rows of further tables, normalized as columns, joined to their records by key.

Each list's rows are normalized once, into an encrypted file without a name. In memory stay each row's key and place; a
chunk of records takes its rows from the file by row groups. Rows whose record is not there become records of which
nothing but the key and these rows is known: held, and counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exchange.landing import Batch
from exchange.site import Site
from schemas.findings import Flag
from schemas.standard import RecordType
from transforms.decode import read_tables
from transforms.lists import offsets
from transforms.mapping import Plan
from transforms.normalize import Normalized, normalize

CHUNK = 50_000
RAW = "_raw"
Took = tuple[int, pa.Table, Normalized]
"""The number of a part, raw rows of it, and what they say in the standard's form."""


@dataclass
class Entries:
    """All rows of one list. `keys`: of the record each belongs to; `places`: part and row of each in the batch.

    `flags`: what their conversion found.
    """

    name: str
    keys: pa.Array
    places: "np.ndarray[Any, np.dtype[np.int64]]"
    file: pq.ParquetFile
    flags: list[Flag]
    used: Any = field(init=False)

    def __post_init__(self) -> None:
        self.used = np.zeros(len(self.keys), dtype=bool)
        groups = range(self.file.num_row_groups)
        self.firsts = np.cumsum([0, *(self.file.metadata.row_group(group).num_rows for group in groups)])

    def of(self, keys: pa.Array) -> "Match":
        """The rows that belong to records of these keys."""
        distinct = keys.dictionary_encode()
        found = pc.fill_null(pc.index_in(self.keys, value_set=distinct.dictionary), -1).to_numpy(zero_copy_only=False)
        hit = np.flatnonzero((found >= 0) & self.keys.is_valid().to_numpy(zero_copy_only=False))
        self.used[hit] = True
        hit = hit[np.argsort(found[hit], kind="stable")]
        counts = np.bincount(found[hit], minlength=len(distinct.dictionary) + 1)  # the last one: records without a key
        which = pc.fill_null(distinct.indices, len(counts) - 1).to_numpy(zero_copy_only=False)
        return Match(self, hit, counts).chosen(which)

    def take(self, rows: Any) -> pa.Table:
        """These rows, in this order; read by row groups."""
        distinct, order = np.unique(rows, return_inverse=True)
        found = [self.file.schema_arrow.empty_table()]
        for group, (first, last) in enumerate(zip(self.firsts, self.firsts[1:], strict=False)):
            low, high = np.searchsorted(distinct, [first, last])
            if high > low:
                found.append(self.file.read_row_group(group).take(pa.array(distinct[low:high] - first)))
        return pa.concat_tables(found).take(pa.array(order))


@dataclass(frozen=True)
class Match:
    """Rows of one list, record by record, in the source's order; `sizes`: how many each record has."""

    entries: Entries
    rows: Any
    sizes: Any

    def chosen(self, records: Any) -> "Match":
        """The rows of some of the records; one may be named twice."""
        firsts, sizes = (np.cumsum(self.sizes) - self.sizes)[records], self.sizes[records]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return Match(self.entries, self.rows[np.repeat(firsts, sizes) + within], sizes)

    def flags(self) -> Iterator[Flag]:
        """The findings of these rows as findings of their records."""
        owners, name = np.repeat(np.arange(len(self.sizes)), self.sizes), f"{self.entries.name}[]"
        for flag in self.entries.flags:
            at_fault = np.unique(owners[np.isin(self.rows, flag.rows)])
            if at_fault.size:
                yield Flag(flag.code, f"{name}.{flag.field}" if flag.field else name, at_fault.astype(np.int64))


@dataclass(frozen=True)
class Children:
    """The lists of one load; none, where the mapping names none."""

    kind: RecordType
    entries: tuple[Entries, ...]

    def join(self, part: int, raw: pa.Table, normal: Normalized) -> Took:
        """The same records with their lists; the raw rows with a digest of each row of the lists."""
        if not self.entries:
            return part, raw, normal
        keys = _one(normal.table[self.kind.key[0]])
        return self._joined(part, raw, normal, [one.of(keys) for one in self.entries])

    def _joined(self, part: int, raw: pa.Table, normal: Normalized, matches: Sequence[Match]) -> Took:
        table, flags = normal.table, list(normal.flags)
        for match in matches:
            name, taken, ends = match.entries.name, match.entries.take(match.rows), offsets(match.sizes)
            form = table.schema.field(name)
            inner = list(form.type.value_type)
            groups = pa.StructArray.from_arrays([_one(taken[one.name]) for one in inner], fields=inner)
            lists = pa.ListArray.from_arrays(ends, groups, type=form.type)
            table = table.set_column(table.column_names.index(name), form, lists)
            raw = raw.append_column(f"{name}[]", pc.binary_join(pa.ListArray.from_arrays(ends, _one(taken[RAW])), ","))
            flags += match.flags()
        return part, raw, Normalized(table, normal.operation, flags)

    def orphans(self) -> Iterator[Took]:
        """After all records: rows whose record is not there, in its place; a row without a key alone."""
        left = [(one, np.flatnonzero(~one.used)) for one in self.entries]
        keys = pa.chunked_array([one.keys.take(pa.array(rows)) for one, rows in left], pa.string()).drop_null().unique()
        for first in range(0, len(keys), CHUNK):
            some = keys.slice(first, CHUNK)
            yield from self._in_place(some, [one.of(some) for one in self.entries])
        for one, rows in left:
            bare = rows[~one.used[rows]]
            for first in range(0, len(bare), CHUNK):
                some = bare[first : first + CHUNK]
                alone = [Match(e, some[:0], np.zeros(len(some), dtype=np.int64)) for e in self.entries if e is not one]
                alone.append(Match(one, some, np.ones(len(some), dtype=np.int64)))
                yield from self._in_place(pa.nulls(len(some), pa.string()), alone)

    def _in_place(self, keys: pa.Array, matches: Sequence[Match]) -> Iterator[Took]:
        """Records of these keys, part by part: each stands where the first of its rows does."""
        places = np.full((len(keys), 2), -1, dtype=np.int64)
        for match in matches:
            new = np.flatnonzero((match.sizes > 0) & (places[:, 0] < 0))
            places[new] = match.entries.places[match.rows[(np.cumsum(match.sizes) - match.sizes)[new]]]
        for part in np.unique(places[:, 0]):
            records = np.flatnonzero(places[:, 0] == part)
            some = [match.chosen(records) for match in matches]
            schema = self.kind.arrow_schema()
            columns = {one.name: pa.nulls(len(records), one.type) for one in schema}
            columns[self.kind.key[0]] = keys.take(pa.array(records))
            flags = [Flag("CHILD_WITHOUT_RECORD", f"{m.entries.name}[]", np.flatnonzero(m.sizes)) for m in some]
            bare = Normalized(
                pa.table(columns, schema=schema), pa.repeat("upsert", len(records)), [f for f in flags if f.rows.size]
            )
            yield self._joined(int(part), pa.table({"_row": places[records, 1]}), bare, some)


def children_of(site: Site, load: int, batch: Batch, plan: Plan, fmt: Any) -> Children:
    """Read the parts of a batch that hold entries of lists. Raises SourceChanged."""
    found = [_entries(site, load, batch, name, inner, fmt) for name, inner in plan.lists.items()]
    return Children(plan.record_type, tuple(found))


def _entries(site: Site, load: int, batch: Batch, name: str, plan: Plan, fmt: Any) -> Entries:
    kind = plan.record_type
    links = {spec["x-link"]["type"]: key for key, spec in kind.schema["properties"].items() if "x-link" in spec}
    link = links[kind.part_of]
    path, scope = site.load_folder(load) / f".{name}-{uuid4().hex}", site.load_scope(load)
    path.parent.mkdir(parents=True, exist_ok=True)
    keys, places, flags, count = [pa.array([], pa.string())], [np.zeros((0, 2), dtype=np.int64)], list[Flag](), 0
    try:
        form = pa.schema([*kind.arrow_schema(), (RAW, pa.string())])
        with site.vault.create(path, path.name, scope) as sink, pq.ParquetWriter(sink, form) as writer:
            for part, raw in _raw(site, batch, name, fmt):
                normal = normalize(raw, plan)
                writer.write_table(normal.table.append_column(RAW, _digests(raw)))
                keys.append(_one(normal.table[link]))
                places.append(np.column_stack([np.full(raw.num_rows, part), raw["_row"].to_numpy()]))
                flags += [Flag(flag.code, flag.field, flag.rows + count) for flag in normal.flags]
                count += raw.num_rows
        file = pq.ParquetFile(site.vault.open(path, scope))
    finally:
        path.unlink(missing_ok=True)
    return Entries(name, pa.concat_arrays(keys), np.concatenate(places), file, flags)


def _raw(site: Site, batch: Batch, name: str, fmt: Any) -> Iterator[tuple[int, pa.Table]]:
    for number, part in enumerate(batch.parts):
        if part.child == name:
            with site.landing.open(batch, part) as stream:
                for raw in read_tables(stream, {**fmt, "kind": part.format}, part.name):
                    yield number, raw


def _digests(raw: pa.Table) -> pa.Array:
    """SHA-256 of every raw row, so that another bad row is another ticket."""
    columns = [pc.fill_null(raw[name], "\0") for name in sorted(raw.column_names) if not name.startswith("_")]
    lines = pc.binary_join_element_wise(*columns, "\x1f")
    # hashing runs at more than a million lines a second; no column form exists
    return pa.array([sha256(line.encode("utf-8", "surrogatepass")).hexdigest() for line in lines.to_pylist()])


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
