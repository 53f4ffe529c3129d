"""Owns a platform that imports coercion cases from workbooks of four linked sheets, by the published rules.

The first sheet holds the key 案号; a row of another sheet without it fails; one bad row fails the whole case on all
sheets; a case number is imported once; messages are per field.
"""

import io
import json
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from sandbox.receivers.files import FileReceiver
from sandbox.receivers.log import Applied, digest_of

SHEETS = ("基本信息", "当事人", "强制措施", "强制执行")
KEY = "案号"
Row = dict[str, Any]


class CaseImport(FileReceiver):
    """Beside the log: `workbooks`, the content of every file it took, by sheet."""

    def __init__(self, state: Path) -> None:
        super().__init__("case_import", state, "xlsx", sftp=False)

    def _new(self) -> list[Row]:
        found = [json.loads(path.read_bytes()) for path in sorted(self.incoming.glob("*.ok"))]
        return [one for one in found if not list(self.outgoing.glob(f"{one['key']}.receipt.*"))]

    def _lines(self, data: Path) -> list[bytes]:
        """One line a case: its row and those of the other sheets."""
        book = sheets_of(data.read_bytes())
        cases = []
        for row in book[SHEETS[0]]:
            own = {name: [one for one in book[name] if one[KEY] == row[KEY]] for name in SHEETS[1:]}
            cases.append(json.dumps({SHEETS[0]: row, **own}, ensure_ascii=False).encode())
        return cases

    def _take(self, manifest: Row, kind: str, lines: list[bytes], digest: str) -> Row:
        key = manifest["key"]
        assert (len(lines), kind) == (manifest["count"], "coercion_case")
        book = sheets_of((self.incoming / manifest["file"]).read_bytes())
        known = {row[KEY] for row in book[SHEETS[0]]}
        strays = [name for name in SHEETS[1:] for row in book[name] if row[KEY] not in known]
        with self._log.transaction():
            results = [self._import(key, seq, line) for seq, line in enumerate(lines)]
            taken = sum(one["status"] == "accepted" for one in results)
            said = {"receipt": f"cases-{key[:12]}", "key": key, "count": len(lines), "sha256": digest,
                    "accepted": taken, "rejected": len(lines) - taken, "results": results}  # fmt: skip
            if strays:
                raise AssertionError(f"rows without their case on {strays}")
            self._log.keep_answer(key, digest, kind, json.dumps(said, ensure_ascii=False).encode())
        return said

    def _import(self, key: str, seq: int, line: bytes) -> Row:
        number = json.loads(line)[SHEETS[0]][KEY]
        if self._log.revision("coercion_case", number):
            return {"seq": seq, "status": "rejected", "code": "5001", "message": f"{SHEETS[0]} {KEY} 重复导入"}
        self._log.apply(Applied(key, seq, "coercion_case", number, 1, "i", digest_of(line), line))
        return {"seq": seq, "status": "accepted", "code": "", "message": ""}


def sheets_of(content: bytes) -> dict[str, list[Row]]:
    """A workbook's rows by sheet, under the titles of row 1."""
    book = load_workbook(io.BytesIO(content))
    found: dict[str, list[Row]] = {}
    for sheet in book.worksheets:
        titles, *rows = list(sheet.values)
        found[sheet.title] = [dict(zip(map(str, titles), row, strict=True)) for row in rows]
    return found
