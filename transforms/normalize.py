"""Raw text columns → the standard's typed columns, with a finding for everything that could not be read for certain."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ConfigurationError, SourceChanged
from schemas.findings import Flag
from schemas.nearest import nearest
from transforms.mapping import FieldPlan, Plan


@dataclass(frozen=True)
class Normalized:
    """`table`: canonical columns; `operation`: upsert or revoke per row; `flags`: rows within this table."""

    table: pa.Table
    operation: pa.Array
    flags: list[Flag]


def normalize(raw: pa.Table, plan: Plan) -> Normalized:
    """Raises SourceChanged when a column the mapping reads is gone."""
    _check_columns(raw, plan)
    schema, flags = plan.record_type.arrow_schema(), _row_flags(raw, plan)
    planned = {f.name: f for f in plan.fields}
    columns = []
    for field in schema:
        if field.name not in planned:
            columns.append(pa.nulls(raw.num_rows, field.type))
            continue
        values, found = _convert(raw, planned[field.name])
        if values.type != field.type:
            raise ConfigurationError(
                f"its converter gives {values.type}, the field is {field.type}",
                where=f"{plan.where}: fields.{field.name}",
                remedy="use a converter of the field's kind",
            )
        columns.append(values)
        flags += found
    return Normalized(pa.table(columns, schema=schema), _operations(raw, plan), flags)


def _convert(raw: pa.Table, field: FieldPlan) -> tuple[pa.Array, list[Flag]]:
    if field.constant is not None:
        done = field.converter(pa.array([field.constant], pa.string()), field.params)
        return done.values.take(pa.array(np.zeros(raw.num_rows, dtype=np.int64))), []
    done = field.converter(_source(raw, field), field.params)
    return done.values, [Flag(f.code, field.name, f.rows) for f in done.flags]


def _source(raw: pa.Table, field: FieldPlan) -> pa.Array:
    """One column, or several joined with blanks left out; written words for empty become null."""
    columns = [_null_words(raw[name].combine_chunks(), field.null_words) for name in field.columns]
    if len(columns) == 1:
        return columns[0]
    blank_free = [pc.if_else(pc.equal(pc.utf8_trim_whitespace(c), ""), None, c) for c in columns]
    joined = pc.binary_join_element_wise(*blank_free, field.join, null_handling="skip")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def _null_words(column: pa.Array, words: tuple[str, ...]) -> pa.Array:
    if not words:
        return column
    empty = pc.is_in(pc.utf8_trim_whitespace(column), value_set=pa.array(words, pa.string()))
    return pc.if_else(empty, pa.scalar(None, pa.string()), column)


def _operations(raw: pa.Table, plan: Plan) -> pa.Array:
    hits = [
        pc.fill_null(
            pc.is_in(pc.utf8_trim_whitespace(raw[name].combine_chunks()), value_set=pa.array(sorted(values))), False
        )
        for name, values in plan.revoke
    ]
    revoked = reduce(pc.or_, hits, pa.array(np.zeros(raw.num_rows, dtype=bool)))
    return pc.if_else(revoked, "revoke", "upsert")


def _check_columns(raw: pa.Table, plan: Plan) -> None:
    for name in sorted(plan.reads):
        if name not in raw.column_names:
            raise SourceChanged(
                f"the source no longer has the column {name}",
                where=plan.where,
                remedy=nearest(name, [c for c in raw.column_names if not c.startswith("_")]),
            )


def _row_flags(raw: pa.Table, plan: Plan) -> list[Flag]:
    """Rows that are no records, and columns nobody decided about."""
    flags = []
    if "_ragged" in raw.column_names:
        flags.append(Flag("ROW_RAGGED", "", _rows(pc.is_valid(raw["_ragged"].combine_chunks()))))
    known = plan.reads | plan.ignored | plan.also_read
    for name in raw.column_names:
        if not name.startswith("_") and name not in known:
            filled = pc.fill_null(pc.not_equal(raw[name].combine_chunks(), ""), False)
            flags.append(Flag("SOURCE_COLUMN_UNREAD", name, _rows(filled)))
    return [flag for flag in flags if flag.rows.size]


def _rows(mask: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False)).astype(np.int64)
