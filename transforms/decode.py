"""Raw bytes → tables of text columns, a chunk at a time. No number is ever inferred: text is read as text.

Every table carries `_row` (int64, position within the part). A line that cannot be split into the header's columns
is not dropped: it becomes a row of nulls with `_ragged` = "1", and normalize flags it.
"""

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import ConfigurationError, SourceChanged

CHUNK = 50_000
MAX_UNPACKED = 2 * 1024**3
MAX_RATIO = 300
Row = list[str | None]


def read_tables(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Yield tables of at most 50,000 rows. `fmt`: kind and its options, see docs/adding-a-department.md.

    Raises SourceChanged when the bytes are not what `kind` says.
    """
    readers = {"parquet": _parquet, "json": _json, "csv": _csv, "xlsx": _xlsx}
    kind = str(fmt.get("kind"))
    if kind not in readers:
        raise ConfigurationError(f"format {kind} cannot be read", where=part, remedy=f"use one of {', '.join(readers)}")
    first = 0
    for table in readers[kind](stream, fmt, part):
        yield table.append_column("_row", pa.array(np.arange(first, first + table.num_rows, dtype=np.int64)))
        first += table.num_rows


def tidy_header(name: object) -> str:
    """Header cells are matched without the line breaks and blanks that people put into them."""
    return "".join(str(name or "").replace("\ufeff", "").split())


def _parquet(stream: BinaryIO, _: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    try:
        file = pq.ParquetFile(stream)
    except pa.ArrowInvalid:
        raise _not_a("Parquet file", part) from None
    for batch in file.iter_batches(batch_size=CHUNK):
        yield pa.table({name: batch[name].cast(pa.string()) for name in batch.schema.names})


def _json(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """One JSON document; `rows` is the dotted path of the list of objects. Numbers keep their literal text."""
    try:
        data = json.loads(stream.read().decode("utf-8"), parse_float=str, parse_int=str, parse_constant=_no_constant)
        for step in filter(None, str(fmt.get("rows", "")).split(".")):
            data = data[step]
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _not_a("JSON document", part) from None
    except (KeyError, TypeError):
        raise SourceChanged(
            f"the answer holds no {fmt.get('rows')}", where=part, remedy="correct format.rows"
        ) from None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise SourceChanged(f"{fmt.get('rows')} is not a list of objects", where=part, remedy="correct format.rows")
    for start in range(0, len(data), CHUNK):
        rows = data[start : start + CHUNK]
        names = sorted({name for row in rows for name in row})
        yield pa.table({n: pa.array([_json_text(row.get(n)) for row in rows], pa.string()) for n in names})


def _no_constant(name: str) -> str:
    raise ValueError(name)


def _json_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else str(value)


def _csv(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Undecodable bytes become U+FFFD, which the text converter flags as lost characters."""
    encoding = str(fmt.get("encoding", "utf-8-sig"))
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ConfigurationError(
            f"encoding {encoding} is unknown", where=part, remedy="correct format.encoding"
        ) from None
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    lines = csv.reader(text, delimiter=str(fmt.get("delimiter", ",")), strict=False)
    yield from _from_rows(lines, part)


def _from_rows(lines: Iterator[list[Any]], part: str) -> Iterator[pa.Table]:
    header = [tidy_header(name) for name in next(lines, [])]
    if len(set(header)) != len(header) or not all(header):
        raise SourceChanged(
            "column names are empty or stand twice", where=part, remedy="have the header line corrected"
        )
    rows: list[list[Any]] = []
    for line in lines:
        rows.append(line)
        if len(rows) == CHUNK:
            yield _table(header, rows)
            rows = []
    if rows:
        yield _table(header, rows)


def _table(header: list[str], rows: list[list[Any]]) -> pa.Table:
    width, blank = len(header), [None] * len(header)
    ragged = [len(row) != width for row in rows]
    whole = [blank if bad else row for row, bad in zip(rows, ragged, strict=True)]
    columns = {
        name: pa.array(values, pa.string()) for name, values in zip(header, zip(*whole, strict=True), strict=True)
    }
    if any(ragged):
        columns["_ragged"] = pa.array(["1" if bad else None for bad in ragged], pa.string())
    return pa.table(columns)


def _xlsx(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """The first sheet, or `sheet`. Formulas are never evaluated: a formula's own text is what stands in the record."""
    import openpyxl

    _refuse_bombs(stream, part)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=False)
        sheet = book[fmt["sheet"]] if fmt.get("sheet") else book.worksheets[0]
    except (KeyError, ValueError, OSError, zipfile.BadZipFile):
        raise _not_a("readable workbook", part) from None
    yield from _from_rows(_cells(sheet), part)


def _cells(sheet: Any) -> Iterator[list[str | None]]:
    width = 0
    for cells in sheet.iter_rows(values_only=True):
        row = [_cell_text(cell) for cell in cells]
        width = width or len(row)
        if any(cell is not None for cell in row):
            yield row + [None] * (width - len(row))


def _cell_text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time().isoformat() != "00:00:00" else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _refuse_bombs(stream: BinaryIO, part: str) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            packed = sum(entry.compress_size for entry in archive.infolist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise _not_a("workbook", part) from None
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1024):
        raise SourceChanged("the workbook unpacks to far more than it should", where=part, remedy="ask for a new file")
    stream.seek(0)


def _not_a(what: str, part: str) -> SourceChanged:
    return SourceChanged(f"not a {what}", where=part, remedy="look at what the department sent; correct format.kind")
