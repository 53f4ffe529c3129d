"""Owns what all decoders share: how header cells are compared, and the columns that decoding itself adds."""

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from schemas.errors import SourceChanged

ROW = "_row"
RAGGED = "_ragged"
ABSENT = b"absent"
"""Schema metadata `absent: null`: a format that may leave a blank column out (JSON) says so here."""
CHUNK = 50_000
BLANKS = re.compile(r"[\s\u200b\ufeff]+")
SURROGATES = re.compile("[\ud800-\udfff]")


def plain_name(cell: object) -> str:
    """A header cell without the spaces and line breaks that people put there; half a character becomes U+FFFD."""
    return SURROGATES.sub("\ufffd", BLANKS.sub("", "" if cell is None else str(cell)))


def plain_names(cells: Iterable[object], where: str) -> list[str]:
    """All header cells, compared without blanks; an empty cell is called `column_<n>`.

    Raises SourceChanged when two columns come out with one name.
    """
    names = [plain_name(cell) or f"column_{n}" for n, cell in enumerate(cells, start=1)]
    doubled = sorted({name for name in names if names.count(name) > 1 or name in (ROW, RAGGED)})
    if doubled:
        raise SourceChanged(
            f"{len(doubled)} column name(s) stand for more than one column: {', '.join(doubled)}",
            where=where,
            remedy="have the department rename or remove the doubled columns; nothing was read from this part",
        )
    return names


def text_column(values: list[str | None]) -> pa.Array:
    """Python text as an Arrow column; half of a character pair cannot be stored and becomes U+FFFD, as on decoding."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([v and SURROGATES.sub("\ufffd", v) for v in values], pa.string())


def numbered(table: pa.Table, first: int) -> pa.Table:
    """The table with `_row`, positions within the part from `first`."""
    return table.append_column(ROW, pa.array(np.arange(first, first + table.num_rows, dtype=np.int64)))


def regrouped(tables: Iterable[pa.Table], rows: int = CHUNK) -> Iterator[pa.Table]:
    """The same rows in tables of exactly `rows`, the last one shorter."""
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(table)
        held += table.num_rows
        while held >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows)
            waiting, held = [whole.slice(rows)], held - rows
    if held:
        yield pa.concat_tables(waiting)
