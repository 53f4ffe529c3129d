"""SQL tables (关系库): one consistent snapshot, every column as exact text, Parquet parts of bounded size.

`source.children` names further tables of the same snapshot, which hold the entries of the records' lists.

Names are matched against the catalogue the database reports and quoted; no text of a driver's error passes through.
"""

import io
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.cursor import earlier, newest
from connectors.databases import LEAVE_OUT, Database, MariaDatabase, PostgresDatabase, SqliteDatabase
from schemas.ahead import ahead
from schemas.errors import ConfigurationError, SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Part, Position, Window
from schemas.nearest import nearest

BINARY = ("bytea", "blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary")


@dataclass
class SqlPull:
    """One reading of one table, and of those of its children."""

    database: Database
    source: Mapping[str, Any]
    window: Window
    where: str
    position: Position = field(default_factory=dict)
    _reading: Generator[Part, None, None] | None = None

    @property
    def complete(self) -> bool:
        return not self.window.after or self.window.sweep

    def parts(self) -> Iterator[Part]:
        self._reading = self._parts()
        return self._reading

    def close(self) -> None:
        """Wait for the chunk being fetched: nothing may read when the connection closes, whoever broke off."""
        if self._reading:
            self._reading.close()

    def _parts(self) -> Generator[Part, None, None]:
        self.position = dict(self.window.after or {})
        for label, table in self._tables(self.source, self._condition()):
            self._advance(table)
            yield Part(label, "parquet", iter([_parquet(table)]))
        for child, source in self.source.get("children", {}).items():
            for label, table in self._tables(source):
                yield Part(label, "parquet", iter([_parquet(table)]), child)

    def _tables(self, source: Mapping[str, Any], condition: str = "") -> Iterator[tuple[str, pa.Table]]:
        kinds = self._kinds(source)
        statement = self._statement(source, kinds, condition)
        for number, table in enumerate(ahead(self.database.read(statement, list(kinds))), 1):
            _refuse_nul(table, self.where)
            yield f"{source['table']}-{number:05d}", table

    def columns(self) -> int:
        """How many there are to read. Raises SourceChanged when one is gone."""
        return sum(len(self._kinds(source)) for source in (self.source, *self.source.get("children", {}).values()))

    def _kinds(self, source: Mapping[str, Any]) -> dict[str, str]:
        """The columns to read, with what the database says they are."""
        kinds = self.database.columns(str(source["table"]))
        names = list(kinds)
        if not names:
            raise SourceChanged(
                f"there is no table {source['table']}", where=self.where, remedy="check source.table and rights"
            )
        asked = [*source.get("columns", names)]
        asked += [source[key] for key in ("key", "cursor") if key in source and source[key] not in asked]
        for name in asked:
            if name not in names:
                raise SourceChanged(
                    f"the table has no column {name}", where=f"{self.where}: source", remedy=nearest(str(name), names)
                )
            if kinds[name].lower() in BINARY:
                raise SourceChanged(f"column {name} holds bytes", where=self.where, remedy=LEAVE_OUT)
        return {name: kinds[name] for name in asked}

    def _quoted(self, name: str) -> str:
        mark = self.database.quote
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def _statement(self, source: Mapping[str, Any], kinds: Mapping[str, str], condition: str) -> str:
        read_as = self.database.read_as
        quoted = {self._quoted(name): kind for name, kind in kinds.items()}
        columns = ", ".join(f"{read_as(f't.{name}', kind)} AS {name}" for name, kind in quoted.items())
        statement = f"SELECT {columns} FROM {self._quoted(str(source['table']))} t"  # noqa: S608 - quoted above
        return f"{statement}{condition} ORDER BY t.{self._quoted(str(source['key']))}"

    def _text(self, name: str) -> str:
        return self.database.as_text(f"t.{self._quoted(name)}")

    def _condition(self) -> str:
        """From the last position less the overlap, equal times and rows without a time included."""
        after = self.window.after or {}
        if self.complete or "cursor" not in self.source or "time" not in after:
            return ""
        since = earlier(str(after["time"]), str(self.source.get("overlap", "1h")), self.where)
        if since is None:
            return ""
        cursor = str(self.source["cursor"])
        return f" WHERE {self._text(cursor)} >= '{since}' OR t.{self._quoted(cursor)} IS NULL"

    def _advance(self, table: pa.Table) -> None:
        """To the newest time, and the last key that has it."""
        if "cursor" not in self.source:
            return
        times, known = table[str(self.source["cursor"])], str(self.position.get("time", ""))
        distinct = pc.drop_null(times.unique())
        falling = distinct.take(pc.sort_indices(distinct, sort_keys=[("", "descending")]))
        if time := newest(falling.to_pylist(), known):
            keys = [key for key in table.filter(pc.equal(times, time))[str(self.source["key"])].to_pylist() if key]
            if keys:
                self.position = {"time": time, "key": keys[-1]}


@dataclass(frozen=True)
class SqlSource:
    """One table of one department."""

    access: Mapping[str, Any]
    source: Mapping[str, Any]
    where: str

    def check(self) -> str:
        with self._database() as database:
            pull = SqlPull(database, self.source, Window(None, True), self.where)
            return f"table {self.source['table']}: {pull.columns()} columns"

    @contextmanager
    def pull(self, window: Window) -> Iterator[SqlPull]:
        with self._database() as database, closing(SqlPull(database, self.source, window, self.where)) as pull:
            yield pull

    @contextmanager
    def _database(self) -> Iterator[Any]:
        """Our own words for whatever a driver says."""
        refused = (SourceChanged, SourceRefused, SourceUnreachable, ConfigurationError)
        database: Any = None
        try:
            database = self._open()
            yield database
        except refused:
            raise
        except Exception as error:
            if isinstance(error, UnicodeDecodeError):
                raise SourceChanged("a column holds undecodable text", where=self.where, remedy=LEAVE_OUT) from None
            if not type(error).__module__.startswith(("sqlite3", "adbc", "pymysql")):
                raise
            raise self._told(error, database is not None) from None
        finally:
            if database is not None:
                database.close()

    def _open(self) -> Database:
        url = str(self.access["url"])
        if url.startswith("sqlite:///"):
            return SqliteDatabase(url.removeprefix("sqlite:///"))
        if url.startswith(("postgresql://", "postgres://")):
            return PostgresDatabase(url)
        if url.startswith(("mysql+pymysql://", "mysql://", "mariadb://")):
            return MariaDatabase(url)
        raise ConfigurationError(
            "the address is of no database known here",
            where=f"{self.where}: access.url",
            remedy="begin it with sqlite:///, postgresql:// or mysql://",
        )

    def _told(self, error: Exception, opened: bool) -> Exception:
        name, text = type(error).__name__, str(error).lower()
        if any(word in text for word in ("password", "access denied", "permission", "authentication", "role ")):
            return SourceRefused(f"the database refused us ({name})", where=self.where, remedy="check user and rights")
        said = "the database broke off" if opened else "the database cannot be reached"
        return SourceUnreachable(f"{said} ({name})", where=self.where, remedy="check the address; it is tried again")


def _refuse_nul(table: pa.Table, where: str) -> None:
    for name in table.column_names:
        if pc.any(pc.match_substring(table[name], "\0")).as_py():
            raise SourceChanged(f"column {name} holds NUL characters", where=where, remedy=LEAVE_OUT)


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", compression_level=1)
    return out.getvalue()
