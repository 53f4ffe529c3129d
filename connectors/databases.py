"""The databases we read (数据库): each opens one snapshot, lists a table's columns, and gives rows as text columns.

SQLite by its own driver, PostgreSQL by ADBC, MariaDB and MySQL by PyMySQL with a server-side cursor.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa

from schemas.errors import SourceChanged, SourceUnreachable

CHUNK = 50_000
LEAVE_OUT = "list the columns to read in source.columns, or have the column corrected"


class Database(Protocol):
    """What a dialect has to do. `read` yields tables of text columns from the snapshot opened before."""

    quote: str

    def columns(self, table: str) -> dict[str, str]:
        """Name → declared type, in order."""
        ...

    def as_text(self, quoted: str) -> str:
        """The expression for a column as exact text."""
        ...

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]: ...


class SqliteDatabase:
    """SQLite in one read transaction."""

    quote = '"'

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=30, isolation_level=None)
        self.connection.text_factory = bytes  # arrow checks the UTF-8, and faster
        self.connection.execute("BEGIN")

    def columns(self, table: str) -> dict[str, str]:
        rows = self.connection.execute("SELECT name, '' FROM pragma_table_info(?)", (table,))
        return {row[0].decode(): "" for row in rows}

    def as_text(self, quoted: str) -> str:
        return f"CASE typeof({quoted}) WHEN 'blob' THEN 0 ELSE CAST({quoted} AS TEXT) END"  # a number gives it away

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        cursor = self.connection.execute(statement)
        while rows := cursor.fetchmany(CHUNK):
            yield _table(rows, names)

    def close(self) -> None:
        self.connection.close()


class PostgresDatabase:
    """PostgreSQL by ADBC, in a repeatable-read, read-only transaction."""

    quote = '"'

    def __init__(self, url: str) -> None:
        import adbc_driver_postgresql.dbapi as adbc

        self.connection = adbc.connect(_with_timeout(url), autocommit=False)
        with self.connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for setting in ("statement_timeout = '30min'", "timezone = 'Asia/Shanghai'", "datestyle = 'ISO'"):
                cursor.execute(f"SET LOCAL {setting}")

    def columns(self, table: str) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = $1 "
                "AND table_schema = ANY (current_schemas(false)) ORDER BY ordinal_position",
                (table,),
            )
            return {row[0]: row[1] for row in cursor.fetchall()}

    def as_text(self, quoted: str) -> str:
        return f"CAST({quoted} AS TEXT)"

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            for batch in _unbroken(cursor.fetch_record_batch()):
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

    def columns(self, table: str) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                (self.database, table),
            )
            return {row[0]: row[1] for row in cursor.fetchall()}

    def as_text(self, quoted: str) -> str:
        return f"CAST({quoted} AS CHAR)"

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(CHUNK):
                columns = zip(*rows, strict=True)
                yield pa.table([pa.array(column, pa.string()) for column in columns], names=names)

    def close(self) -> None:
        self.connection.close()


def _table(rows: Sequence[tuple[Any, ...]], names: list[str]) -> pa.Table:
    """Rows as columns of text. What is no text is refused by the column's name."""
    columns = []
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        try:
            columns.append(pa.array(column, pa.string()))
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            raise SourceChanged(f"column {name} holds bytes that are no text", remedy=LEAVE_OUT) from None
    return pa.table(columns, names=names)


def _unbroken(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A connection lost between batches comes as a bare OSError with the server's text: said in our words."""
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except (OSError, pa.ArrowException) as error:
            raise SourceUnreachable(
                f"the database broke off ({type(error).__name__})", remedy="it is tried again from the start"
            ) from None
        yield batch


def _with_timeout(url: str) -> str:
    return url if "connect_timeout" in url else f"{url}{'&' if '?' in url else '?'}connect_timeout=15"
