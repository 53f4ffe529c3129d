"""Owns Parquet, the form in which databases are landed: typed columns to the text that says exactly the same."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import SourceChanged
from transforms.decoders.header import CHUNK, numbered, plain_names, regrouped, text_column


def read_parquet(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Tables of text with `_row`, read by row group."""
    source = stream if stream.seekable() else io.BytesIO(stream.read())
    try:
        file = pq.ParquetFile(source)
        names = plain_names(file.schema_arrow.names, part)
        first = 0
        for table in regrouped(_texts(file, names)):
            yield numbered(table, first)
            first += table.num_rows
    except (pa.ArrowInvalid, OSError):
        raise SourceChanged(
            "not readable as Parquet", where=part, remedy="check format.kind, then pull the part again"
        ) from None


def _texts(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    for batch in file.iter_batches(batch_size=CHUNK):
        yield pa.table([as_text(column) for column in batch.columns], names=names)


def as_text(column: pa.Array) -> pa.Array:
    """Text that says exactly what the typed value says."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return text_column([None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()])
    if pa.types.is_nested(kind):
        return text_column([None if v is None else _nested(v) for v in column.to_pylist()])
    if pa.types.is_decimal(kind):
        return _plain_decimal(column)
    if pa.types.is_timestamp(kind):
        text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S%Ez") if kind.tz else column.cast(pa.string())
        return pc.replace_substring_regex(text, r"\.0+([+-]|$)", r"\1")
    return column.cast(pa.string())


def _plain_decimal(column: pa.Array) -> pa.Array:
    """Never in powers of ten, which Arrow uses for a small number with many places."""
    text = column.cast(pa.string())
    if not pc.any(pc.match_substring(text, "E")).as_py():
        return text
    return text_column([None if v is None else format(v, "f") for v in column.to_pylist()])


def _nested(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
