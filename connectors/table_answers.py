"""What stands in a receiver's tables about one delivery (库表中的结果): lying there, judged, refused whole, or gone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.table_databases import Database
from connectors.table_layout import Layout
from connectors.verdicts import JUDGED, REFUSED, WAITING
from schemas.exchange import Answer


@dataclass(frozen=True)
class Answers:
    """Reads them; every name in a statement is quoted."""

    layout: Layout

    def look(self, database: Database, key: str) -> Answer | None:
        """None when nothing of the delivery is there."""
        names = self.layout.of_control
        found = self._select(database, self.layout.control, names, key)
        if not found:
            half = sum(self.lonely(database, table, key) for table in dict.fromkeys(self.layout.tables.values()))
            said = {"key": key, "count": None, "digest": None, "rows": half}
            return as_answer(WAITING, self.layout.control, said) if half else None
        control = found[0] | {"count": _whole(found[0]["count"])}
        record_type, meaning = str(control["record_type"]), self.layout.words.get(str(control["state"]))
        if record_type not in self.layout.tables:
            return as_answer(WAITING, self.layout.control, control)
        if meaning == "rejected":
            return as_answer(REFUSED, self.layout.control, control)
        table = self.layout.verdicts or self.layout.tables[record_type]
        rows = self._select(database, table, self.layout.of_verdicts, key)
        status = [self.layout.words.get(str(row["state"])) for row in rows]
        fewer = isinstance(control["count"], int) and len(rows) < control["count"]
        if "pending" in status or (self.layout.verdicts and fewer):  # on the data rows, fewer is a row that is gone
            return as_answer(WAITING, self.layout.control, control)
        results = [
            {**{name: row[name] for name in row if name != "key"}, "seq": _whole(row["seq"]), "status": word}
            for row, word in zip(rows, status, strict=True)
        ]
        results.sort(key=lambda one: str(one["seq"]).zfill(12))
        return as_answer(JUDGED, self.layout.control, control | {"results": results})

    def _select(self, database: Database, table: str, names: dict[str, str], key: str) -> list[dict[str, Any]]:
        """The rows of one delivery, every value as text, under our words."""
        columns = ", ".join(database.text(database.quoted(name)) for name in names.values())
        statement = (
            f"SELECT {columns} FROM {database.quoted_table(table)} "  # noqa: S608 - names are quoted
            f"WHERE {database.quoted(self.layout.columns['key'])} = {database.place}"
        )
        return [dict(zip(names, row, strict=True)) for row in database.rows(statement, key)]

    def lonely(self, database: Database, table: str, key: str) -> int:
        """How many rows of a delivery stand in a data table; without their control row, too many."""
        return len(self._select(database, table, self.layout.named("seq"), key))


def as_answer(status: int, table: str, said: Mapping[str, Any]) -> Answer:
    """Canonical JSON: keys in order, no blanks."""
    body = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")
    return Answer(status, {"Source": f"table {table}"}, body)


def _whole(text: Any) -> Any:
    """A whole number as one; anything else stays what it is, and is no receipt."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else text
