"""The exchange tables as statements (建表语句), to be handed to the receiver's database people.

Texts, amounts and dates are all text: what is sent is kept as it is. Names that begin with gj_ are ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.table_layout import Layout

TYPES = {  # dialect → (short text, any text, whole number, revision, time)
    "sqlite": ("TEXT", "TEXT", "INTEGER", "INTEGER", "TEXT"),
    "postgresql": ("VARCHAR({})", "TEXT", "INTEGER", "BIGINT", "TIMESTAMP"),
    "mysql": ("VARCHAR({})", "MEDIUMTEXT", "INTEGER", "BIGINT", "DATETIME"),
}
SHORT = {"key": 64, "feed": 100, "record_type": 40, "digest": 64, "state": 20, "code": 60}
ENVELOPE = {"cd_id": 500, "cd_operation": 1, "cd_source": 20, "cd_batch": 20}
SAID = {
    "key": "报送键 delivery key", "feed": "数据源 feed", "record_type": "记录类型 record type", "count": "条数 rows",
    "digest": "原文 SHA-256 of the bytes sent", "fields": "字段次序 order of the fields", "state": "状态 status",
    "code": "退回代码 the receiver's code", "message": "退回说明 the receiver's words", "seq": "批内序号 place, from 0",
    "time": "写入时间 written at",
}  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """The tables of one receiver in one dialect: sqlite, postgresql or mysql (MariaDB too)."""

    layout: Layout
    dialect: str

    def statements(self, fields: Mapping[str, Iterable[tuple[str, str]]]) -> str:
        """`fields`: record type → (column, title) in the profile's order."""
        found = [self._control()]
        found += [self._data(record_type, columns) for record_type, columns in fields.items()]
        return "\n".join([*found, *([self._verdicts()] if self.layout.verdicts else [])])

    def _control(self) -> str:
        names = self.layout.of_control
        return self._table(self.layout.control, [self._ours(word, name) for word, name in names.items()], ["key"])

    def _verdicts(self) -> str:
        names = self.layout.of_verdicts
        return self._table(self.layout.verdicts, [self._ours(w, name) for w, name in names.items()], ["key", "seq"])

    def _data(self, record_type: str, fields: Iterable[tuple[str, str]]) -> str:
        short, text, _, revision, _ = TYPES[self.dialect]
        ours = [self._ours(word, name) for word, name in self.layout.of_rows.items()]
        envelope = [self._line(name, short.format(size), True, "") for name, size in ENVELOPE.items()]
        envelope.append(self._line("cd_revision", revision, True, "修订号 rises with every change of the record"))
        data = [self._line(name, text, False, title) for name, title in fields]
        fixed = [self._line(name, short.format(100), False, "") for name in self.layout.fixed]
        table = self.layout.tables[record_type]
        made = self._table(table, [*ours[:2], *envelope, *data, *ours[2:], *fixed], ["key", "seq"])
        index = self._quoted(table.rpartition(".")[2] + "_cd_id")
        columns = ", ".join(map(self._quoted, ("cd_id", "cd_revision")))
        return f"{made}CREATE INDEX {index} ON {self._table_name(table)} ({columns});\n"

    def _ours(self, word: str, name: str) -> str:
        short, text, whole, _, time = TYPES[self.dialect]
        kind = (
            short.format(SHORT[word]) if word in SHORT else {"count": whole, "seq": whole, "time": time}.get(word, text)
        )
        return self._line(name, kind, word in ("key", "seq", "count", "digest", "state"), SAID[word])

    def _line(self, name: str, kind: str, needed: bool, said: str) -> str:
        return f"  {self._quoted(name)} {kind}{' NOT NULL' if needed else ''},{f' -- {said}' if said else ''}"

    def _table(self, table: str, lines: list[str], key: list[str]) -> str:
        names = ", ".join(self._quoted(self.layout.columns[word]) for word in key)
        end = ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin" if self.dialect == "mysql" else ")"
        return "\n".join([f"CREATE TABLE {self._table_name(table)} (", *lines, f"  PRIMARY KEY ({names})", f"{end};\n"])

    def _quoted(self, name: str) -> str:
        mark = "`" if self.dialect == "mysql" else '"'
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def _table_name(self, table: str) -> str:
        return ".".join(map(self._quoted, table.split(".")))
