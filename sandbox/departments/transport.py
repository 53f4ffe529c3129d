"""Owns the transport department 交通运输: a folder of nightly CSV (GB18030) and XLSX files."""

import csv
import io
import os
from pathlib import Path

import xlsxwriter

from sandbox.end import End
from sandbox.generator.nights import FeedNight, Night
from sandbox.generator.story import Row

_BROKEN_HEADERS = {
    "当事人名称": "当事人\n名称",
    "统一社会信用代码": "统一社会\n信用代码",
    "许可决定书文号": " 许可决定书文号 ",
    "有效期自": "有效期 自",
}
"""Header cells as people type them into a sheet; a reader must ignore the line breaks and spaces."""


class TransportDepartment(End):
    """The folder; `load` adds the two files of a night, whole on night 1 and only the changes later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, night: Night) -> None:
        """Write the night's files unless they are there already; a file once dropped is never changed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        day = f"{night.date:%Y%m%d}"
        self._drop(f"xzcf_{day}.csv", csv_bytes(_dropped(night.number, night.feeds["transport/penalty"])))
        self._drop(f"xzxk_{day}.xlsx", xlsx_bytes(_dropped(night.number, night.feeds["transport/licence"])))

    def _drop(self, name: str, content: bytes) -> None:
        target = self.folder / name
        if target.exists():
            return
        temporary = self.folder / f".{name}.part"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)

    def env(self) -> dict[str, str]:
        """What department.yaml names."""
        return {"GUIJI_TRANSPORT_FOLDER": str(self.folder)}

    def start(self) -> None:
        """A folder needs no start; kept so that all departments are used alike."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        """A folder needs no stop."""


def _dropped(number: int, feed: FeedNight) -> list[Row]:
    return feed.rows if number == 1 else feed.changed


def csv_bytes(rows: list[Row]) -> bytes:
    """Every field quoted, CRLF between records, GB18030."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(list(rows[0]) if rows else [])
    writer.writerows(["" if value is None else value for value in row.values()] for row in rows)
    return text.getvalue().encode("gb18030")


def xlsx_bytes(rows: list[Row]) -> bytes:
    """One sheet of text cells; the first row holds the headers, some with line breaks and spaces inside."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("行政许可")
        for column, name in enumerate(rows[0] if rows else {}):
            sheet.write_string(0, column, _BROKEN_HEADERS.get(name, name))
        for line, row in enumerate(rows, start=1):
            for column, value in enumerate(row.values()):
                if value:
                    sheet.write_string(line, column, value)
    return buffer.getvalue()
