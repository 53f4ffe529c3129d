"""Suites: what a record type is expected to be, judged by Great Expectations chunk by chunk, counted over the batch.

A suite is the base that the record type's schema gives (`suite_base.py`) and what `suites/<record_type>.yaml` adds to
it; a type without a file has the base alone. The library gives the verdicts, our column masks the rows; when the
two disagree nothing is reported but an error. Results carry counts and row positions, never a value.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from expectations.columns import Mask
from expectations.fingerprints import Fingerprints
from expectations.frames import frame_of
from expectations.suite_base import base_of
from expectations.suite_files import Expected, read_suite
from expectations.suite_masks import UNEXPECTED
from schemas.findings import Flag
from schemas.standard import RecordType

CHUNK_ROWS = 50_000
PARAMETER = "$PARAMETER"


@dataclass
class Outcome:
    """One expectation over the whole batch. `success`: at most the share that `mostly` allows is unexpected."""

    expected: Expected
    evaluated: int = 0
    unexpected: int = 0

    @property
    def success(self) -> bool:
        return self.unexpected <= round((1 - self.expected.mostly) * self.evaluated, 9)

    def to_json(self) -> dict[str, Any]:
        item = self.expected
        return {
            "id": item.id,
            "type": item.type,
            "severity": item.severity,
            "base": bool(item.rule),
            "columns": list(item.columns),
            "evaluated": self.evaluated,
            "unexpected": self.unexpected,
            "success": self.success,
            "title_zh": item.title_zh,
            "title_en": item.title_en,
        }


@dataclass
class SuiteResult:
    """The judgement of one batch. `flags`: for each chunk in turn, the rows that went against an expectation.

    `base`: what the schema asks, counted; its rows are flagged by the record rules. `filled`: rows that hold a
    value, by optional field.
    """

    record_type: str
    business_date: date
    outcomes: tuple[Outcome, ...]
    base: tuple[Outcome, ...] = ()
    rows: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    flags: list[list[Flag]] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """No critical expectation failed."""
        judged = (*self.base, *self.outcomes)
        return all(outcome.success for outcome in judged if outcome.expected.severity == "critical")

    def to_json(self) -> dict[str, Any]:
        """Counts and titles, no value and no row."""
        return {
            "record_type": self.record_type,
            "business_date": self.business_date.isoformat(),
            "rows": self.rows,
            "success": self.success,
            "expectations": [outcome.to_json() for outcome in (*self.outcomes, *self.base)],
            "filled": self.filled,
        }


class Suite:
    """The expectations of one record type, under the field names of the version of `kind`.

    Raises StandardError when its file cannot be obeyed.
    """

    def __init__(self, record_type: str, kind: RecordType) -> None:
        self.record_type = record_type
        self.expected = read_suite(record_type, kind)
        self.base = base_of(kind)
        self._optional = [field.name for field in kind.fields if not field.required]

    def judge(self, chunks: Iterable[pa.Table], *, business_date: date) -> SuiteResult:
        """Judge a batch given as chunks, each read once and let go."""
        own, base = (tuple(Outcome(item) for item in items) for items in (self.expected, self.base))
        result = SuiteResult(self.record_type, business_date, own, base, filled=dict.fromkeys(self._optional, 0))
        unique = [
            (outcome, Fingerprints(outcome.expected.columns)) for outcome in result.outcomes if outcome.expected.unique
        ]
        for chunk in chunks:
            flags: list[Flag] = []
            for first in range(0, chunk.num_rows, CHUNK_ROWS):
                piece = chunk.slice(first, CHUNK_ROWS).combine_chunks()
                flags += [Flag(f.code, f.field, f.rows + first) for f in self._judge_piece(piece, result)]
            result.flags.append(_joined(flags))
            result.rows += chunk.num_rows
            for name in self._optional:
                result.filled[name] += chunk.num_rows - chunk[name].null_count
            for _, seen in unique:
                seen.add(chunk)
        for outcome, seen in unique:
            self._judge_unique(outcome, seen, result)
        return result

    @cached_property
    def _columns(self) -> list[str]:
        return sorted({column for item in self.expected if not item.unique for column in item.columns})

    @cached_property
    def _suite(self) -> Any:
        return build([item for item in self.expected if not item.unique], self.record_type)

    def _judge_piece(self, piece: pa.Table, result: SuiteResult) -> Iterable[Flag]:
        from expectations.arrow_expectations import verdicts

        _count_base(piece, result)
        if not self._columns:
            return
        parameters = {"business_date": result.business_date}
        frame = frame_of(piece, self._columns)
        outcomes = [outcome for outcome in result.outcomes if not outcome.expected.unique]
        for outcome, held in zip(outcomes, verdicts(frame, self._suite, parameters), strict=True):
            columns = [_one(piece[name]) for name in outcome.expected.columns]
            outcome.evaluated += _evaluated(outcome.expected, columns)
            if not held:
                kwargs = _with_parameters(outcome.expected.kwargs, parameters)
                yield from _flag(outcome, UNEXPECTED[outcome.expected.type](columns, kwargs))

    def _judge_unique(self, outcome: Outcome, seen: Fingerprints, result: SuiteResult) -> None:
        from expectations.arrow_expectations import verdicts

        frame = seen.frame()
        outcome.evaluated += len(frame)
        if not len(frame) or verdicts(frame, build([outcome.expected], self.record_type), {})[0]:
            return
        for number, mask in enumerate(seen.repeated()):
            if mask.any():
                result.flags[number] += _flag(outcome, mask)


def build(expected: list[Expected], name: str) -> Any:
    """The library's suite of these expectations; `mostly` is judged over the batch, not per chunk."""
    from expectations.arrow_expectations import arrow_class, quiet

    with quiet():
        import great_expectations as gx

        return gx.ExpectationSuite(
            name=name,
            expectations=[
                arrow_class(item.type)(**{**item.kwargs, "mostly": 1}, severity=item.severity, meta={"id": item.id})
                for item in expected
            ],
        )


def _count_base(piece: pa.Table, result: SuiteResult) -> None:
    """By the masks alone: the library takes some 4 ms for each expectation and chunk, and counts the same."""
    for outcome in result.base:
        columns = [_one(piece[name]) for name in outcome.expected.columns]
        outcome.evaluated += _evaluated(outcome.expected, columns)
        outcome.unexpected += int(UNEXPECTED[outcome.expected.type](columns, outcome.expected.kwargs).sum())


def _flag(outcome: Outcome, mask: Mask) -> list[Flag]:
    rows = np.flatnonzero(mask).astype(np.int64)
    if not rows.size:
        raise RuntimeError(f"expectation {outcome.expected.id}: verdict and rows disagree")
    outcome.unexpected += int(rows.size)
    return [Flag(outcome.expected.code, outcome.expected.blamed, rows)]


def _joined(flags: list[Flag]) -> list[Flag]:
    rows: dict[tuple[str, str], list[Any]] = {}
    for flag in flags:
        rows.setdefault((flag.code, flag.field), []).append(flag.rows)
    return [Flag(code, name, np.concatenate(parts)) for (code, name), parts in rows.items()]


def _evaluated(item: Expected, columns: list[pa.Array]) -> int:
    if item.type == "expect_column_values_to_not_be_null":
        return len(columns[0])
    present = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        if column.null_count:
            present &= column.is_valid().to_numpy(zero_copy_only=False)
    return int(present.sum())


def _with_parameters(kwargs: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        key: parameters[value[PARAMETER]] if isinstance(value, dict) and PARAMETER in value else value
        for key, value in kwargs.items()
    }


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
