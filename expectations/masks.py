"""Keywords of one property as column masks: where a value breaks its rule.

A check's `failing` gives the rows that break it, or None when none does; text keywords say nothing of nulls, as JSON
Schema wants it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.columns import Columns, Mask, both, to_mask
from expectations.patterns import compile_pattern

Failing = Callable[[Columns], Mask | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of one field: the code of its finding and the rows that break it."""

    code: str
    field: str
    failing: Failing


def required(field: str) -> Check:
    """The value may not be null."""
    return Check("FIELD_REQUIRED", field, lambda columns: columns.nulls(field))


def no_list(field: str) -> Check:
    """The value may not be a list."""
    return Check("FIELD_CONDITION", field, lambda columns: _present(columns, field) if columns.is_list(field) else None)


def no_text(field: str) -> Check:
    """The value may not be a text."""
    return Check("FIELD_CONDITION", field, lambda columns: None if columns.is_list(field) else _present(columns, field))


def fewest(field: str, limit: int) -> Check:
    """A list has at least `limit` elements."""
    return _sized("FIELD_TOO_FEW", field, lambda sizes: np.asarray(sizes < limit))


def most(field: str, limit: int) -> Check:
    """A list has at most `limit` elements."""
    return _sized("FIELD_TOO_MANY", field, lambda sizes: np.asarray(sizes > limit))


def _sized(code: str, field: str, wrong: Callable[[np.ndarray[Any, Any]], Mask]) -> Check:
    def failing(columns: Columns) -> Mask | None:
        if not columns.is_list(field):
            return None
        return both(wrong(columns.elements(field).sizes), _present(columns, field))

    return Check(code, field, failing)


def of_elements(field: str, check: Check) -> Check:
    """A rule of each element of a list, as a rule of the row that holds the list."""

    def failing(columns: Columns) -> Mask | None:
        if not columns.is_list(field):
            return None
        elements = columns.elements(field)
        return elements.rows_of(check.failing(elements.columns)) if elements.columns.rows else None

    return Check(check.code, f"{field}[].{check.field}" if check.field else f"{field}[]", failing)


def no_empty_element(field: str) -> Check:
    """No element of a list is null."""
    return Check(
        "FIELD_REQUIRED",
        f"{field}[]",
        lambda columns: columns.elements(field).empty if columns.is_list(field) else None,
    )


def _present(columns: Columns, field: str) -> Mask:
    nulls = columns.nulls(field)
    return everything(columns) if nulls is None else ~nulls


def empty(field: str) -> Check:
    """The value must be null (type null)."""

    def failing(columns: Columns) -> Mask | None:
        found = _present(columns, field)
        return found if found.any() else None

    return Check("FIELD_NOT_EMPTY", field, failing)


def one_of(field: str, allowed: Sequence[str | None], nulls_judged: bool) -> Check:
    """The value must be in the list; a null too, when its type does not already say so."""
    values = pa.array([value for value in allowed if value is not None], pa.string())

    def outside(columns: Columns) -> Mask | None:
        found = (
            _present(columns, field)
            if columns.is_list(field)
            else columns.spread(field, lambda text: pc.invert(pc.is_in(text, value_set=values)))
        )
        nulls = columns.nulls(field) if nulls_judged and None not in allowed else None
        if found is None or nulls is None:
            return nulls if found is None else found
        return found | nulls

    return Check("FIELD_NOT_IN_LIST", field, outside)


def longest(field: str, limit: int) -> Check:
    """At most `limit` code points; bytes bound code points, so a short column is never decoded."""

    def failing(columns: Columns) -> Mask | None:
        text = columns.text(field)
        if _largest(pc.binary_length(text)) <= limit:
            return None
        return _found(pc.greater(pc.utf8_length(text), limit))

    return Check("FIELD_TOO_LONG", field, failing)


def shortest(field: str, limit: int) -> Check:
    """At least `limit` code points."""

    def failing(columns: Columns) -> Mask | None:
        text = columns.text(field)
        size = pc.binary_length(text) if limit <= 1 else pc.utf8_length(text)
        return _found(pc.less(size, limit))

    return Check("FIELD_TOO_SHORT", field, failing)


def matching(field: str, pattern: str, where: str) -> Check:
    """The text must contain the pattern."""
    compiled = compile_pattern(pattern, where)

    def failing(columns: Columns) -> Mask | None:
        return columns.spread(field, lambda text: pc.invert(pc.match_substring_regex(text, compiled)))

    return Check("FIELD_PATTERN", field, failing)


def calendar_date(field: str) -> Check:
    """The text must be a day that exists, as `YYYY-MM-DD`."""

    def wrong(text: pa.Array) -> pa.Array:
        return pa.array([not is_date(value) for value in text.to_pylist()], pa.bool_())

    return Check("FIELD_DATE", field, lambda columns: columns.spread(field, wrong))


def is_date(text: str) -> bool:
    if len(text) != 10 or not text.isascii() or text[4] != "-" or text[7] != "-":
        return False
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def everything(columns: Columns) -> Mask:
    """All rows."""
    return np.ones(columns.rows, dtype=bool)


def _largest(sizes: pa.Array) -> int:
    largest: int | None = pc.max(sizes).as_py()
    return largest or 0


def _found(failing: pa.Array) -> Mask | None:
    return to_mask(failing, False) if pc.any(failing).as_py() else None
