"""An Excel workbook (xlsx) out of records: every cell is text, and the same records always give the same bytes.

    sheets = {
        "基本信息": {"案号": "case_number", "案件来源": "case_source"},
        "当事人": {"案号": "case_number", "姓名": "parties[].name"},
    }
    content = workbook(records, sheets)

A sheet is {column title: where its values are}: a field's name as it is (dots are part of a name), or `list[].field`
for a field of each element of a list. A sheet with such a column has one row for each element, its other columns
repeated (the case number on each party's row); a record whose list is empty or missing has no row there. Any other
sheet has one row for each record. A column whose field a record does not have is blank there. Row 1 holds the titles.

What begins with = + - @ stays the text that it is: nothing here is ever a formula, a link or a number.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from schemas.errors import ConfigurationError

Sheets = Mapping[str, Mapping[str, str]]
"""Sheet title → column title → where the values are."""
ROWS, LONGEST = 1_048_576, 32_767
EACH = "[]."
FIXED = {"created": datetime(2000, 1, 1, tzinfo=UTC)}
# In memory: a temporary file would be records lying about in the clear.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def workbook(records: Iterable[Mapping[str, Any]], sheets: Sheets, where: str = "") -> bytes:
    """The file's bytes. Cells are asked for one by one: the format knows no columns.

    `where` names the YAML that says `sheets`. Raises ConfigurationError for sheets that cannot be, for a value that is
    a list or a group, and for what Excel cannot hold: a text over 32 767 UTF-16 units, more than 1 048 575 rows.
    """
    content, rows = io.BytesIO(), list(records)
    book = Workbook(content, OPTIONS)
    book.set_properties(FIXED)
    text = book.add_format({"num_format": "@"})
    try:
        for title, columns in sheets.items():
            sheet = book.add_worksheet(title)
            sheet.set_column(0, max(len(columns) - 1, 0), None, text)
            for number, cells in enumerate(_lines(rows, columns, f"{where}: {title}")):
                if number >= ROWS:
                    raise _told("has more rows than a sheet can hold", f"{where}: {title}", "send fewer in a batch")
                for place, value in enumerate(cells):
                    if value:
                        write_text(sheet, number, place, value, text)
        book.close()
    except XlsxWriterException:
        raise _told(
            "sheet titles cannot be these", where, "up to 31 characters, none of []:*?/\\, none twice"
        ) from None
    return content.getvalue()


def check_sheets(sheets: Any, where: str) -> None:
    """Raises ConfigurationError naming sheet, column and remedy."""
    if not isinstance(sheets, Mapping) or not sheets:
        raise _told("is no table of sheets", where, "write {sheet title: {column title: field}}")
    for title, columns in sheets.items():
        if not isinstance(columns, Mapping) or not columns or not all(isinstance(at, str) for at in columns.values()):
            raise _told("has no columns", f"{where}: {title}", "write {column title: field}")
        _list_of(columns, f"{where}: {title}")
    workbook([], sheets, where)


def _lines(records: Iterable[Mapping[str, Any]], columns: Mapping[str, str], where: str) -> Iterator[list[str]]:
    """The titles, then row by row."""
    of, paths = _list_of(columns, where), list(columns.values())
    yield list(columns)
    for record in records:
        for one in [{}] if of is None else record.get(of) or []:
            found = [one.get(path.partition(EACH)[2]) if EACH in path else record.get(path) for path in paths]
            yield [_as_text(value, f"{where}: {path}") for value, path in zip(found, paths, strict=True)]


def _list_of(columns: Mapping[str, str], where: str) -> str | None:
    """The list whose elements are the rows of a sheet."""
    lists = {path.partition(EACH)[0] for path in columns.values() if EACH in path}
    if len(lists) > 1:
        raise _told(f"has rows of two lists: {', '.join(sorted(lists))}", where, "give each list a sheet of its own")
    return next(iter(lists), None)


def _as_text(value: Any, where: str) -> str:
    if isinstance(value, Mapping | list):
        raise _told("is a list or a group, not a value", where, f"name a field of it: list{EACH}field")
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * LONGEST:
        raise _told("a text is longer than a cell can hold", where, f"say maxLength: {LONGEST} in the receiver's table")
    return text


def write_text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
    """A text cell, whatever the text: no formula, number, link or markup is made of it."""
    if text.startswith("<r>") and text.endswith("</r>"):  # the library takes such a text for markup of its own
        sheet.write_rich_string(row, column, text[0], form, text[1:])
    else:
        sheet.write_string(row, column, text, form)


def _told(message: str, where: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(message, where=where, remedy=remedy)
