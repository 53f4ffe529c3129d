"""The annual statistical report (行政执法统计年报): one result per layout, written as page, workbook, JSON and the list
of the counted rows, so that every cell can be followed to the rows of the canonical files behind it."""

import json
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from exchange.durable import write_file
from exchange.report.annual_count import Cell, Counter, total
from exchange.report.annual_records import Records, feeds_known, newest_records
from exchange.report.annual_rules import rule_words
from exchange.report.annual_sheet import workbook
from exchange.report.nightly import TEMPLATES
from exchange.site import Site
from schemas.annual_layouts import AnnualTable, Figure, Layout
from schemas.errors import Unfinished

TOTAL = ("", "合计", "total")


@dataclass(frozen=True)
class Choice:
    """What a person settles where the layout says nothing: order of severity, and whether revoked decisions count."""

    order: str = ""
    revoked: str = ""


@dataclass(frozen=True)
class Annual:
    """One year of the departments asked for (all when empty). Records are read once, whatever the layouts ask."""

    site: Site
    year: int
    departments: tuple[str, ...] = ()

    @cached_property
    def feeds(self) -> dict[str, dict[str, str]]:
        """Department → record type → feed, from the catalog and the ledger."""
        found: dict[str, dict[str, str]] = {}
        for name in sorted({*self.site.catalog.sound_feeds, *feeds_known(self.site)}):
            department, _, kind = name.partition("/")
            if not self.departments or department in self.departments:
                found.setdefault(department, {})[kind] = name
        return found

    def records(self, layouts: Iterable[Layout]) -> dict[str, dict[str, Records]]:
        """Department → record type → records, with every column that any of the layouts counts by.

        Raises Unfinished when none of these departments ever registered a record.
        """
        needed = columns_needed(layouts)
        found = {
            department: {k: newest_records(self.site, feed, needed[k]) for k, feed in kinds.items() if k in needed}
            for department, kinds in self.feeds.items()
        }
        if not any(r.table.num_rows + r.lost + r.destroyed for kinds in found.values() for r in kinds.values()):
            raise Unfinished("no record is registered", where="ledger", remedy="run the feeds first; see guiji status")
        return found

    def result(self, layout: Layout, choice: Choice, records: dict[str, dict[str, Records]]) -> "Result":
        counter = Counter(layout, self.year, layout.severity_order or choice.order, layout.revoked or choice.revoked)
        cells = {
            table.name: {name: counter.cells(table, kinds) for name, kinds in records.items()}
            for table in layout.tables
        }
        for table in layout.tables:
            if len(records) > 1:
                repeated = {k: self._repeated(counter, k, table, records) for k in _kinds(table)}
                cells[table.name][""] = {
                    f.name: total(
                        [cells[table.name][d][f.name] for d in records], repeated[f.rule.record_type] if f.rule else 0
                    )
                    for f in table.figures
                }
        return Result(self.site, self.year, counter, choice, cells, records)

    def _repeated(self, counter: Counter, kind: str, table: AnnualTable, records: dict[str, dict[str, Records]]) -> int:
        """Keys of the year that more than one department reports."""
        field = next(f.rule.date for f in table.figures if f.rule and f.rule.record_type == kind)
        tables = [kinds[kind].table for kinds in records.values() if kind in kinds]
        keys = [t.filter(pa.array(counter.in_year(t, field)))["_key"] for t in tables]
        every = pa.chunked_array([chunk for column in keys for chunk in column.chunks], pa.string())
        return len(every) - len(pc.unique(every))


