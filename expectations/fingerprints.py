"""Uniqueness over a whole batch in flat memory: sixteen bytes a row, whatever the text.

Each key column becomes a 64-bit fingerprint; two different keys agree in both columns about once in 10^38 pairs. A key
with an empty part is not judged.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from expectations.columns import Mask

Prints = npt.NDArray[np.uint64]


class Fingerprints:
    """The keys seen so far, chunk by chunk."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._prints: list[list[Prints]] = [[] for _ in columns]
        self._rows: list[npt.NDArray[np.int64]] = []
        self._sizes: list[int] = []

    def add(self, chunk: pa.Table) -> None:
        present = np.ones(chunk.num_rows, dtype=bool)
        for name in self._columns:
            present &= chunk[name].is_valid().to_numpy()
        rows = np.flatnonzero(present).astype(np.int64)
        for kept, name in zip(self._prints, self._columns, strict=True):
            kept.append(_prints(chunk[name])[rows])
        self._rows.append(rows)
        self._sizes.append(chunk.num_rows)

    def frame(self) -> Any:
        """All whole keys as a frame of fingerprints, named as the columns are."""
        import pandas as pd

        empty = np.empty(0, dtype=np.uint64)
        parts = {name: np.concatenate([empty, *kept]) for name, kept in zip(self._columns, self._prints, strict=True)}
        return pd.DataFrame(parts)

    def repeated(self) -> Iterator[Mask]:
        """For each chunk the rows whose key occurs more than once in the batch, the first one too."""
        repeated = self.frame().duplicated(keep=False).to_numpy()
        at = 0
        for rows, size in zip(self._rows, self._sizes, strict=True):
            mask = np.zeros(size, dtype=bool)
            mask[rows] = repeated[at : at + rows.size]
            at += rows.size
            yield mask


def _prints(column: pa.ChunkedArray) -> Prints:
    import polars as pl

    series = pl.from_arrow(column)
    assert isinstance(series, pl.Series)
    return np.asarray(series.hash(seed=0).to_numpy(), dtype=np.uint64)
