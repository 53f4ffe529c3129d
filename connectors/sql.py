"""SQL tables (关系库): one consistent snapshot, every column as exact text, Parquet parts of bounded size.

SQLite by its own driver, PostgreSQL by ADBC, MariaDB and MySQL by PyMySQL with a server-side cursor. Names are matched
against the catalogue the database reports and quoted; no text of a driver's error passes through.
"""

import io
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import ConfigurationError, SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Part, Position, Window
from schemas.nearest import nearest

CHUNK = 50_000
OVERLAP = re.compile(r"^(\d+)([smhd])$")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Database(Protocol):
    """What a dialect has to do. `read` yields tables of text columns from the snapshot opened before."""

    quote: str

    def columns(self, table: str) -> list[str]: ...
    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]: ...


class SqliteDatabase:
    """SQLite in one read transaction."""

    quote = '"'

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)
        self.connection.execute("BEGIN")

    def columns(self, table: str) -> list[str]:
        rows = self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return [row[0] for row in rows]

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        cursor = self.connection.execute(statement)
        while rows := cursor.fetchmany(CHUNK):
            columns = zip(*rows, strict=True)
            yield pa.table([pa.array(column, pa.string()) for column in columns], names=names)

    def close(self) -> None:
        self.connection.close()


class PostgresDatabase:
    """PostgreSQL by ADBC, in a repeatable-read, read-only transaction."""

    quote = '"'

    def __init__(self, url: str) -> None:
        import adbc_driver_postgresql.dbapi as adbc

        self.connection = adbc.connect(url, autocommit=False)
        with self.connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = '30min'")

    def columns(self, table: str) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 "
                "AND table_schema = ANY (current_schemas(false)) ORDER BY ordinal_position",
                (table,),
            )
            return [row[0] for row in cursor.fetchall()]

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            for batch in cursor.fetch_record_batch():
                if batch.num_rows:
                    yield pa.table([column.cast(pa.string()) for column in batch.columns], names=names)

    def close(self) -> None:
        self.connection.close()


class MariaDatabase:
    """MariaDB or MySQL in a consistent snapshot."""

    quote = "`"

    def __init__(self, url: str) -> None:
        import pymysql
        from pymysql.cursors import SSCursor

        at = urlsplit(url)
        self.database = at.path.lstrip("/")
        self.connection = pymysql.connect(
            host=at.hostname or "127.0.0.1", port=at.port or 3306, user=unquote(at.username or ""),
            password=unquote(at.password or ""), database=self.database, charset="utf8mb4", cursorclass=SSCursor,
            connect_timeout=15, read_timeout=1800,
        )  # fmt: skip
        with self.connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def columns(self, table: str) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
                "ORDER BY ordinal_position",
                (self.database, table),
            )
            return [row[0] for row in cursor.fetchall()]

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(CHUNK):
                columns = zip(*rows, strict=True)
                yield pa.table([pa.array(column, pa.string()) for column in columns], names=names)

    def close(self) -> None:
        self.connection.close()


@dataclass
class SqlPull:
    """One reading of one table."""

    database: Database
    source: Mapping[str, Any]
    window: Window
    where: str
    position: Position = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return self.window.after is None or self.window.sweep

    def parts(self) -> Iterator[Part]:
        names = self._names()
        self.position = dict(self.window.after or {})
        for number, table in enumerate(self.database.read(self._statement(names), names), 1):
            self._advance(table)
            yield Part(f"{self.source['table']}-{number:05d}", "parquet", iter([_parquet(table)]))

    def _names(self) -> list[str]:
        names = self.database.columns(str(self.source["table"]))
        if not names:
            raise SourceChanged(
                f"there is no table {self.source['table']}", where=self.where, remedy="check source.table and rights"
            )
        for key in ("key", "cursor"):
            if key in self.source and self.source[key] not in names:
                raise SourceChanged(
                    f"the table has no column {self.source[key]}",
                    where=f"{self.where}: source.{key}",
                    remedy=nearest(str(self.source[key]), names),
                )
        return names

    def _quoted(self, name: str) -> str:
        mark = self.database.quote
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    def _statement(self, names: list[str]) -> str:
        kind = "CHAR" if self.database.quote == "`" else "TEXT"
        columns = ", ".join(f"CAST({self._quoted(name)} AS {kind}) AS {self._quoted(name)}" for name in names)
        order = self._quoted(str(self.source["key"]))
        statement = f"SELECT {columns} FROM {self._quoted(str(self.source['table']))}"  # noqa: S608 - quoted above
        return f"{statement}{self._condition(kind)} ORDER BY {order}"

    def _condition(self, kind: str) -> str:
        """From the last position less the overlap, equal times and rows without a time included."""
        after = self.window.after or {}
        if self.complete or "cursor" not in self.source or "time" not in after:
            return ""
        since = earlier(str(after["time"]), str(self.source.get("overlap", "1h")), self.where).replace("'", "''")
        cursor = self._quoted(str(self.source["cursor"]))
        return f" WHERE CAST({cursor} AS {kind}) >= '{since}' OR {cursor} IS NULL"

    def _advance(self, table: pa.Table) -> None:
        newest = pc.max(table[str(self.source["cursor"])]).as_py() if "cursor" in self.source else None
        if newest and newest > str(self.position.get("time", "")):
            self.position["time"] = newest


@dataclass(frozen=True)
class SqlSource:
    """One table of one department."""

    access: Mapping[str, Any]
    source: Mapping[str, Any]
    where: str

    def check(self) -> str:
        with self._database() as database:
            pull = SqlPull(database, self.source, Window(None, True), self.where)
            return f"table {self.source['table']}: {len(pull._names())} columns"

    @contextmanager
    def pull(self, window: Window) -> Iterator[SqlPull]:
        with self._database() as database:
            yield SqlPull(database, self.source, window, self.where)

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


def earlier(time: str, overlap: str, where: str) -> str:
    """A time text moved back by the overlap; a text that is no time is kept (equal rows are read again)."""
    found = OVERLAP.match(overlap)
    if not found:
        raise ConfigurationError(
            f"overlap {overlap} is not a duration", where=f"{where}: source.overlap", remedy="write 30m, 2h or 1d"
        )
    try:
        moved = datetime.fromisoformat(time) - timedelta(**{UNITS[found[2]]: int(found[1])})
    except ValueError:
        return time
    return moved.isoformat(sep="T" if "T" in time else " ")


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", compression_level=1)
    return out.getvalue()
