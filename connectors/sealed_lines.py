"""The sealed lines as columns (封装行成列), for receivers whose form is a table: exchange tables, CSV."""

import io
import json

import polars as pl
import pyarrow as pa

from schemas.errors import ConfigurationError, GuijiError
from schemas.exchange import Sealed


def as_table(sealed: Sealed, where: str) -> pa.Table:
    """Every value as text. What cannot be put together again to the same bytes is refused.

    Raises ConfigurationError for a list, which has no place in a table.
    """
    with sealed.open() as body:
        content = body.read()
    first = json.loads(content.split(b"\n", 1)[0])
    if any(isinstance(value, list | dict) for value in first.values()):
        raise ConfigurationError(
            "a table has no room for a list",
            where=where,
            remedy="take lists out of the profile; xlsx has room for them",
        )
    kinds = {name: pl.Int64() if name == "cd_revision" else pl.String() for name in first}
    frame, again = pl.read_ndjson(io.BytesIO(content), schema=kinds), io.BytesIO()
    frame.write_ndjson(again)
    if again.getvalue() != content:
        raise GuijiError("the sealed lines are no table", where=where, remedy="report it: a defect of ours")
    table = frame.to_arrow()
    return pa.table([column.cast(pa.string()) for column in table.columns], names=list(first))
