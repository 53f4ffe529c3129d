"""Fixed-width text as a matrix of bytes, so that dates and codes are checked by numpy, not one by one."""

from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.contract import Sure

Bytes = npt.NDArray[np.uint8]
DASHES = str.maketrans("", "", "-‐‑‒–—―− ")


def fixed_width(column: pa.Array, width: int) -> tuple[npt.NDArray[np.int64], Bytes]:
    """Rows whose text is exactly `width` bytes, and those bytes as a matrix of one row each."""
    mask = pc.fill_null(pc.equal(pc.binary_length(column), width), False)
    rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
    if not len(rows):
        return rows, np.empty((0, width), dtype=np.uint8)
    chosen = column if len(rows) == len(column) else column.filter(mask)
    start = np.frombuffer(chosen.buffers()[1], dtype=np.int32)[chosen.offset]
    flat = np.frombuffer(chosen.buffers()[2], dtype=np.uint8)[start : start + len(rows) * width]
    return rows, flat.reshape(len(rows), width)


def number(matrix: Bytes, first: int, last: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Columns first..last-1 read as a decimal number, and whether all of them are digits."""
    part = matrix[:, first:last].astype(np.int64) - 48
    value = np.zeros(len(matrix), dtype=np.int64)
    for place in range(last - first):
        value = value * 10 + part[:, place]
    return value, every((part >= 0) & (part <= 9))


def every(good: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows of a matrix in which all is True."""
    found: npt.NDArray[np.bool_] = np.logical_and.reduce(good, axis=1)
    return found


def days(
    year: npt.NDArray[np.int64], month: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Days since 1970-01-01 and whether the calendar has that day. Years must be 1..9999."""
    real = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1) & (year <= 9999)
    months = np.where(real, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[D]").astype(np.int64)
    value = first + day - 1
    return value.astype(np.int32), real & (value < after)


def mask(rows: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    """A mask of `length` with True at `rows`."""
    found = np.zeros(length, dtype=bool)
    found[rows] = True
    return found


def sure(rows: npt.NDArray[np.int64], good: npt.NDArray[np.bool_], column: pa.Array) -> Sure:
    """The good ones among `rows` are settled as they stand."""
    return Sure(pa.array(mask(rows[good], len(column))), column)


def signs(text: str) -> str:
    """Letters and digits of an identifier: half-width, upper case, without spaces, hyphens and Excel's marks of a text
    ('123, ="123")."""
    return normalize("NFKC", text).upper().translate(DASHES).removeprefix("=").strip("'\"‘’“”`")


def is_masked(number: str) -> bool:
    """Whether signs were struck out on purpose: 110105********002X."""
    return "**" in number
