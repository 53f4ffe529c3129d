"""What a converter is: a total function from a text column and its parameters to typed values and flags.

One rule holds for all of them: a value that was flagged with an *error* is null. What is not certain
has no value; the raw text stays one column away. A *warning* keeps its value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from schemas.findings import Flag

TEXT = pa.string()
DATE = pa.date32()
DATETIME = pa.timestamp("s", "Asia/Shanghai")
MONEY = pa.decimal128(20, 6)
BOOLEAN = pa.bool_()

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Converted:
    """One column: `values` as long as the input, `flags` with row positions within it."""

    values: pa.Array
    flags: tuple[Flag, ...]


Converter = Callable[[pa.Array, Parameters], Converted]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says: a value or None, and the codes of what was found on the way."""

    value: object = None
    codes: tuple[str, ...] = ()


Scalar = Callable[[str, Parameters], Reading]


@dataclass(frozen=True, slots=True)
class Sure:
    """What a fast path settled: `rows` True where `values` (as long as the column) is final and unflagged."""

    rows: pa.BooleanArray
    values: pa.Array


Fast = Callable[[pa.Array, Parameters], Sure]
