"""Whether a receiver's tables take what we write (列是否容得下): asked before, and read back before COMMIT."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from connectors.table_databases import Column, Database, Kind
from connectors.table_layout import ENVELOPE, Layout, check_fields
from schemas.errors import ConfigurationError, GuijiError
from schemas.nearest import nearest

AGAIN = "hold the table against `guiji new tables`, and have it corrected by the receiver's database people"
EXACT = pa.decimal128(38, 12)


@dataclass(frozen=True)
class Fit:
    """One data table as the catalogue says it is."""

    table: str
    layout: Layout
    columns: Mapping[str, Column]
    where: str

    @classmethod
    def found(cls, database: Database, layout: Layout, record_type: str, where: str) -> "Fit":
        """Raises ConfigurationError for a table or column that is not there, or not as it must be."""
        if record_type not in layout.tables:
            raise ConfigurationError(
                f"there is no table for {record_type}",
                where=f"{where}: access.tables",
                remedy=f"write `{record_type}: …`; {nearest(record_type, list(layout.tables))}",
            )
        table = layout.tables[record_type]
        there = {
            name: _columns(database, name, f"{where}: access.{key}")
            for name, key in (
                (layout.control, "control"),
                (table, f"tables.{record_type}"),
                (layout.verdicts, "verdicts"),
            )
            if name
        }
        key = layout.columns["key"]
        _need_exactly(there[layout.control], [*layout.of_control.values()], layout.control, f"{where}: access.columns")
        _need_exactly(there[table], [*layout.of_rows.values(), *layout.fixed], table, f"{where}: access.columns")
        _need(there[table], list(ENVELOPE), table, f"{where}: access.tables")
        if layout.verdicts:
            names = list(layout.of_verdicts.values())
            _need_exactly(there[layout.verdicts], names, layout.verdicts, f"{where}: access.columns")
        if not database.unique(layout.control, key):
            raise ConfigurationError(
                f"nothing keeps a key from coming twice in {layout.control}",
                where=f"{where}: access.control",
                remedy=f"have a unique constraint put on its column {key}",
            )
        for name in (layout.control, table):
            if not database.transactional(name):
                raise ConfigurationError(
                    f"table {name} knows no transactions", where=f"{where}: access", remedy="have it made InnoDB"
                )
        return cls(table, layout, there[table], where)

    def rows(self, data: pa.Table, beside: Mapping[str, pa.Array]) -> pa.Table:
        """What is to be written, under the table's own names. Raises ConfigurationError for what does not fit."""
        check_fields(self.layout, data.column_names, self._at)
        _need(self.columns, data.column_names, self.table, f"{self.where}: access.tables")
        found = {}
        for name, values in [*beside.items(), *zip(data.column_names, data.columns, strict=True)]:
            column = self.columns[name.casefold()]
            most = pc.max(pc.utf8_length(values)).as_py() or 0
            if column.longest is not None and most > column.longest:
                raise ConfigurationError(
                    f"column {column.name} takes {column.longest} characters, a text of {most} is to go there",
                    where=f"{self.where}: access.tables, {self.table}",
                    remedy="have it widened; or say so in the receiver's field table: such records are held then",
                )
            found[column.name] = values
        return pa.table(found)

    def read_back(self, database: Database, rows: pa.Table, key: str) -> None:
        """Nothing is rounded, cut or made into question marks: every column as it was to be, or there is no COMMIT."""
        time = self.layout.columns["time"]
        names = [name for name in rows.column_names if name != time]
        texts = ", ".join(database.text(database.quoted(name)) for name in names)
        place, of_key = database.quoted(self.layout.columns["seq"]), database.quoted(self.layout.columns["key"])
        there = database.rows(
            f"SELECT {texts} FROM {database.quoted_table(self.table)} WHERE {of_key} = {database.place} "  # noqa: S608
            f"ORDER BY CAST({place} AS {database.number})",
            key,
        )
        columns = zip(*there, strict=True) if len(there) == rows.num_rows else iter(())
        for name, values in zip(names, columns, strict=False):
            if not self._same(rows[name], pa.array(values, pa.string()), self.columns[name.casefold()]):
                raise ConfigurationError(
                    f"column {name} does not keep what is written there", where=self._at, remedy=AGAIN
                )
        if len(there) != rows.num_rows:
            raise ConfigurationError("the table does not keep every row", where=self._at, remedy=AGAIN)

    @staticmethod
    def _same(ours: pa.ChunkedArray, theirs: pa.Array, column: Column) -> bool:
        """As text; in a column of numbers, by value."""
        whole = ours.combine_chunks()
        if whole.equals(theirs) or not column.numeric:
            return bool(whole.equals(theirs))
        try:
            return bool(whole.cast(EXACT).equals(theirs.cast(EXACT)))
        except pa.ArrowInvalid:
            return False

    def told(self, kind: Kind, error: Exception) -> GuijiError:
        """What a driver's error means that came of writing the rows; by its class alone."""
        name = type(error).__name__
        if kind == "unique":
            return ConfigurationError(
                f"a unique constraint of the table refuses a row ({name})",
                where=self._at,
                remedy="rows are told apart by delivery and place alone: have other unique constraints removed",
            )
        if kind == "data":
            return ConfigurationError(f"a column does not take what is sent ({name})", where=self._at, remedy=AGAIN)
        raise error

    @property
    def _at(self) -> str:
        return f"{self.where}: access.tables, {self.table}"


def _columns(database: Database, table: str, where: str) -> dict[str, Column]:
    found = {column.name.casefold(): column for column in database.columns(table)}
    if not found:
        raise ConfigurationError(
            f"there is no table {table}, or we may not see it", where=where, remedy="make it by `guiji new tables`"
        )
    return found


def _need(there: Mapping[str, Column], names: list[str], table: str, where: str) -> None:
    for name in names:
        if name.casefold() not in there:
            raise ConfigurationError(
                f"table {table} has no column {name}",
                where=where,
                remedy=nearest(name, [column.name for column in there.values()]),
            )


def _need_exactly(there: Mapping[str, Column], names: list[str], table: str, where: str) -> None:
    """Columns that receiver.yaml names: as the database spells them."""
    _need(there, names, table, where)
    for name in names:
        if there[name.casefold()].name != name:
            raise ConfigurationError(
                f"column {name} of {table} is spelled {there[name.casefold()].name}",
                where=where,
                remedy="write it as the database has it",
            )