@dataclass(frozen=True)
class Result:
    """Every cell of one layout: table → department ("" the total) → figure."""

    site: Site
    year: int
    counter: Counter
    choice: Choice
    cells: dict[str, dict[str, dict[str, Cell]]]
    records: dict[str, dict[str, Records]]

    def facts(self) -> dict[str, Any]:
        """Plain data for the page, the workbook and the JSON. No content of a record."""
        layout, today = self.counter.layout, self.site.today
        return {
            "year": self.year,
            "year_open": today.isoformat() if today.year <= self.year else "",
            "layout": {k: getattr(layout, k) for k in ("code", "title_zh", "title_en", "seen", "verified")},
            "order": self.counter.order,
            "order_by_person": bool(self.choice.order and not layout.severity_order),
            "revoked": self.counter.revoked,
            "revoked_by_person": bool(self.choice.revoked and not layout.revoked),
            "tables": [self._table(table) for table in layout.tables],
            "uncounted": [
                {"feed": r.feed, "held": r.held, "waiting": r.waiting}
                for kinds in self.records.values() for r in kinds.values() if r.held or r.waiting
            ],
            "written_at": self.site.ledger.now,
        }  # fmt: skip

    def _table(self, table: AnnualTable) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {"code": code, "zh": zh, "en": en, "cells": [self._cell(table, code, figure) for figure in table.figures]}
            for code, zh, en in map(self._name, self.cells[table.name])
        ]
        return {
            "name": table.name,
            "title_zh": table.title_zh,
            "title_en": table.title_en,
            "figures": [self._figure(table, figure) for figure in table.figures],
            "rows": rows,
            "filled": sum(cell["value"] is not None for row in rows for cell in row["cells"]),
            "of": sum(len(row["cells"]) for row in rows),
        }

    def _figure(self, table: AnnualTable, figure: Figure) -> dict[str, Any]:
        zh, en = rule_words(figure, self.counter.order, self.counter.revoked)
        return {
            "id": f"{table.name}.{figure.name}", "title_zh": figure.title_zh, "title_en": figure.title_en,
            "unit": self.counter.unit(figure), "rule_zh": zh, "rule_en": en, "of": figure.of, "note": figure.note,
            "verified": figure.verified,
        }  # fmt: skip

    def _cell(self, table: AnnualTable, code: str, figure: Figure) -> dict[str, Any]:
        cell = self.cells[table.name][code][figure.name]
        rule = figure.rule
        feeds = [r.feed for r in self._behind(code, rule.record_type)] if rule else []
        return {
            "id": f"{table.name}.{figure.name}",
            "value": None if cell.value is None else plain(cell.value),
            "counted": cell.counted,
            "reasons": [asdict(reason) for reason in cell.reasons],
            "feeds": feeds,
            "loads": pc.unique(cell.rows["_load"]).to_pylist(),
        }

    def _behind(self, code: str, kind: str) -> Iterator[Records]:
        for department, kinds in self.records.items():
            if kind in kinds and code in ("", department):
                yield kinds[kind]

    def _name(self, code: str) -> tuple[str, str, str]:
        if not code:
            return TOTAL
        department = self.site.catalog.departments.get(code)
        return (code, department.name_zh, department.name_en) if department else (code, code, code)

    def counted_rows(self) -> pa.Table:
        """One row per counted record and cell: cell (table.figure), department, load, ordinal, revision."""
        pieces = [
            cell.rows.select(["_load", "_ordinal", "_revision"])
            .rename_columns(["load", "ordinal", "revision"])
            .add_column(0, "department", pa.array([code] * cell.rows.num_rows, pa.string()))
            .add_column(0, "cell", pa.array([f"{table}.{figure}"] * cell.rows.num_rows, pa.string()))
            for table, rows in self.cells.items()
            for code, cells in rows.items() if code
            for figure, cell in cells.items()
        ]  # fmt: skip
        return pa.concat_tables(pieces)


def write_annual(result: Result, folder: Path) -> list[Path]:
    """`<layout>.html`, `.xlsx`, `.json` and `.counted.csv`, each whole or absent. Returns their paths."""
    facts, name = result.facts(), result.counter.layout.code
    out = pa.BufferOutputStream()
    pyarrow.csv.write_csv(result.counted_rows(), out)
    text = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True)
    files = {
        "html": page(facts).encode(), "xlsx": workbook(facts), "json": text.encode(), "counted.csv": out.getvalue(),
    }  # fmt: skip
    for suffix, content in files.items():
        write_file(folder / f"{name}.{suffix}", [content])
    return [folder / f"{name}.{suffix}" for suffix in files]


def page(facts: dict[str, Any]) -> str:
    """Every value escaped, no script, nothing from outside."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("annual.html.j2").render(facts)


def columns_needed(layouts: Iterable[Layout]) -> dict[str, list[str]]:
    """Record type → the columns that its figures count by."""
    found: dict[str, Tally[str]] = {}
    for figure in (f for layout in layouts for table in layout.tables for f in table.figures):
        if rule := figure.rule:
            fields = [rule.date, *(rule.where or {}), *rule.sum, *(["penalty_kinds"] if rule.heaviest else [])]
            found.setdefault(rule.record_type, Tally()).update(fields)
    return {kind: sorted(fields) for kind, fields in found.items()}


def plain(value: Decimal | int) -> str:
    """Exact, without trailing zeros and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kinds(table: AnnualTable) -> set[str]:
    return {figure.rule.record_type for figure in table.figures if figure.rule}
