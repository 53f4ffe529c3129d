"""Owns the market department 市场监督管理: tables xzcf and xzxk of text columns in SQLite, PostgreSQL or MariaDB."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pymysql
from psycopg import sql

from sandbox.end import End
from sandbox.generator.nights import Night
from sandbox.generator.story import Row

TABLES = {"xzcf": "market/penalty", "xzxk": "market/licence"}


class MarketDepartment(End):
    """The department's database; `load` puts it into the state of a night, each table in one transaction.

    Without `url` it is an SQLite file at `path`; with postgresql://… or mysql+pymysql://… the same tables live there.
    """

    def __init__(self, path: Path | None = None, url: str | None = None) -> None:
        if url is None and path is None:
            raise ValueError("give the market department a path for SQLite or a url for PostgreSQL")
        self._path = path
        self.url = url or f"sqlite:///{path}"

    def load(self, night: Night) -> None:
        """Replace what the tables hold by the current rows of `night`."""
        for table, feed in TABLES.items():
            rows = night.feeds[feed].rows
            if self._path is not None and self.url.startswith("sqlite"):
                _load_sqlite(self._path, table, rows)
            elif self.url.startswith("mysql"):
                _load_maria(self.url, table, rows)
            else:
                _load_postgres(self.url, table, rows)

    def env(self) -> dict[str, str]:
        """What department.yaml names."""
        return {"GUIJI_MARKET_URL": self.url}

    def start(self) -> None:
        """A file needs no start; kept so that all departments are used alike."""

    def stop(self) -> None:
        """A file needs no stop."""


def _load_sqlite(path: Path, table: str, rows: list[Row]) -> None:
    names = list(rows[0]) if rows else []
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        if not names:
            return
        columns = ", ".join(f"{name} TEXT{' PRIMARY KEY' if name == 'id' else ''}" for name in names)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_gxsj ON {table} (gxsj, id)")
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
        marks = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608


def _load_postgres(url: str, table: str, rows: list[Row]) -> None:
    if not rows:
        return
    names = list(rows[0])
    columns = sql.SQL(", ").join(
        sql.SQL("{} text PRIMARY KEY" if name == "id" else "{} text").format(sql.Identifier(name)) for name in names
    )
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        place = sql.Identifier(table)
        cursor.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(place, columns))
        index = sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} (gxsj, id)")
        cursor.execute(index.format(sql.Identifier(f"{table}_gxsj"), place))
        cursor.execute(sql.SQL("DELETE FROM {}").format(place))
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(place)) as copy:
            for row in rows:
                copy.write_row(tuple(row.values()))


def _load_maria(url: str, table: str, rows: list[Row]) -> None:
    """Names are our own; MariaDB wants a length for a key and ends a transaction at CREATE."""
    if not rows:
        return
    at, names = urlsplit(url), list(rows[0])
    columns = ", ".join(f"`{name}` {'VARCHAR(40) PRIMARY KEY' if name == 'id' else 'TEXT'}" for name in names)
    connection = pymysql.connect(
        host=at.hostname or "127.0.0.1", port=at.port or 3306, user=at.username or "root",
        password=at.password or "", database=at.path.lstrip("/"), charset="utf8mb4",
    )  # fmt: skip
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) CHARACTER SET utf8mb4")
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
        marks = ", ".join(["%s"] * len(names))
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608
        connection.commit()
