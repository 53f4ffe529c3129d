"""Lists of groups in columns: flattened to a table of their own, worked on as columns, and put back."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def elements(lists: pa.Array) -> pa.Table:
    """One row an element, a column for each field of the group."""
    groups = lists.flatten()
    return pa.table(groups.flatten(), names=[field.name for field in groups.type])


def parents(lists: pa.Array) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """For each element the row that its list stands in."""
    return np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), dtype=np.int64)


def put_back(table: pa.Table, lists: pa.Array) -> pa.Array:
    """Rows of `table`, one for each element of `lists`, as lists of groups of the same sizes."""
    columns = [_one(column) for column in table.columns]
    groups = pa.StructArray.from_arrays(columns, names=table.column_names)
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(offsets(sizes), groups, mask=lists.is_null() if lists.null_count else None)


def offsets(sizes: "np.ndarray[Any, Any]") -> pa.Array:
    """Where each list begins, and where the last one ends."""
    return pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())


def _one(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
