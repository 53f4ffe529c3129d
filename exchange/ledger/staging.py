"""The staging table of a registration: one narrow row per pulled record, alive only inside the transaction.

Rows stream in by chunks of columns (SQLite: executemany, PostgreSQL: COPY), so memory stays flat at any size.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from sqlalchemy import Connection

from schemas.ahead import ahead

COLUMNS = ("ordinal", "business_key", "source_ref", "digest", "operation", "held", "raw_digest")
ESCAPES = {
    "\\": "\\\\",
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
    '"': "\\042",
}  # in COPY's text form; the last for Arrow's sake
# For this transaction alone: sorts and joins of a pull in memory; to know what it is like, a look at 3,000 rows does;
# and no compiling of statements, which takes longer than most of them.
SETTINGS = ("work_mem = '64MB'", "default_statistics_target = 10", "jit = off")
MAKE = """
CREATE TEMPORARY TABLE staging (
    ordinal INTEGER PRIMARY KEY, business_key TEXT, source_ref TEXT, digest TEXT, operation TEXT,
    held INTEGER NOT NULL, raw_digest TEXT,
    disposition TEXT NOT NULL DEFAULT 'new', revision INTEGER NOT NULL DEFAULT 1)
"""
# Made when a pull needs them: PostgreSQL would keep them at every change of a row, and most pulls need none.
BY_KEY = (
    "CREATE INDEX IF NOT EXISTS staging_key ON staging (business_key, held)",
    "CREATE INDEX IF NOT EXISTS staging_ref ON staging (source_ref) WHERE held = 1",
)
BY_ORDINAL = "CREATE INDEX IF NOT EXISTS staging_ordinal ON staging (ordinal)"


def open_staging(connection: Connection) -> None:
    """Make the table empty."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS staging")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(MAKE)
        return
    for setting in SETTINGS:
        connection.exec_driver_sql(f"SET LOCAL {setting}")
    connection.exec_driver_sql(MAKE.replace(" PRIMARY KEY", "").replace("TEXT", 'TEXT COLLATE "C"'))


def fill_staging(connection: Connection, chunks: Iterable[pa.Table]) -> bool:
    """Stream chunks with the columns of COLUMNS (ordinal int64, held 0/1, others string).

    Returns whether a key may have come twice: equal keys have equal hashes, eight bytes a row.
    """
    hashes: list[npt.NDArray[np.uint64]] = []
    for chunk in ahead(chunks):
        hashes.append(pl.Series(chunk["business_key"].drop_null()).hash().to_numpy())
        if connection.dialect.name == "postgresql":
            _copy(connection, "staging", chunk.select(COLUMNS))
        else:
            values = zip(*(chunk[name].to_pylist() for name in COLUMNS), strict=True)
            _executemany(connection, "staging", COLUMNS, values)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE staging")
    every = np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.uint64)
    return bool((every[1:] == every[:-1]).any())


def index_by_key(connection: Connection) -> None:
    """Before rows are looked up by key or by their row at the source."""
    for statement in BY_KEY:
        connection.exec_driver_sql(statement)


def index_all(connection: Connection) -> None:
    """Before rows are changed one by one."""
    index_by_key(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(BY_ORDINAL)


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
    """In COPY's text form, which PostgreSQL reads in half the time of its CSV."""
    raw: Any = connection.connection.driver_connection
    out = io.BytesIO()
    plain = pa.table([_escaped(column) for column in rows.columns], rows.column_names)
    csv.write_csv(plain, out, csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none"))
    statement = f"COPY {table} ({', '.join(rows.column_names)}) FROM STDIN"
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(out.getvalue())


def _escaped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return pc.fill_null(column.cast(pa.string()), "\\N") if column.null_count else column
    said = [chunk.buffers()[2].to_pybytes() for chunk in column.chunks if chunk.buffers()[2]]
    for mark, written in ESCAPES.items():
        if any(mark.encode() in data for data in said):
            column = pc.replace_substring(column, mark, written)
    return pc.fill_null(column, "\\N")
