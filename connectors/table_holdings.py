"""What lies in a receiver's data table as accepted (在库摘要): the newest accepted row of each record, line by line.

A line is put together again from the row's columns, in the order that the control row of its delivery names, so that
its digest is that of the line as it was sent; docs/adding-a-receiver.md says what that proves and what not.
"""

import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import polars as pl

from connectors.table_databases import Database
from connectors.table_fit import Fit
from connectors.table_layout import ENVELOPE, Layout
from schemas.errors import ConfigurationError

MOST = 1000


class Held(NamedTuple):
    """One record. `digest`: SHA-256 over cd_id, NUL, revision, NUL, line, as a number."""

    cd_id: str
    revision: int
    batch: str
    digest: int


@dataclass(frozen=True)
class Holdings:
    """Of one record type and one prefix of names, by name."""

    held: list[Held]

    @classmethod
    def read(cls, database: Database, layout: Layout, fit: Fit, prefix: str) -> "Holdings":
        """Raises ConfigurationError where the control table does not name the fields."""
        if not layout.columns["fields"]:
            raise ConfigurationError(
                "the control table does not keep the order of fields",
                where=f"{fit.where}: access.columns.fields",
                remedy="name a column for it, or leave promise.digest out",
            )
        query = _Query(database, layout, fit)
        found = [one for fields in query.orders() for one in _lines(query.newest(fields), fields)]
        return cls(sorted(one for one in found if one.cd_id.startswith(prefix)))

    def answer(self, question: Mapping[str, str]) -> dict[str, Any]:
        """`batch`, `from` (inclusive), `to` (exclusive) narrow; `by`: batch, record or absent."""
        first, end, batch = question.get("from", ""), question.get("to"), question.get("batch")
        found = [
            one for one in self.held
            if one.cd_id >= first and (end is None or one.cd_id < end) and batch in (None, one.batch)
        ]  # fmt: skip
        if question.get("by") == "batch":
            batches = defaultdict(list)
            for one in found:
                batches[one.batch].append(one)
            return {"batches": [{"batch": name, **_sum(batches[name])} for name in sorted(batches)]}
        if question.get("by") == "record":
            rows = [
                {"cd_id": one.cd_id, "revision": one.revision, "digest": f"{one.digest:064x}"} for one in found[:MOST]
            ]
            return {"records": rows, "next": found[MOST].cd_id if len(found) > MOST else None}
        return _sum(found)


@dataclass(frozen=True)
class _Query:
    """The statements; every name in them is quoted."""

    database: Database
    layout: Layout
    fit: Fit

    def orders(self) -> list[list[str]]:
        """The orders of fields in which deliveries of this table came."""
        types = [name for name, table in self.layout.tables.items() if table == self.fit.table]
        control, quoted = self.database.quoted_table(self.layout.control), self.database.quoted
        fields, kind = quoted(self.layout.columns["fields"]), quoted(self.layout.columns["record_type"])
        places = ", ".join([self.database.place] * len(types))
        found = self.database.rows(f"SELECT DISTINCT {fields} FROM {control} WHERE {kind} IN ({places})", *types)  # noqa: S608
        orders = sorted(str(order or "") for (order,) in found)
        return [order.split(",") if order else [] for order in orders]

    def newest(self, fields: list[str]) -> list[tuple[Any, ...]]:
        """The newest accepted row of each record where that came with these fields and is no revocation."""
        database, layout = self.database, self.layout
        cd_id, operation, _, _, revision = (self._name(name) for name in ENVELOPE)
        key, seq, state = (database.quoted(layout.columns[word]) for word in ("key", "seq", "state"))
        accepted = [status for status, meaning in layout.words.items() if meaning == "accepted"]
        verdict, joined = f"d.{state}", ""
        if layout.verdicts:
            verdict = f"v.{state}"
            joined = f"JOIN {database.quoted_table(layout.verdicts)} v ON v.{key} = d.{key} AND v.{seq} = d.{seq} "
        columns = ", ".join(database.text(f"n.{self._name(name)}") for name in (*ENVELOPE, *fields))
        statement = (
            f"SELECT {columns} FROM (SELECT d.*, ROW_NUMBER() OVER (PARTITION BY {database.exact(f'd.{cd_id}')} "  # noqa: S608
            f"ORDER BY CAST(d.{revision} AS {database.number}) DESC) AS gj_place "
            f"FROM {database.quoted_table(self.fit.table)} d {joined}"
            f"WHERE {database.text(verdict)} IN ({', '.join([database.place] * len(accepted))})) n "
            f"JOIN {database.quoted_table(layout.control)} c ON c.{key} = n.{key} "
            f"WHERE n.gj_place = 1 AND n.{operation} <> 'd' "
            f"AND COALESCE(c.{database.quoted(layout.columns['fields'])}, '') = {database.place}"
        )
        return database.rows(statement, *accepted, ",".join(fields))

    def _name(self, field: str) -> str:
        column = self.fit.columns.get(field.casefold())
        return self.database.quoted(column.name if column else field)


def _lines(rows: list[tuple[Any, ...]], fields: list[str]) -> list[Held]:
    """Each row as the line it was: the same writer that sealed it."""
    if not rows:
        return []
    names = [*ENVELOPE, *fields]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")
    out = io.BytesIO()
    frame.with_columns(pl.col("cd_revision").cast(pl.Int64)).write_ndjson(out)
    lines, held = out.getvalue().splitlines(), []
    for (cd_id, _, _, batch, revision), line in zip((row[:5] for row in rows), lines, strict=True):
        content = b"\0".join((cd_id.encode(), str(revision).encode(), line))
        held.append(Held(cd_id, int(revision), batch, int.from_bytes(sha256(content).digest(), "big")))
    return held


def _sum(found: list[Held]) -> dict[str, Any]:
    return {"count": len(found), "digest": f"{sum(one.digest for one in found) % 2**256:064x}"}
