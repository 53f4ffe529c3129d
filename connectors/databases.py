"""The databases we read (数据库): each opens one snapshot, lists a table's columns, and gives rows as text columns.

SQLite and PostgreSQL by ADBC, MariaDB and MySQL by PyMySQL with a server-side cursor.
"""

from collections.abc import Iterator
from typing import Protocol
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

    def read_as(self, quoted: str, kind: str) -> str:
        """The expression that `read` gives back as exact text; `kind` as `columns` told it."""
        ...

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]: ...


class SqliteDatabase:
    """SQLite by ADBC, in one read transaction."""

    quote = '"'

    def __init__(self, path: str) -> None:
        import adbc_driver_sqlite.dbapi as adbc

        self.connection = adbc.connect(f"file:{quote(path)}?mode=ro", autocommit=False)
        with self.connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 30000")

    def columns(self, table: str) -> dict[str, str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
            return {name: "text" if _text_affinity(declared) else "" for name, declared in cursor.fetchall()}

    def as_text(self, quoted: str) -> str:
        return f"CAST({quoted} AS TEXT)"

    def read_as(self, quoted: str, kind: str) -> str:
        """A column declared as text holds no number: it needs no CAST, which takes as long as the reading itself."""
        return quoted if kind == "text" else self.as_text(quoted)

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        """The driver takes each column's type from its first row: a row of empty texts goes ahead and is left out."""
        texts = ", ".join(f"'' AS {self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}" for name in names)
        with self.connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(CHUNK + 1)})
            cursor.execute(f"SELECT {texts} UNION ALL SELECT * FROM ({statement})")  # noqa: S608 - names are quoted
            ahead = 1
            for batch in _unbroken(cursor.fetch_record_batch()):
                if batch.num_rows > ahead:
                    yield _checked(batch.slice(ahead), names)
                ahead = 0

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

    def read_as(self, quoted: str, kind: str) -> str:
        return self.as_text(quoted)

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

    def read_as(self, quoted: str, kind: str) -> str:
        return self.as_text(quoted)

    def read(self, statement: str, names: list[str]) -> Iterator[pa.Table]:
        from pymysql.err import OperationalError

        cursor = self.connection.cursor()
        try:
            cursor.execute(statement)
            while rows := cursor.fetchmany(CHUNK):
                columns = zip(*rows, strict=True)
                yield pa.table([pa.array(column, pa.string()) for column in columns], names=names)
        except OperationalError:
            if cursor._result:  # else closing it reads on from the dead connection, and fails in its own way
                cursor._result.unbuffered_active = False
            raise
        finally:
            cursor.close()

    def close(self) -> None:
        self.connection.close()


def _text_affinity(declared: str) -> bool:
    """SQLite's own rule (Determination Of Column Affinity): INT goes before, then these three."""
    kind = declared.upper()
    return "INT" not in kind and any(word in kind for word in ("CHAR", "CLOB", "TEXT"))


def _checked(batch: pa.RecordBatch, names: list[str]) -> pa.Table:
    """SQLite keeps any bytes in any column. What is no text is refused by the column's name."""
    for name, column in zip(names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raise SourceChanged(f"column {name} holds bytes that are no text", remedy=LEAVE_OUT) from None
    return pa.table(batch.columns, names=names)


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
