"""The record types against the published field tables, cell by cell: name, required, length, kind, verified mark."""

import csv
from typing import Any

import pytest

from schemas.standard import FOLDER, RecordType, standard

TYPES = standard("enforcement", "1.0").record_types
TABLES = FOLDER / "enforcement" / "1.0" / "fields"
HLWJG, IMPORT, CREDIT = "互联网+监管", "强制案件导入", "双公示2018"
SHEETS = {"jbxx": "coercion_case", "dsr": "coercion_party", "cs": "coercion_measure", "zx": "coercion_execution"}
SOURCES = {"inspection": "xzjc_hlwjg", "coercion": "xzqz_hlwjg", "other_act": "qtxw_hlwjg"}
PUBLISHED = {"penalty": "xzcf_sgs2018", "licence": "xzxk_sgs2018"}
KINDS = {"date": "date", "decimal": "money"}


def _rows(table: str) -> list[dict[str, str]]:
    with (TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _named(value: object) -> str:
    return value["field_code"] if isinstance(value, dict) else str(value)


FROM_TABLES = [(name, HLWJG, row) for name, table in SOURCES.items() for row in _rows(table)] + [
    (SHEETS[row["field_code"].split(".")[0]], IMPORT, row) for row in _rows("xzqz_case_import")
]
CREDIT_ROWS = [(name, CREDIT, row) for name, table in PUBLISHED.items() for row in _rows(table)]
PENALTY_ROWS = [("penalty", HLWJG, row) for row in _rows("xzcf_hlwjg")]


def _sourced(kind: RecordType, source: str) -> tuple[str, dict[str, Any]]:
    found = [(name, spec) for name, spec in kind.schema["properties"].items() if spec["x-source"] == source]
    assert len(found) == 1, source
    return found[0]


@pytest.mark.parametrize(("name", "label", "row"), FROM_TABLES, ids=_named)
def test_every_row_of_a_field_table_is_a_field_as_it_says(name: str, label: str, row: dict[str, str]) -> None:
    field_name, spec = _sourced(TYPES[name], f"{label} {row['field_code']}")
    field = TYPES[name].field(field_name)
    assert (field.title_zh, field.title_en) == (row["name_zh"], row["name_en"])
    assert field.verified == row["verified"]
    assert field.required == (row["required"] == "required")
    assert row["type"] not in KINDS or field.kind == KINDS[row["type"]]
    assert (field.kind == "boolean") == (row["code_list"] == "yes_no")
    if field.kind in ("text", "code"):
        assert str(spec.get("maxLength", "")) == row["max_length"]
    if row["rule"]:
        assert spec["description"].startswith(row["rule"])


@pytest.mark.parametrize(("name", "label", "row"), CREDIT_ROWS, ids=_named)
def test_the_credit_tables_are_carried_whole(name: str, label: str, row: dict[str, str]) -> None:
    """Titles leave out the unit and the numbering, so that 元 is 元; a status is kept as a word, not as its digit."""
    field_name, spec = _sourced(TYPES[name], f"{label} {row['field_code']}")
    field = TYPES[name].field(field_name)
    assert field.title_zh.removeprefix("行政相对人") in row["name_zh"]
    assert field.verified == row["verified"]
    assert field.required == (row["required"] == "required")
    assert str(spec.get("maxLength", "")) == ("" if field_name == "status" else row["max_length"])


@pytest.mark.parametrize("name", [*SOURCES, *SHEETS.values(), *PUBLISHED])
def test_no_field_claims_a_table_it_is_not_in(name: str) -> None:
    every = FROM_TABLES + CREDIT_ROWS + PENALTY_ROWS
    known = {f"{label} {row['field_code']}": row["verified"] for kind, label, row in every if kind == name}
    if name == "coercion":  # it takes the kinds in words from the sheets of the case import
        known |= {f"{label} {row['field_code']}": row["verified"] for _, label, row in every if label == IMPORT}
    for field in TYPES[name].fields:
        assert field.source == "ours" or known[field.source] == field.verified


def test_the_tables_have_the_published_number_of_rows() -> None:
    counts = {path.stem: len(_rows(path.stem)) for path in TABLES.glob("*.csv")}
    acts = {"xzjc_hlwjg": 28, "xzqz_hlwjg": 29, "qtxw_hlwjg": 24, "xzcf_hlwjg": 48, "xzqz_case_import": 105}
    assert counts == acts | {"xzcf_sgs2018": 30, "xzxk_sgs2018": 28}
