"""The annual report as a workbook: a sheet per table, then rules, what is not filled, and notes. Every cell is text."""

import io
from datetime import UTC, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from connectors.workbook import write_text

EMPTY = "未填"
RULE_HEADS = (
    "栏目 figure",
    "名称 title",
    "单位 unit",
    "计数规则 rule",
    "rule",
    "来源栏目 seen as",
    "来源说明 note",
    "核实 verified",
)
REASON_HEADS = (
    "表 table",
    "部门 department",
    "栏目 figure",
    "已确定计入 counted for certain",
    "涉及记录 records",
    "原因 reason",
    "reason",
)


def workbook(facts: dict[str, Any]) -> bytes:
    """The bytes of an .xlsx; the same facts give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime.fromisoformat(facts["written_at"]).astimezone(UTC).replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "num_format": "@"})
    text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    for table in facts["tables"]:
        _fill(book.add_worksheet(table["title_zh"][:31]), _table(facts, table), bold, text, heads=4)
    _fill(book.add_worksheet("计数规则"), [RULE_HEADS, *_rules(facts)], bold, text)
    _fill(book.add_worksheet("未填说明"), [REASON_HEADS, *_reasons(facts)], bold, text)
    _fill(book.add_worksheet("说明"), notes(facts), bold, text, heads=0)
    book.close()
    return out.getvalue()


def notes(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What holds for the whole report, as (subject, words)."""
    layout = facts["layout"]
    said = [
        ("年度 year", str(facts["year"])),
        ("版式 layout", f"{layout['title_zh']} {layout['title_en']} ({layout['code']})"),
        ("版式核实程度 layout verified", layout["verified"]),
        ("版式来源 layout seen in", layout["seen"]),
        ("轻重顺序 severity order", _chosen(facts["order"], facts["order_by_person"])),
        ("撤销的决定 revoked decisions", _chosen(facts["revoked"], facts["revoked_by_person"])),
        ("生成时间 written at", facts["written_at"]),
    ]
    if facts["year_open"]:
        said.append(("本年未结束 the year is not over", f"截至 as of {facts['year_open']}"))
    for feed in facts["uncounted"]:
        said.append(
            (f"未计入 not counted: {feed['feed']}", f"扣留 held {feed['held']} · 未登记批次 loads {feed['waiting']}")
        )
    return said


def _chosen(value: str, by_person: bool) -> str:
    return (value + (" · 人工指明 named by a person" if by_person else "")) if value else "未指明 not named"


def _table(facts: dict[str, Any], table: dict[str, Any]) -> list[list[str]]:
    heads = [["部门 department", *(f[key] for f in table["figures"])] for key in ("title_zh", "title_en")]
    units = ["单位 unit", *(f["unit"] for f in table["figures"])]
    rows = [[row["zh"], *(EMPTY if c["value"] is None else c["value"] for c in row["cells"])] for row in table["rows"]]
    marks = ["核实 verified", *(f["verified"] for f in table["figures"])]
    return [*heads, units, marks, *rows]


def _rules(facts: dict[str, Any]) -> list[list[str]]:
    keys = ("id", "title_zh", "unit", "rule_zh", "rule_en", "of", "note", "verified")
    return [[figure[key] for key in keys] for table in facts["tables"] for figure in table["figures"]]


def _reasons(facts: dict[str, Any]) -> list[list[str]]:
    return [
        [table["title_zh"], "\n".join(row["zh"] for row in why["rows"]), "\n".join(why["figures"]), str(why["counted"]),
         str(why["records"]), why["zh"], why["en"]]
        for table in facts["tables"]
        for why in table["why"]
    ]  # fmt: skip


def _fill(sheet: Worksheet, rows: list[Any], bold: Format, text: Format, heads: int = 1) -> None:
    """`write_text` makes no formula, number or link of anything."""
    sheet.set_column(0, max((len(row) for row in rows), default=1) - 1, 18)
    for number, row in enumerate(rows):
        for place, words in enumerate(row):
            write_text(sheet, number, place, words, bold if number < heads else text)
    sheet.freeze_panes(heads, 1)
