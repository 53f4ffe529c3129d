"""A load's canonical file (规范化文件): every pulled row in the standard's form, beside the marks that identify it.

One encrypted Parquet file, row groups of one chunk each. The row number in it is the row's `ordinal` everywhere in the
ledger.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exchange.durable import finish_file, make_folder
from exchange.site import Site

MARKS = pa.schema(
    [
        ("_key", pa.string()),  # business key; null when a part of it is missing
        ("_digest", pa.string()),  # of the canonical content
        ("_operation", pa.string()),  # upsert | revoke
        ("_ref", pa.string()),  # the row's own key at the source
        ("_raw_digest", pa.string()),  # of the raw row, for rows found wrong so far
        ("_part", pa.int32()),  # which raw part, from 0
        ("_row", pa.int64()),  # row within the part, from 0
    ]
)


def _path(site: Site, load_id: int) -> Path:
    return site.load_folder(load_id) / "canonical.parquet"


class CanonicalWriter:
    """Writes chunks; the file appears whole when the context ends without an error."""

    def __init__(self, site: Site, load_id: int, schema: pa.Schema) -> None:
        self.path = _path(site, load_id)
        self.partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")  # two runs may prepare one load
        make_folder(self.path.parent)
        self.schema = pa.schema([*schema, *MARKS])
        self._sink = site.vault.create(self.partial, self.path.name, site.load_scope(load_id))
        self._writer = pq.ParquetWriter(self._sink, self.schema, compression="zstd", compression_level=1)

    def __enter__(self) -> "CanonicalWriter":
        return self

    def write(self, chunk: pa.Table) -> None:
        """One chunk becomes one row group."""
        if chunk.num_rows:
            self._writer.write_table(chunk.select(self.schema.names), row_group_size=chunk.num_rows)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None) -> None:
        self._writer.close()
        self._sink.close()
        if kind is None:
            finish_file(self.partial, self.path)


class CanonicalFile:
    """Reads it back, row group by row group. Raises FileDamaged, KeyMissing, KeyDestroyed."""

    def __init__(self, site: Site, load_id: int) -> None:
        self.file = pq.ParquetFile(site.vault.open(_path(site, load_id), site.load_scope(load_id)))

    def staging_chunks(self, held: "np.ndarray[Any, np.dtype[np.bool_]]") -> Iterator[pa.Table]:
        """The narrow columns a registration needs. `held`: one flag per ordinal."""
        names = ["_key", "_ref", "_digest", "_operation", "_raw_digest"]
        first = 0
        for group in range(self.file.num_row_groups):
            chunk = self.file.read_row_group(group, columns=names)
            last = first + chunk.num_rows
            yield pa.table(
                {
                    "ordinal": pa.array(np.arange(first, last, dtype=np.int64)),
                    "business_key": chunk["_key"],
                    "source_ref": chunk["_ref"],
                    "digest": chunk["_digest"],
                    "operation": chunk["_operation"],
                    "held": pa.array(held[first:last].astype(np.int8)),
                    "raw_digest": chunk["_raw_digest"],
                }
            )
            first = last

    def take(self, ordinals: "np.ndarray[Any, np.dtype[np.int64]]") -> Iterator[tuple[int, pa.Table]]:
        """Rows by ascending ordinals: (position in `ordinals` of the first, the rows) per row group that holds any."""
        first = 0
        for group in range(self.file.num_row_groups):
            last = first + self.file.metadata.row_group(group).num_rows
            low, high = np.searchsorted(ordinals, [first, last])
            if high > low:
                yield int(low), self.file.read_row_group(group).take(pa.array(ordinals[low:high] - first))
            first = last


def raw_digests(raw: pa.Table, rows: "np.ndarray[Any, np.dtype[np.bool_]]", part: str) -> pa.Array:
    """SHA-256 of the raw row where `rows` is true, null elsewhere: the same bad row is one ticket every night.

    A line that could not be split has no columns to digest: its `part` and place stand for it.
    """
    picked = np.flatnonzero(rows)
    digests: list[str | None] = [None] * raw.num_rows
    held = raw.take(pa.array(picked))
    names = [name for name in sorted(raw.column_names) if not name.startswith("_")]
    parts = [pc.fill_null(held[name].combine_chunks().cast(pa.string()), "\x00").to_pylist() for name in names]
    places = [f"{part}:{row}" for row in held["_row"].to_pylist()]
    ragged = held["_ragged"].to_pylist() if "_ragged" in raw.column_names else [None] * len(picked)
    for position, place, broken, values in zip(picked, places, ragged, zip(*parts, strict=True), strict=True):
        text = place if broken else "\x1f".join(values)
        digests[int(position)] = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return pa.array(digests, pa.string())
