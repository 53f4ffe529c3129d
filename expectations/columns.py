"""A table as the rules see it: every property a text, a list of groups, or null; text only where a rule needs it.

`text(name)`: the column as canonical text; `spread(name, judge)`: a judgement of texts, made once per distinct value
and spread over the rows. Masks are numpy booleans, one a row.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

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
        self._elements: dict[str, Elements] = {}

    def is_list(self, name: str) -> bool:
        return bool(pa.types.is_list(self._table.schema.field(name).type))

    def elements(self, name: str) -> "Elements":
        """What stands in a column of lists of groups, one row an element."""
        if name not in self._elements:
            self._elements[name] = _elements(self.column(name), self.rows)
        return self._elements[name]

    def column(self, name: str) -> pa.Array:
        if name not in self._pieces:
            column = self._table[name]
            piece = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            if isinstance(piece, pa.ChunkedArray):
                piece = pa.concat_arrays(piece.chunks) if piece.num_chunks else pa.array([], column.type)
            self._pieces[name] = piece.cast(pa.string()) if pa.types.is_null(piece.type) else piece
        return self._pieces[name]

    def text(self, name: str) -> pa.Array:
        """The column as canonical text, all rows; a list is no text."""
        column = self.column(name)
        if self.is_list(name):
            return pa.nulls(self.rows, pa.string())
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
        """Rows whose text `judge` says True of; nulls and lists never; None when there is none."""
        if self.is_list(name):
            return None
        encoded = self._encoded(name)
        hit = judge(as_text(encoded.dictionary))
        if not pc.any(hit).as_py():
            return None
        return to_mask(hit.take(encoded.indices), False)

    def _encoded(self, name: str) -> pa.DictionaryArray:
        if name not in self._distinct:
            self._distinct[name] = self.column(name).dictionary_encode()
        return self._distinct[name]


@dataclass(frozen=True)
class Elements:
    """The elements of a column of lists as a table of their own. `sizes`: how many each row has, 0 where it is null.

    `columns`: those that are no null; `parents`: the row each of them stands in; `empty`: rows with a null among them.
    """

    columns: Columns
    parents: npt.NDArray[np.int64]
    empty: Mask
    sizes: npt.NDArray[np.int64]

    def rows_of(self, mask: Mask | None) -> Mask | None:
        """The rows that hold any of the elements of a mask."""
        return None if mask is None else _rows(self.parents[mask], len(self.sizes))


def _elements(lists: pa.Array, rows: int) -> Elements:
    groups, parents = lists.flatten(), pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    there = to_mask(groups.is_valid(), False)
    if not there.all():
        groups = groups.filter(pa.array(there))
    sizes = pc.fill_null(pc.list_value_length(lists), 0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    table = pa.table(groups.flatten(), names=[field.name for field in groups.type])
    return Elements(Columns(table), parents[there], _rows(parents[~there], rows), sizes)


def _rows(numbers: npt.NDArray[np.int64], rows: int) -> Mask:
    mask = np.zeros(rows, dtype=bool)
    mask[numbers] = True
    return mask


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
