"""The staging table of a registration: one narrow row per pulled record, alive only inside the transaction.

Rows stream in by chunks of columns (SQLite: executemany, PostgreSQL: COPY), so memory stays flat at any size.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
from sqlalchemy import Connection

from schemas.ahead import ahead

COLUMNS = ("ordinal", "business_key", "source_ref", "digest", "operation", "held", "raw_digest")
MAKE = """
CREATE TEMPORARY TABLE staging (
    ordinal INTEGER PRIMARY KEY, business_key TEXT, source_ref TEXT, digest TEXT, operation TEXT,
    held INTEGER NOT NULL, raw_digest TEXT,
    disposition TEXT NOT NULL DEFAULT 'new', revision INTEGER NOT NULL DEFAULT 1)
"""


def open_staging(connection: Connection) -> None:
    """Make the table empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS staging")
    bytewise = 'TEXT COLLATE "C"' if connection.dialect.name == "postgresql" else "TEXT"
    connection.exec_driver_sql(MAKE.replace("TEXT", bytewise))


def fill_staging(connection: Connection, chunks: Iterable[pa.Table]) -> int:
    """Stream chunks with the columns of COLUMNS (ordinal int64, held 0/1, others string). Returns the rows written."""
    rows = 0
    for chunk in ahead(chunks):
        rows += chunk.num_rows
        if connection.dialect.name == "postgresql":
            _copy(connection, "staging", chunk.select(COLUMNS))
        else:
            values = zip(*(chunk[name].to_pylist() for name in COLUMNS), strict=True)
            _executemany(connection, "staging", COLUMNS, values)
    connection.exec_driver_sql("CREATE INDEX staging_key ON staging (business_key, held)")
    connection.exec_driver_sql("CREATE INDEX staging_ref ON staging (source_ref) WHERE held = 1")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE staging")
    return rows


def bulk_insert(connection: Connection, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Add many rows to any table of the ledger by the fastest way of its database."""
    if rows and connection.dialect.name == "postgresql":
        _copy(connection, table, pa.table(list(zip(*rows, strict=True)), names=columns))
    elif rows:
        _executemany(connection, table, columns, rows)


def _executemany(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    raw: Any = connection.connection.driver_connection
    marks = ", ".join("?" * len(columns))
    raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - names are ours


def _copy(connection: Connection, table: str, rows: pa.Table) -> None:
    """Every value in quotes, so that only null is bare: PostgreSQL tells "" from nothing by that."""
    raw: Any = connection.connection.driver_connection
    out = io.BytesIO()
    csv.write_csv(rows, out, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    statement = f"COPY {table} ({', '.join(rows.column_names)}) FROM STDIN (FORMAT csv)"
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(out.getvalue())
