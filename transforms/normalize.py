"""Raw text columns → the standard's typed columns, with a finding for everything that could not be read for certain."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import SourceChanged
from schemas.findings import Flag
from schemas.nearest import nearest
from transforms.converters.by_record import by_record
from transforms.decoders.header import ABSENT, RAGGED
from transforms.mapping import FieldPlan, Plan


@dataclass(frozen=True)
class Normalized:
    """`table`: canonical columns; `operation`: upsert or revoke per row; `flags`: rows within this table."""

    table: pa.Table
    operation: pa.Array
    flags: list[Flag]


def normalize(raw: pa.Table, plan: Plan) -> Normalized:
    """Raises SourceChanged when a column the mapping reads is gone."""
    raw = _with_absent_columns(raw, plan)
    schema, flags = plan.record_type.arrow_schema(), _row_flags(raw, plan)
    planned = {f.name for f in plan.fields}
    columns = {field.name: pa.nulls(raw.num_rows, field.type) for field in schema if field.name not in planned}
    for field in sorted(plan.fields, key=lambda field: field.by is not None):  # those that ask another one come last
        columns[field.name], found = _convert(raw, field, columns)
        flags += found
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    return Normalized(table, _operations(raw, plan), flags)


def _convert(raw: pa.Table, field: FieldPlan, done_before: Mapping[str, pa.Array]) -> tuple[pa.Array, list[Flag]]:
    if field.constant is not None:
        done = field.converter(pa.array([field.constant], pa.string()), field.params)
        return done.values.take(pa.array(np.zeros(raw.num_rows, dtype=np.int64))), []
    if field.by is None:
        done = field.converter(_source(raw, field), field.params)
    else:
        parameter, name = field.by
        done = by_record(field.converter, _source(raw, field), field.params, parameter, done_before[name])
    return done.values, [Flag(f.code, field.name, f.rows) for f in done.flags]


def _source(raw: pa.Table, field: FieldPlan) -> pa.Array:
    """One column, or several joined with blanks left out; written words for empty become null."""
    columns = [_null_words(raw[name].combine_chunks(), field.null_words) for name in field.columns]
    columns = [_own_words(column, field.words) for column in columns]
    if len(columns) == 1:
        return columns[0]
    nothing = pa.scalar(None, pa.string())
    return reduce(
        lambda done, more: _joined(done, more, field.join),
        [pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), nothing, column) for column in columns],
    )


def _joined(done: pa.Array, more: pa.Array, sign: str) -> pa.Array:
    """Two columns in one. Not by `null_handling="skip"`: Arrow 26 loses the rows in which everything is null."""
    return pc.coalesce(pc.binary_join_element_wise(done, more, sign, null_handling="emit_null"), done, more)


def _null_words(column: pa.Array, words: tuple[str, ...]) -> pa.Array:
    if not words:
        return column
    empty = pc.is_in(pc.utf8_trim_whitespace(column), value_set=pa.array(words, pa.string()))
    if not pc.any(empty, min_count=0).as_py():
        return column
    return pc.if_else(empty, pa.scalar(None, pa.string()), column)


def _own_words(column: pa.Array, words: Mapping[str, str]) -> pa.Array:
    """A value the table does not name stays as it is, for the converter to judge."""
    if not words:
        return column
    found = pc.index_in(pc.utf8_trim_whitespace(column), value_set=pa.array(list(words), pa.string()))
    return pc.coalesce(pc.take(pa.array(list(words.values()), pa.string()), found), column)


def _operations(raw: pa.Table, plan: Plan) -> pa.Array:
    hits = [
        pc.fill_null(
            pc.is_in(pc.utf8_trim_whitespace(raw[name].combine_chunks()), value_set=pa.array(sorted(values))), False
        )
        for name, values in plan.revoke
    ]
    revoked = reduce(pc.or_, hits, pa.array(np.zeros(raw.num_rows, dtype=bool)))
    return pc.if_else(revoked, "revoke", "upsert")


def _with_absent_columns(raw: pa.Table, plan: Plan) -> pa.Table:
    """JSON leaves blank columns out: there an absent column is null, unless a required field lives on it."""
    may_lack = (raw.schema.metadata or {}).get(ABSENT) == b"null"
    for name in sorted(plan.reads - set(raw.column_names)):
        if not may_lack or name in plan.required_columns:
            raise SourceChanged(
                f"the source no longer has the column {name}",
                where=plan.where,
                remedy=nearest(name, [c for c in raw.column_names if not c.startswith("_")]),
            )
        raw = raw.append_column(name, pa.nulls(raw.num_rows, pa.string()))
    return raw


def _row_flags(raw: pa.Table, plan: Plan) -> list[Flag]:
    """Rows that are no records, and columns nobody decided about."""
    ragged = np.zeros(raw.num_rows, dtype=bool)
    if RAGGED in raw.column_names:
        ragged = raw[RAGGED].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    blank = _blank(raw) & ~ragged
    flags = [Flag("ROW_RAGGED", "", np.flatnonzero(ragged)), Flag("ROW_BLANK", "", np.flatnonzero(blank))]
    known = plan.reads | plan.ignored | plan.also_read
    for name in raw.column_names:
        if not name.startswith("_") and name not in known:
            filled = pc.fill_null(pc.not_equal(raw[name].combine_chunks(), ""), False)
            flags.append(Flag("SOURCE_COLUMN_UNREAD", name, _rows(filled)))
    return [flag for flag in flags if flag.rows.size]


def _blank(raw: pa.Table) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """True where no column of the source says anything; looks at columns only until every row has said something."""
    blank = np.ones(raw.num_rows, dtype=bool)
    for name in raw.column_names:
        if not name.startswith("_") and blank.any():
            filled = pc.not_equal(pc.utf8_trim_whitespace(raw[name].combine_chunks()), "")
            blank &= ~pc.fill_null(filled, False).to_numpy(zero_copy_only=False)
    return blank


def _rows(mask: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False)).astype(np.int64)
