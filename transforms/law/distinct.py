"""A column by its distinct values: the rules are asked once for each, however many records there are."""

import pyarrow as pa


def coded(column: pa.Array | pa.ChunkedArray, *, nulls: bool = False) -> pa.DictionaryArray:
    """`column` as distinct values and indices; null is a value of its own with `nulls`, else a null index."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.dictionary_encode(null_encoding="encode" if nulls else "mask")
