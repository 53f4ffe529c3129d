"""A department's hand on a return file: reads it, writes into it and saves it, as a spreadsheet program does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl

HEAD = 3
TICKET, CHECK = "退回单号 ticket", "校验码 check"


class Workbook:
    """The first sheet of a file, by row number and column name."""

    def __init__(self, path: Path) -> None:
        self.path, self._book = path, openpyxl.load_workbook(path)
        self.sheet: Any = self._book.worksheets[0]
        self.columns = {str(cell.value): cell.column for cell in self.sheet[HEAD]}

    def rows(self) -> Iterator[tuple[int, dict[str, str | None]]]:
        """(row number, column → text) of every row below the header."""
        for number in range(HEAD + 1, self.sheet.max_row + 1):
            yield number, {name: self.sheet.cell(number, place).value for name, place in self.columns.items()}

    def row_of(self, ticket: str) -> int:
        return next(number for number, row in self.rows() if row[TICKET] == ticket)

    def put(self, ticket: str, **values: str | None) -> None:
        """Write cells of the row of one ticket."""
        row = self.row_of(ticket)
        for name, value in values.items():
            self.sheet.cell(row, self.columns[name]).value = value

    def set(self, ticket: str, column: str, value: str | None) -> None:
        self.sheet.cell(self.row_of(ticket), self.columns[column]).value = value

    def repeat(self, ticket: str, **values: str | None) -> None:
        """The same row once more at the end, with other values."""
        row = dict(self.rows())[self.row_of(ticket)] | values
        self.sheet.append([row[name] for name in self.columns])

    def save(self, path: Path) -> Path:
        self._book.save(path)
        return path
