"""The annual statistical report (行政执法统计年报): one result per layout, written as page, workbook, JSON and the list
of the counted rows, so that every cell can be followed to the rows of the canonical files behind it."""

import json
from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from exchange.durable import write_file
from exchange.report.annual_count import Counter, total
from exchange.report.annual_facts import Choice, Result
from exchange.report.annual_records import Records, feeds_known, newest_records
from exchange.report.annual_sheet import workbook
from exchange.report.render import render
from exchange.site import Site
from schemas.annual_layouts import AnnualTable, Layout
from schemas.errors import Unfinished


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
    """One layout's page."""
    return render("annual.html.j2", facts)


def columns_needed(layouts: Iterable[Layout]) -> dict[str, list[str]]:
    """Record type → the columns that its figures count by."""
    found: dict[str, Tally[str]] = {}
    for figure in (f for layout in layouts for table in layout.tables for f in table.figures):
        if rule := figure.rule:
            fields = [rule.date, *(rule.where or {}), *rule.sum, *(["penalty_kinds"] if rule.heaviest else [])]
            found.setdefault(rule.record_type, Tally()).update(fields)
    return {kind: sorted(fields) for kind, fields in found.items()}


def _kinds(table: AnnualTable) -> set[str]:
    return {figure.rule.record_type for figure in table.figures if figure.rule}
