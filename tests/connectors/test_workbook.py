"""Workbooks out of records: text cells, rows by lists, the same bytes each time; read back by another library."""

import io
import re
import time
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from connectors.workbook import check_sheets, workbook
from schemas.errors import ConfigurationError

SHEETS = {
    "基本信息": {"案号": "jbxx.ah", "来源": "source"},
    "当事人": {"案号": "jbxx.ah", "姓名": "parties[].name", "年龄": "parties[].age"},
}
CASES = [
    {"jbxx.ah": "强〔2026〕1号", "source": "0012", "parties": [{"name": "甲", "age": 7}, {"name": "乙"}]},
    {"jbxx.ah": "强〔2026〕2号", "source": None, "parties": []},
    {"jbxx.ah": "强〔2026〕3号", "source": True},
]
ODD = [
    "=1+1", '=cmd|" /C calc"!A0', "+1", "-1", "@SUM(A1)", "0012", "1e5", "123456789012345678", "2026-03-02", "TRUE",
    "http://x/", "mailto:a@b", "internal:Sheet1!A1", "<r>x</r>", "<r><t>甲</t></r>", "<&>\"'", " 两边 ", "行\n行", "\t",
    "回\r车", "_x000D_", "_x005F_", "\x01\x1f", "𬭎䶮", "{=1}", "é", "\ufeff", "%00", "{{7*7}}",
]  # fmt: skip


def read(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(content))
    for sheet in book:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "n"}
            assert all(cell.value is None or isinstance(cell.value, str) for cell in row)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_one_record_gives_rows_on_several_sheets() -> None:
    assert read(workbook(CASES, SHEETS)) == {
        "基本信息": [("案号", "来源"), ("强〔2026〕1号", "0012"), ("强〔2026〕2号", None), ("强〔2026〕3号", "true")],
        "当事人": [("案号", "姓名", "年龄"), ("强〔2026〕1号", "甲", "7"), ("强〔2026〕1号", "乙", None)],
    }


@pytest.mark.parametrize("text", ODD)
def test_every_text_comes_back_as_it_is(text: str) -> None:
    content = workbook([{"a": text}], {"s": {"t": "a"}})
    read(content)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        strings = ET.fromstring(parts.read("xl/sharedStrings.xml"))
    _, found = ("".join(one.itertext()) for one in strings)
    assert re.sub("_x([0-9A-F]{4})_", lambda code: chr(int(code[1], 16)), found) == text


def test_the_same_records_give_the_same_bytes() -> None:
    first = workbook(CASES, SHEETS)
    time.sleep(1.1)
    assert workbook(iter(CASES), SHEETS) == first


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ({}, "no table"), ([], "no table"), ({"s": {}}, "no columns"), ({"s": {"t": 1}}, "no columns"),
        ({"a/b": {"t": "a"}}, "titles"), ({"s" * 32: {"t": "a"}}, "titles"),
        ({"S": {"t": "a"}, "s": {"t": "a"}}, "titles"), ({"s": {"t": "a[].x", "u": "b[].y"}}, "two lists: a, b"),
    ],
)  # fmt: skip
def test_sheets_that_cannot_be_are_named(sheets: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as told:
        check_sheets(sheets, "receivers/x/coercion.yaml: sheets")
    assert told.value.where.startswith("receivers/x/coercion.yaml: sheets")


@pytest.mark.parametrize(("value", "says"), [("字" * 32_768, "longer"), (["甲"], "list"), ({"a": "甲"}, "group")])
def test_what_a_cell_cannot_hold_is_refused_without_its_words(value: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as told:
        workbook([{"a": value}], {"s": {"t": "a"}}, "x.yaml")
    assert "甲" not in str(told.value)
    assert "字" not in str(told.value)


def test_the_longest_text_fits() -> None:
    _, (found,) = read(workbook([{"a": "字" * 32_767}], {"s": {"t": "a"}}))["s"]
    assert found == "字" * 32_767
