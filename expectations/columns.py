"""A table as the rules see it: every property a text or null, rendered only where a rule needs the text.

`text(name)`: the column as canonical text; `spread(name, judge)`: a judgement of texts, made once per distinct value
and spread over the rows. Masks are numpy booleans, one a row.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
TIMESTAMP = "%Y-%m-%dT%H:%M:%S%Ez"  # as transforms/identity.py writes it


def to_mask(values: pa.Array | pa.ChunkedArray, null: bool) -> Mask:
    """Arrow booleans as a mask; a null becomes `null`."""
    filled = values.fill_null(null) if values.null_count else values
    return np.asarray(filled.to_numpy(zero_copy_only=False) if isinstance(filled, pa.Array) else filled, dtype=bool)


def as_text(values: pa.Array) -> pa.Array:
    """Canonical text: ISO dates, money without trailing zeros or exponent, `true`/`false`."""
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return values
    if pa.types.is_timestamp(kind):
        return pc.strftime(values, format=TIMESTAMP)
    text = pc.cast(values, pa.string())
    if pa.types.is_decimal(kind) and kind.scale > 0:
        return pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")
    return text


class Columns:
    """One table, its columns in one piece and their distinct values, each found at most once."""

    def __init__(self, table: pa.Table) -> None:
        self.rows = table.num_rows
        self.names = frozenset(table.column_names)
        self._table = table
        self._pieces: dict[str, pa.Array] = {}
        self._distinct: dict[str, pa.DictionaryArray] = {}
        self._texts: dict[str, pa.Array] = {}

    def column(self, name: str) -> pa.Array:
        if name not in self._pieces:
            column = self._table[name]
            piece = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            if isinstance(piece, pa.ChunkedArray):
                piece = pa.concat_arrays(piece.chunks) if piece.num_chunks else pa.array([], column.type)
            self._pieces[name] = piece.cast(pa.string()) if pa.types.is_null(piece.type) else piece
        return self._pieces[name]

    def text(self, name: str) -> pa.Array:
        """The column as canonical text, all rows."""
        column = self.column(name)
        if pa.types.is_string(column.type):
            return column
        if name not in self._texts:
            encoded = self._encoded(name)
            self._texts[name] = as_text(encoded.dictionary).take(encoded.indices)
        return self._texts[name]

    def nulls(self, name: str) -> Mask | None:
        column = self.column(name)
        return to_mask(column.is_null(), True) if column.null_count else None

    def spread(self, name: str, judge: Callable[[pa.Array], pa.Array]) -> Mask | None:
        """Rows whose text `judge` says True of; nulls never; None when there is none."""
        encoded = self._encoded(name)
        hit = judge(as_text(encoded.dictionary))
        if not pc.any(hit).as_py():
            return None
        return to_mask(hit.take(encoded.indices), False)

    def _encoded(self, name: str) -> pa.DictionaryArray:
        if name not in self._distinct:
            self._distinct[name] = self.column(name).dictionary_encode()
        return self._distinct[name]


def either(masks: Iterable[Mask | None]) -> Mask | None:
    """True where any is; None stands for all False."""
    found: Mask | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found | mask
    return found


def both(one: Mask | None, other: Mask | None) -> Mask | None:
    return None if one is None or other is None else one & other


def opposite(mask: Mask | None, rows: int) -> Mask | None:
    """True where the mask is not."""
    return np.ones(rows, dtype=bool) if mask is None else ~mask
