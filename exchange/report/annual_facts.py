"""One layout's result as plain data: cells with their rules and reasons, and the rows that were counted."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from exchange.report.annual_count import Cell, Counter
from exchange.report.annual_records import Records
from exchange.report.annual_rules import rule_words
from exchange.site import Site
from schemas.annual_layouts import AnnualTable, Figure

TOTAL = ("", "合计", "total")


@dataclass(frozen=True)
class Choice:
    """What a person settles where the layout says nothing: order of severity, and whether revoked decisions count."""

    order: str = ""
    revoked: str = ""


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
            "why": why(rows),
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


def why(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reasons of one table's empty cells; those of the same words and counts stand together."""
    found: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in rows:
        for cell in row["cells"]:
            for reason in cell["reasons"]:
                counts = (reason["records"], cell["counted"]) if reason["records"] else (0, 0)
                found.setdefault((reason["zh"], reason["en"], *counts), {}).setdefault(cell["id"], {})[row["code"]] = (
                    row
                )
    together: dict[tuple[Any, ...], list[str]] = {}
    for key, cells in found.items():
        for name, departments in cells.items():
            together.setdefault((*key, tuple(departments)), []).append(name)
    names = {row["code"]: row for row in rows}
    return [
        {
            "zh": key[0], "en": key[1], "records": key[2], "counted": key[3], "figures": figures,
            "rows": [{name: names[code][name] for name in ("code", "zh", "en")} for code in key[4]],
        }
        for key, figures in together.items()
    ]  # fmt: skip


def plain(value: Decimal | int) -> str:
    """Exact, without trailing zeros and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
