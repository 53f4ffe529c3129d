"""The staging table of a registration: one narrow row per pulled record, alive only inside the transaction.

Rows stream in by chunks of columns (SQLite: executemany, PostgreSQL: COPY), so memory stays flat at any size.
"""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

COLUMNS = ("ordinal", "business_key", "source_ref", "digest", "operation", "held", "raw_digest")
MAKE = """
CREATE TEMPORARY TABLE staging (
    ordinal INTEGER PRIMARY KEY, business_key TEXT, source_ref TEXT, digest TEXT, operation TEXT,
    held INTEGER NOT NULL, raw_digest TEXT, disposition TEXT, revision INTEGER)
"""


def open_staging(connection: Connection) -> None:
    """Make the table empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS staging")
    connection.exec_driver_sql(MAKE)


def fill_staging(connection: Connection, chunks: Iterable[pa.Table]) -> int:
    """Stream chunks with the columns of COLUMNS (ordinal int64, held 0/1, others string). Returns the rows written."""
    write = _copy if connection.dialect.name == "postgresql" else _executemany
    rows = 0
    for chunk in chunks:
        rows += chunk.num_rows
        write(connection, "staging", COLUMNS, list(zip(*(chunk[name].to_pylist() for name in COLUMNS), strict=True)))
    connection.exec_driver_sql("CREATE INDEX staging_key ON staging (business_key, held)")
    connection.exec_driver_sql("CREATE INDEX staging_ref ON staging (source_ref) WHERE held = 1")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE staging")
    return rows


def bulk_insert(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Add many rows to any table of the ledger by the fastest way of its database."""
    if rows:
        write = _copy if connection.dialect.name == "postgresql" else _executemany
        write(connection, table, columns, rows)


def _executemany(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names are ours
    cursor = connection.connection.cursor()
    cursor.executemany(statement, rows)
    cursor.close()


def _copy(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    raw: Any = connection.connection.driver_connection
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
