"""Owns Excel sheets: each cell as the text a person sees in it.

Formulas are not evaluated: their text comes through and no converter takes it for a value. A number of more than
fifteen digits has already lost digits inside Excel; it comes as 1.10101199003077E+17, as Excel shows it, so that it is
never taken for an identity number. Blank rows after the last filled one are not records.

Every entry is looked through before any is parsed: whole and undamaged, no DOCTYPE (no entities, nothing from outside),
no more elements than its packed size can honestly hold.
"""

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import openpyxl
import pyarrow as pa

from schemas.errors import ConfigurationError, GuijiError, SourceChanged
from schemas.nearest import nearest
from transforms.decoders.header import CHUNK, RAGGED, numbered, plain_names, text_column

LARGEST = 1 << 30
RATIO, RATIO_FROM = 200, 32 << 20
ENTRIES = 10_000
ELEMENTS_FROM, ELEMENTS = 500_000, 8  # so many are no bomb; beyond, at most so many to a packed byte
ROWS = 1_048_576
BLOCK = 1 << 20
DOCTYPE = b"<!DOCTYPE"
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")  # they quote what stands in cells


def read_sheet(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Tables of text with `_row`, from the first sheet or the one called `sheet`; `header` is its header's row."""
    source = stream if stream.seekable() else io.BytesIO(stream.read())
    with _told(part):
        guard(source, part)
        book = openpyxl.load_workbook(source, read_only=True, data_only=False)
    try:
        with _told(part):
            sheet = _sheet(book, fmt, part)
        yield from _tables(sheet, int(fmt.get("header", 1)), part)
    finally:
        book.close()


@contextmanager
def _told(part: str) -> Iterator[None]:
    """The libraries fail on a bad workbook in dozens of ways, and their words quote cells."""
    try:
        yield
    except (GuijiError, MemoryError):
        raise
    except Exception:
        raise SourceChanged(
            "not readable as an Excel workbook", where=part, remedy="have the department save it as .xlsx"
        ) from None


def guard(source: BinaryIO, part: str) -> None:
    """Refuse a workbook that unpacks to more than any report needs, before anything is unpacked; then look through it.

    Reading an entry to its end proves its checksum.
    """
    archive = zipfile.ZipFile(source)
    entries = archive.infolist()
    packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
    swollen = unpacked > RATIO_FROM and unpacked > RATIO * max(packed, 1)
    if unpacked > LARGEST or swollen or len(entries) > ENTRIES:
        raise SourceChanged(
            f"unpacks to {unpacked} bytes from {packed}: more than is safe to open",
            where=part,
            remedy="ask the department for CSV, or for the workbook in smaller pieces",
        )
    for entry in entries:
        _look_through(archive, entry, part)
    source.seek(0)


def _look_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, part: str) -> None:
    elements, before = 0, b""
    with archive.open(entry) as stream:
        while block := stream.read(BLOCK):
            plain = block.replace(b"\0", b"")  # UTF-16 becomes legible
            elements += plain.count(b"<")
            if DOCTYPE in before + plain and not entry.filename.endswith(".svg"):  # pictures, which nobody parses
                raise SourceChanged("a part of the workbook has a DOCTYPE", where=part, remedy="have it saved anew")
            if elements > max(ELEMENTS_FROM, ELEMENTS * entry.compress_size):
                raise SourceChanged(
                    "a part of the workbook is blown up: far more elements than its size can hold",
                    where=part,
                    remedy="ask the department for CSV, or for a workbook saved anew",
                )
            before = plain[-len(DOCTYPE) :]


def _sheet(book: Any, fmt: Mapping[str, Any], part: str) -> Any:
    name = str(fmt.get("sheet", book.sheetnames[0]))
    if name not in book.sheetnames:
        raise SourceChanged(f"there is no sheet {name}", where=part, remedy=nearest(name, book.sheetnames))
    sheet = book[name]
    sheet.reset_dimensions()
    return sheet


def _tables(sheet: Any, header: int, part: str) -> Iterator[pa.Table]:
    if header < 1:
        raise ConfigurationError("the header's row counts from 1", where=f"{part}: format.header", remedy="write 1")
    cells = _rows(sheet, part)
    head = next(islice(cells, header - 1, None), ())
    while head and head[-1] is None:
        head = head[:-1]
    if not head:
        return
    names = plain_names(head, part)
    rows, first = _filled(cells), 0
    while chunk := list(islice(rows, CHUNK)):
        yield numbered(_table(chunk, names), first)
        first += len(chunk)


def _rows(sheet: Any, part: str) -> Iterator[tuple[Any, ...]]:
    """Rows without an entry are made up by the library, up to whatever number the next one says."""
    with _told(part):
        for number, row in enumerate(sheet.iter_rows(values_only=True)):
            if number >= ROWS:
                raise SourceChanged(
                    "has more rows than a sheet can have", where=part, remedy="have it saved anew, or as CSV"
                )
            yield row


def _filled(cells: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows up to the last filled one."""
    blank = 0
    for row in cells:
        if all(cell is None for cell in row):
            blank += 1
            continue
        yield from iter([()] * blank)
        blank = 0
        yield row


def _table(chunk: list[tuple[Any, ...]], names: list[str]) -> pa.Table:
    wide = len(names)
    ragged = [any(cell is not None for cell in row[wide:]) for row in chunk]
    rows = [() if bad else row for row, bad in zip(chunk, ragged, strict=True)]
    columns = [text_column([shown(row[n]) if n < len(row) else None for row in rows]) for n in range(wide)]
    return pa.table([*columns, text_column(["1" if bad else None for bad in ragged])], names=[*names, RAGGED])


def shown(cell: Any) -> str | None:
    """A cell's value as text: whole numbers without `.0`, dates as ISO, fifteen digits at most."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _number(cell: float) -> str:
    if abs(cell) >= 1e15:
        return f"{float(cell):.14E}"
    text = format(Decimal(f"{cell:.15g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
