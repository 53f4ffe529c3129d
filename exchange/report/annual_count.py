"""Counts one layout's figures for one feed: a number where every open question leaves it unchanged, else the reasons.

What is open is never turned into a zero: a decision without a settled column, a revoked one where the layout does not
say whether it counts, a record whose file is gone. Each open record blocks the figures it might change, and no other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exchange.report.annual_kinds import Columns, Mask
from exchange.report.annual_records import WHERE, Records
from schemas.annual_layouts import AnnualTable, Figure, Layout, Rule

TEN_THOUSAND = -4


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a cell is no number, and how many records are behind it (0: not a matter of records).

    `outside`: the department does not report such records at all, so that a total is whole without it.
    """

    zh: str
    en: str
    records: int = 0
    outside: bool = False


@dataclass(frozen=True)
class Cell:
    """`value` None: `reasons` say why, and `counted` records count for certain. `rows`: where those lie (WHERE)."""

    value: Decimal | int | None
    counted: int
    reasons: tuple[Reason, ...]
    rows: pa.Table


@dataclass(frozen=True)
class Counter:
    """One layout, one year. `order` and `revoked`: the layout's own, or a person's choice where it says nothing."""

    layout: Layout
    year: int
    order: str
    revoked: str

    def cells(self, table: AnnualTable, records: dict[str, Records]) -> dict[str, Cell]:
        """Figure → cell. `records`: by record type, of one department; a type it does not report has no entry."""
        found: dict[str, Cell] = {}
        kinds: dict[str, tuple[dict[str, Mask], dict[str, Mask]]] = {}
        for figure in table.figures:
            if figure.rule is None:
                found[figure.name] = empty(Reason(figure.missing_zh, figure.missing_en))
            elif figure.rule.record_type not in records:
                found[figure.name] = empty(nobody(figure.rule.record_type))
            else:
                have = records[figure.rule.record_type]
                if figure.rule.heaviest and have.feed not in kinds:
                    kinds[have.feed] = Columns.of(table).masks(have.table["penalty_kinds"], self.order)
                found[figure.name] = self._cell(figure, figure.rule, have, kinds.get(have.feed))
        return found

    def _cell(
        self, figure: Figure, rule: Rule, have: Records, kinds: tuple[dict[str, Mask], dict[str, Mask]] | None
    ) -> Cell:
        certain = self.in_year(have.table, rule.date)
        if not certain.any() and not have.lost + have.destroyed and self.year < (have.since or self.year + 1):
            return empty(unknown(have.since))
        maybe = np.zeros_like(certain)
        if rule.heaviest and kinds:
            maybe = certain & kinds[1][figure.name]
            certain = certain & kinds[0][figure.name]
        for name, values in (rule.where or {}).items():
            certain &= _mask(pc.is_in(have.table[name], value_set=pa.array(values, pa.string())))
        revoked = _mask(have.table["_revoked"])
        asked = np.zeros_like(certain)
        if self.revoked == "leave":
            certain, maybe = certain & ~revoked, maybe & ~revoked
        elif self.revoked == "":
            asked = (certain | maybe) & revoked
            certain, maybe = certain & ~revoked, maybe & ~revoked
        reasons = tuple(self._open(int(maybe.sum()), int(asked.sum()), have))
        rows = have.table.filter(pa.array(certain))
        value = None if reasons else self._value(figure, rule, rows)
        return Cell(value, rows.num_rows, reasons, rows.select(WHERE.names))

    def in_year(self, table: pa.Table, field: str) -> Mask:
        """Rows whose date lies in the year; a record without the date lies in none."""
        column = table[field].cast(pa.date32())
        first, last = pa.scalar(date(self.year, 1, 1)), pa.scalar(date(self.year, 12, 31))
        return _mask(pc.and_(pc.greater_equal(column, first), pc.less_equal(column, last)))

    def _value(self, figure: Figure, rule: Rule, rows: pa.Table) -> Decimal | int:
        if not rule.sum:
            return int(rows.num_rows)
        total = sum(
            (pc.sum(rows[name].cast(pa.decimal128(20, 6))).as_py() or Decimal(0) for name in rule.sum), Decimal(0)
        )
        return total.scaleb(TEN_THOUSAND) if self.unit(figure) == "万元" else total

    def unit(self, figure: Figure) -> str:
        """The figure's unit; an amount's is the layout's."""
        return self.layout.amount_unit if figure.unit == "amount" else figure.unit

    def _open(self, maybe: int, asked: int, have: Records) -> Iterable[Reason]:
        if maybe:
            zh = "轻重顺序未定其栏目" if self.order else "版式的轻重顺序未知，用 --order 指明"
            en = "the order has no step for a kind" if self.order else "no order of severity: name one with --order"
            yield Reason(zh, en, maybe)
        if asked:
            zh, en = (
                "后被撤销或源头已删除，版式未说明是否计入，用 --revoked 指明",
                "revoked or deleted later: --revoked",
            )
            yield Reason(zh, en, asked)
        if have.lost:
            yield Reason(
                "规范化文件已不在，请从备份恢复 loads/", "file gone: restore loads/ from the backup", have.lost
            )
        if have.destroyed:
            yield Reason(
                "密钥已由人销毁，内容不可恢复", "a person destroyed the key: no longer readable", have.destroyed
            )


def total(cells: list[Cell], repeated: int) -> Cell:
    """The departments' sum, over those that report the records at all. `repeated`: keys that several of them report."""
    counting = [cell for cell in cells if not any(reason.outside for reason in cell.reasons)]
    if not counting or all(cell.reasons == cells[0].reasons and cell.value is None for cell in cells):
        return cells[0]
    values = [cell.value for cell in counting if cell.value is not None]
    reasons = []
    if len(values) < len(counting):
        reasons.append(Reason("某部门未填，见上", "a department's cell is empty, see above"))
    if repeated:
        reasons.append(Reason("同一决定由多个部门报送", "several departments report the same decision", repeated))
    rows = pa.concat_tables([cell.rows for cell in counting])
    return Cell(None if reasons else sum(values), sum(cell.counted for cell in counting), tuple(reasons), rows)


def empty(reason: Reason) -> Cell:
    """A cell that no record can fill."""
    return Cell(None, 0, (reason,), WHERE.empty_table())


def nobody(record_type: str) -> Reason:
    """Zero is for a body that has the power and did not use it; one without it leaves the table out (粤司)."""
    return Reason(
        f"本部门未报送 {record_type}：有权而未行使填 0，无此职权不列",
        f"{record_type} is not reported: write 0 if it has the power and did not use it, else leave it out",
        outside=True,
    )


def unknown(since: int) -> Reason:
    """A year without any record, before the first load or without one: nothing says that there was nothing."""
    if not since:
        return Reason("尚无已登记的批次", "no load is registered yet")
    return Reason(
        f"归集始于 {since} 年，该年无任何记录，不能断定为零",
        f"loads begin in {since}, and this year has no record: no proof of zero",
    )


def _mask(column: pa.ChunkedArray | pa.Array) -> Mask:
    return np.array(pc.fill_null(column, False).to_numpy(), dtype=bool)
