"""Expectations as column masks: where a column goes against one, computed on Arrow, exact for money and dates.

Named by the expectation types of Great Expectations. Nulls never go against anything but `not_be_null`; a null is
not evaluated. Great Expectations judges by these same masks (`arrow_expectations.py`), so rows and verdict agree.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.columns import Mask, to_mask
from expectations.patterns import compile_pattern

Unexpected = Callable[[list[pa.Array], dict[str, Any]], Mask]


def _distinctly(values: pa.Array, judge: Callable[[pa.Array], pa.Array]) -> Mask:
    encoded = values.dictionary_encode()
    return to_mask(judge(encoded.dictionary).take(encoded.indices), False)


def null(columns: list[pa.Array], _kwargs: dict[str, Any]) -> Mask:
    return to_mask(columns[0].is_null(), True)


def length(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    return _outside(pc.utf8_length(columns[0]), kwargs)


def outside_set(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    allowed = pa.array(list(kwargs["value_set"]), columns[0].type)
    return _distinctly(columns[0], lambda values: pc.invert(pc.is_in(values, value_set=allowed)))


def no_match(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    pattern = compile_pattern(kwargs["regex"], "regex")
    return _distinctly(columns[0], lambda values: pc.invert(pc.match_substring_regex(values, pattern)))


def match(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    pattern = compile_pattern(kwargs["regex"], "regex")
    return _distinctly(columns[0], lambda values: pc.match_substring_regex(values, pattern))


def out_of_range(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    return _outside(columns[0], kwargs)


def not_after(columns: list[pa.Array], kwargs: dict[str, Any]) -> Mask:
    """Rows in which A is not greater than B (or not at least B with `or_equal`); a null on either side says nothing."""
    compare = pc.less if kwargs.get("or_equal") else pc.less_equal
    return to_mask(compare(columns[0], columns[1]), False)


def _outside(values: pa.Array, kwargs: dict[str, Any]) -> Mask:
    unexpected = np.zeros(len(values), dtype=bool)
    if kwargs.get("min_value") is not None:
        below = pc.less_equal if kwargs.get("strict_min") else pc.less
        unexpected |= to_mask(below(values, bound(kwargs["min_value"], values.type)), False)
    if kwargs.get("max_value") is not None:
        above = pc.greater_equal if kwargs.get("strict_max") else pc.greater
        unexpected |= to_mask(above(values, bound(kwargs["max_value"], values.type)), False)
    return unexpected


def bound(value: Any, kind: pa.DataType) -> pa.Scalar:
    """A limit in the column's own type: never a float beside money."""
    if pa.types.is_decimal(kind):
        return pa.scalar(Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale)), pa.decimal128(38, kind.scale))
    if pa.types.is_integer(kind):
        return pa.scalar(int(value), kind)
    return pa.scalar(str(value)).cast(kind)


UNEXPECTED: dict[str, Unexpected] = {
    "expect_column_values_to_not_be_null": null,
    "expect_column_value_lengths_to_be_between": length,
    "expect_column_values_to_be_in_set": outside_set,
    "expect_column_values_to_match_regex": no_match,
    "expect_column_values_to_not_match_regex": match,
    "expect_column_values_to_be_between": out_of_range,
    "expect_column_pair_values_a_to_be_greater_than_b": not_after,
}
