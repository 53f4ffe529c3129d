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


Run = Callable[[pa.Array, Parameters], Converted]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may say: one of `words` where there are any, else text that `fits`; `remedy` for the rest.

    A parameter with `sorts` may also differ from record to record: a mapping names another field under
    `<parameter>_field`, and `sorts` makes of that field's values (of one of `kinds`) the parameter's, few of them.
    """

    remedy: str
    words: tuple[str, ...] = ()
    fits: Callable[[str], bool] = bool
    kinds: tuple[str, ...] = ()
    sorts: Callable[[pa.Array], pa.Array] | None = None


@dataclass(frozen=True, slots=True)
class Converter:
    """`run` over a column of text, and the parameters it `takes`."""

    run: Run
    takes: Mapping[str, Parameter]

    def __call__(self, column: pa.Array, parameters: Parameters) -> Converted:
        return self.run(column, parameters)


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
