"""The databases we write into (交换库): one transaction, rows in bulk, and what the catalogue says of a table.

Here what all have to do, and SQLite; the servers are in table_servers.py. A driver's error is told by its kind alone:
its text may hold a record's values and goes nowhere.
"""

import re
import sqlite3
from contextlib import closing, suppress
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import quote

import pyarrow as pa

Kind = Literal["refused", "unreachable", "busy", "unique", "data"]
NUMBERS = ("int", "numeric", "decimal", "number", "real", "double", "float")


class Column(NamedTuple):
    """Its name as the database spells it, whether it holds numbers, and how many characters it takes at most."""

    name: str
    numeric: bool
    longest: int | None


class Database(Protocol):
    """One connection. Everything between two ends (`commit`, `rollback`) is one transaction."""

    place: str  # of a parameter in a statement
    number: str  # what a whole number is cast to

    def columns(self, table: str) -> list[Column]: ...
    def unique(self, table: str, column: str) -> bool:
        """Whether a constraint that holds at once lets no value of this column come twice."""
        ...

    def transactional(self, table: str) -> bool: ...
    def quoted(self, name: str) -> str: ...
    def quoted_table(self, name: str) -> str:
        """Of one part, or of two: the schema before."""
        ...

    def text(self, expression: str) -> str:
        """As exact text."""
        ...

    def exact(self, expression: str) -> str:
        """Compared by its bytes, whatever the collation."""
        ...

    def begin(self) -> None:
        """To write."""
        ...

    def snapshot(self) -> None:
        """To read: what several statements say was all true at one moment."""
        ...

    def insert(self, table: str, data: pa.Table) -> None: ...
    def rows(self, statement: str, *values: str | None) -> list[tuple[Any, ...]]: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...
    @staticmethod
    def kind(error: Exception) -> Kind: ...


class Plain:
    """What the three have in common: quoted names, rows by DB-API."""

    mark, place, number = '"', "?", "BIGINT"
    connection: Any

    def quoted(self, name: str) -> str:
        return f"{self.mark}{name.replace(self.mark, self.mark * 2)}{self.mark}"

    def quoted_table(self, name: str) -> str:
        return ".".join(self.quoted(part) for part in name.split("."))

    def text(self, expression: str) -> str:
        return f"CAST({expression} AS TEXT)"

    def exact(self, expression: str) -> str:
        return expression

    def begin(self) -> None:
        """These drivers begin by themselves."""

    def snapshot(self) -> None:
        """MariaDB's transactions are of this kind."""

    def rows(self, statement: str, *values: str | None) -> list[tuple[Any, ...]]:
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def insert(self, table: str, data: pa.Table) -> None:
        names = ", ".join(self.quoted(name) for name in data.column_names)
        places = ", ".join([self.place] * data.num_columns)
        with closing(self.connection.cursor()) as cursor:
            statement = f"INSERT INTO {self.quoted_table(table)} ({names}) VALUES ({places})"  # noqa: S608 - names are quoted
            cursor.executemany(statement, list(zip(*(column.to_pylist() for column in data.columns), strict=True)))

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        with suppress(Exception):  # the connection may be gone, and with it the transaction
            self.connection.rollback()

    def close(self) -> None:
        with suppress(Exception):
            self.connection.close()


class Sqlite(Plain):
    """A file that is there already."""

    number = "INTEGER"

    def __init__(self, url: str, timeout: float) -> None:
        path = quote(url.removeprefix("sqlite:///"))
        self.connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=timeout, isolation_level=None)
        self.connection.execute("PRAGMA synchronous = EXTRA")

    def columns(self, table: str) -> list[Column]:
        found = self.rows("SELECT name, type FROM pragma_table_info(?)", table)
        return [Column(name, numeric(kind), longest(kind)) for name, kind in found]

    def unique(self, table: str, column: str) -> bool:
        indexes = self.rows('SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial', table)
        return any(self.rows("SELECT name FROM pragma_index_info(?)", name) == [(column,)] for (name,) in indexes)

    def transactional(self, table: str) -> bool:
        return True

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def snapshot(self) -> None:
        self.connection.execute("BEGIN")

    @staticmethod
    def kind(error: Exception) -> Kind:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
            return "unique"
        if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            return "data"
        if code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_PERM):
            return "refused"
        return "busy" if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "unreachable"


def numeric(declared: str) -> bool:
    return any(word in declared.lower() for word in NUMBERS)


def longest(declared: str) -> int | None:
    found = re.search(r"char[a-z ]*\((\d+)\)", declared.lower())
    return int(found[1]) if found else None
