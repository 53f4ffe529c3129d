"""What a record is called and what it says: business keys, canonical JSON (RFC 8785), digests.

The canonical form of a record is the JSON object of all fields of its type, sorted by name, every leaf a string or
null; the entries of a list stand in the order of their own canonical form, whatever order they came in. Columns do the
work: one JSON line per record is written by the columnar writer, then hashed.
"""

import io
from hashlib import sha256

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.standard import RecordType
from transforms.lists import elements, parents, put_back

PIECE = 4096
"""Rows written at once: small enough to stay in the processor's cache."""


def business_keys(table: pa.Table, record_type: RecordType) -> pa.Array:
    """The key fields joined by "|" (a "|" or "\\" inside is escaped by "\\"); null where any of them is null."""
    parts = []
    for name in record_type.key:
        text = pc.replace_substring(table[name].combine_chunks(), "\\", "\\\\")
        parts.append(pc.replace_substring(text, "|", "\\|"))
    joined = pc.binary_join_element_wise(*parts, "|", null_handling="emit_null")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A typed column in the standard's text form: dates ISO, decimals without exponent and without idle zeros."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_list(kind):
        groups = elements(column)
        return put_back(pa.table({name: as_text(groups[name]) for name in sorted(groups.column_names)}), column)
    if pa.types.is_decimal(kind):
        text = pc.utf8_rtrim(column.cast(pa.string()), "0")
        return pc.utf8_rtrim(text, ".")
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_timestamp(kind):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%S%Ez")
    return column.cast(pa.string())


def canonical_lines(table: pa.Table) -> list[bytes]:
    """One canonical JSON line per record, fields sorted by name."""
    texts = {name: _in_order(as_text(table[name])) for name in sorted(table.column_names)}
    frame = pl.from_arrow(pa.table(texts))
    assert isinstance(frame, pl.DataFrame)
    return [line for piece in frame.iter_slices(PIECE) for line in _lines(piece)]


def _in_order(column: pa.Array) -> pa.Array:
    if not pa.types.is_list(column.type):
        return column
    groups = elements(column)
    by = pa.table({"row": parents(column), "line": pa.array(canonical_lines(groups), pa.binary())})
    return put_back(groups.take(pc.sort_indices(by, sort_keys=[("row", "ascending"), ("line", "ascending")])), column)


def _lines(frame: pl.DataFrame) -> list[bytes]:
    out = io.BytesIO()
    frame.write_ndjson(out)
    return out.getvalue().splitlines()


def content_digests(table: pa.Table, standard: str) -> pa.Array:
    """SHA-256 (hex) of each record's canonical form under a standard's name and version."""
    prefix = b"rec1\0" + standard.encode() + b"\0"
    # hashing runs at more than a million lines a second; no column form exists
    digests = [sha256(prefix + line).hexdigest() for line in canonical_lines(table)]
    return pa.array(digests, pa.string())
