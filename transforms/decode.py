"""Owns the way in: raw bytes of one part → tables in which every source column is text, at most 50,000 rows each.

Nothing is inferred: a number keeps the digits it was written with, because an 18-digit identity number read as a float
becomes another person's. Beside the source's columns each table has `_row`, the position within the part, and may have
`_ragged` ("1": this row did not have the form of the others; its cells are null).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa

from schemas.errors import ConfigurationError
from schemas.nearest import nearest
from transforms.decoders.delimited import read_delimited
from transforms.decoders.header import plain_name as tidy_header
from transforms.decoders.parquet import read_parquet
from transforms.decoders.rows import read_rows
from transforms.decoders.sheets import read_sheet

__all__ = ["checked_format", "read_tables", "tidy_header"]

Decoder = Callable[[BinaryIO, Mapping[str, Any], str], Iterator[pa.Table]]
DECODERS: dict[str, Decoder] = {
    "parquet": read_parquet,
    "json": read_rows,
    "csv": read_delimited,
    "xlsx": read_sheet,
}
KEYS = frozenset({"kind", "rows", "encoding", "delimiter", "sheet", "header"})


def read_tables(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Read one part. `fmt` is the mapping's `format`; `part` names the part in errors.

    Raises SourceChanged when the part as a whole cannot be read, ConfigurationError when `fmt` cannot be obeyed.
    """
    return DECODERS[checked_format(fmt, part)](stream, fmt, part)


def checked_format(fmt: Mapping[str, Any], where: str) -> str:
    """The format's kind. Raises ConfigurationError for a kind or a key that does not exist."""
    kind = str(fmt.get("kind", ""))
    if kind not in DECODERS:
        raise ConfigurationError(
            f"there is no format {kind or '(blank)'}",
            where=f"{where}: format.kind",
            remedy=nearest(kind, list(DECODERS)),
        )
    for key in fmt:
        if key not in KEYS:
            raise ConfigurationError(
                f"{key} is not a key here", where=f"{where}: format.{key}", remedy=nearest(str(key), sorted(KEYS))
            )
    return kind
