"""Owns CSV: transcoding to UTF-8, the header, quoted line breaks, and rows that do not fit the header.

Bytes that the encoding does not know become U+FFFD, which the text converters flag; nothing is guessed in their place.
A row with too few or too many cells stays in place as a row of nulls with `_ragged` = "1".
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from schemas.errors import ConfigurationError, SourceChanged
from transforms.decoders.header import RAGGED, ROW, SURROGATES, plain_names, regrouped
from transforms.decoders.national import text_decoder

BLOCK = 8 << 20
PEEK = 256 << 10


class Utf8Stream(io.RawIOBase):
    """A stream in any encoding, read as UTF-8; counts quotes, so that one never closed is noticed."""

    def __init__(self, stream: BinaryIO, encoding: str, where: str) -> None:
        try:
            self._decode = text_decoder(encoding, where)
        except LookupError:
            raise ConfigurationError(
                f"no encoding is called {encoding}", where=f"{where}: format.encoding", remedy="use gb18030 or utf-8"
            ) from None
        self._stream = stream
        self._waiting = b""
        self._started = self._ended = False
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> str:
        """The first `size` bytes or all there is, as text; they are read again afterwards."""
        while len(self._waiting) < size and not self._ended:
            self._fill(size)
        return self._waiting[:size].decode("utf-8", "ignore")

    def readinto(self, target: Any) -> int:
        """Fill `target` whole unless the end has come: Arrow takes a short block for a broken row."""
        while len(self._waiting) < len(target) and not self._ended:
            self._fill(len(target))
        piece, self._waiting = self._waiting[: len(target)], self._waiting[len(target) :]
        target[: len(piece)] = piece
        return len(piece)

    def stop(self) -> None:
        """Nothing more is wanted: whoever still reads ahead comes to the end."""
        self._waiting, self._ended = b"", True

    def _fill(self, size: int) -> None:
        raw = self._stream.read(size)
        self._ended = not raw
        text = self._decode(raw, self._ended)
        if not self._started and text:
            text, self._started = text.removeprefix("\ufeff"), True
        self.quotes += text.count('"')
        self._waiting += _encoded(text)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return SURROGATES.sub("\ufffd", text).encode("utf-8")


def read_delimited(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Tables of text with `_row`, and `_ragged` where rows did not fit."""
    text = Utf8Stream(stream, str(fmt.get("encoding", "utf-8")), part)
    delimiter = str(fmt.get("delimiter", ","))
    names = _header(text, delimiter, part)
    if names:
        yield from regrouped(_tables(text, names, delimiter, part))


def _header(text: Utf8Stream, delimiter: str, part: str) -> list[str]:
    """Column names; none when no line follows the header."""
    if len(delimiter) != 1:
        raise ConfigurationError(
            "the delimiter is not one character", where=f"{part}: format.delimiter", remedy='write `delimiter: ","`'
        )
    lines = csv.reader(io.StringIO(text.peek(PEEK), newline=""), delimiter=delimiter)
    try:
        first, more = next(lines, []), any(lines)
    except csv.Error:
        raise _unreadable(part) from None
    return plain_names(first, part) if first and more else []


def _tables(text: Utf8Stream, names: list[str], delimiter: str, part: str) -> Iterator[pa.Table]:
    misfits: list[int] = []

    def misfit(row: pc.InvalidRow) -> str:
        misfits.append(row.number - 2)
        return "skip"

    after, last = 0, None
    try:
        reader = pc.open_csv(
            text,
            read_options=pc.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=names, skip_rows_after_names=1
            ),
            parse_options=pc.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=misfit),
            convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
        for batch in reader:
            last = pa.Table.from_batches([batch])
            table, after = _in_place(last, misfits, after)
            yield table
    except pa.ArrowInvalid:
        raise _unreadable(part) from None
    finally:
        text.stop()
    if misfits:
        yield _in_place(pa.schema([(n, pa.string()) for n in names]).empty_table(), misfits, after, rest=True)[0]
    if last is not None and text.quotes % 2 and _ends_open(last):
        raise _unreadable(part)


def _in_place(good: pa.Table, misfits: list[int], after: int, rest: bool = False) -> tuple[pa.Table, int]:
    """Give every row its position; put the misfits that stand before the last good row where they stood."""
    here = [*misfits] if rest else _before(good.num_rows, misfits, after)
    del misfits[: len(here)]
    end = max(after + good.num_rows + len(here), here[-1] + 1 if here else 0)
    positions = np.setdiff1d(np.arange(after, end), np.array(here, dtype=np.int64))[: good.num_rows]
    rows = np.concatenate([positions, np.array(here, dtype=np.int64)])
    ragged = pa.array([None] * good.num_rows + ["1"] * len(here), pa.string())
    blank = pa.table({n: pa.nulls(len(here), pa.string()) for n in good.column_names})
    table = pa.concat_tables([good, blank]).append_column(RAGGED, ragged).append_column(ROW, pa.array(rows))
    return (table.take(pa.array(np.argsort(rows))) if here else table), end


def _before(good: int, misfits: list[int], after: int) -> list[int]:
    """The misfits that stand before the `good`-th good row counted from `after`."""
    gaps = [position - after - n for n, position in enumerate(misfits)]
    return misfits[: bisect_right(gaps, good - 1)] if good else []


def _ends_open(last: pa.Table) -> bool:
    final = last.slice(max(last.num_rows - 1, 0)).to_pylist()
    return any("\n" in (value or "") for row in final for value in row.values())


def _unreadable(part: str) -> SourceChanged:
    return SourceChanged(
        "a quoted field is never closed, or a row is longer than 8 MiB",
        where=part,
        remedy="have the department export the file again; check format.delimiter and format.encoding",
    )
