"""Every record type of the standard: sound as JSON Schema, compiled, annotated, linked, true to the field tables."""

import csv
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from expectations.record_rules import compile_rules
from schemas.standard import FOLDER, RecordType, code_list, standard

MODEL = standard("enforcement", "1.0")
TYPES = MODEL.record_types
TABLES = FOLDER / "enforcement" / "1.0" / "fields"
ISSUE = {
    "penalty", "licence", "inspection", "coercion", "levy", "requisition", "confirmation", "payment", "adjudication",
    "reward", "other_act", "agency", "officer", "item",
}  # fmt: skip
HLWJG, IMPORT = "互联网+监管", "强制案件导入"
SHEETS = {"jbxx": "coercion_case", "dsr": "coercion_party", "cs": "coercion_measure", "zx": "coercion_execution"}
SOURCES = {"inspection": "xzjc_hlwjg", "coercion": "xzqz_hlwjg", "other_act": "qtxw_hlwjg"}
KINDS = {"date": "date", "decimal": "money"}
USCC = "11530000MA6K12345X"
SAMPLES = ["2024-01-31", USCC, "1.5", "12345678X", "0" * 64, "53000000000001", "530000", f"{USCC}1甲", "甲,乙", "甲"]


def _rows(table: str) -> list[dict[str, str]]:
    with (TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


FROM_TABLES = [(name, HLWJG, row) for name, table in SOURCES.items() for row in _rows(table)] + [
    (SHEETS[row["field_code"].split(".")[0]], IMPORT, row) for row in _rows("xzqz_case_import")
]


def _sourced(kind: RecordType, source: str) -> tuple[str, dict[str, Any]]:
    found = [(name, spec) for name, spec in kind.schema["properties"].items() if spec["x-source"] == source]
    assert len(found) == 1, source
    return found[0]


def _sample(spec: dict[str, Any]) -> str:
    if "enum" in spec:
        return str(spec["enum"][0])
    pattern = spec.get("pattern", "")
    return next(text for text in SAMPLES if re.search(pattern, text))


def _good(kind: RecordType) -> dict[str, str | None]:
    """A record with a value in every field that must have one."""
    values = {name: _sample(spec) for name, spec in kind.schema["properties"].items()}
    needed = {field.name for field in kind.fields if field.required} | {"party_credit_code", "legal_representative"}
    needed |= {"measure_kind", "valid_until"} - ({"valid_until"} if kind.name not in ("penalty", "licence") else set())
    return {name: value if name in needed else None for name, value in values.items()}


def _flags(kind: RecordType, record: dict[str, str | None]) -> set[tuple[str, str]]:
    table = pa.table({name: pa.array([value], pa.string()) for name, value in record.items()})
    return {(flag.code, flag.field) for flag in compile_rules(kind.schema, kind.name).check(table)}


def test_the_types_that_must_be_there_are_there() -> None:
    assert set(TYPES) >= ISSUE


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
def test_a_good_record_passes_and_every_missing_required_field_is_seen(kind: RecordType) -> None:
    Draft202012Validator.check_schema(kind.schema)
    good, validator = _good(kind), Draft202012Validator(kind.schema)
    assert _flags(kind, good) == set()
    assert validator.is_valid(good)
    for field in kind.fields:
        if field.required:
            broken = {**good, field.name: None}
            assert ("FIELD_REQUIRED", field.name) in _flags(kind, broken)
            assert not validator.is_valid(broken)


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
def test_annotations_are_complete_and_honest(kind: RecordType) -> None:
    schema = kind.schema
    assert schema["$id"] == f"urn:guiji:enforcement:1.0:{kind.name}"
    assert schema["additionalProperties"] is False
    optional = {"decision_number", "party_name"} if kind.name in SHEETS.values() else set()
    assert set(kind.key) <= {field.name for field in kind.fields if field.required} | optional
    assert not kind.date_field or kind.field(kind.date_field).kind == "date"
    for field in kind.fields:
        spec = schema["properties"][field.name]
        assert spec["type"] == ("string" if field.required else ["string", "null"])
        assert re.search("[\u4e00-\u9fff]", field.title_zh)
        assert re.search("[a-z]", field.title_en)
        assert field.source
        assert spec["x-verified"] in ("yes", "partial", "no")
        assert field.personal in ("none", "personal", "sensitive")
        assert (field.unit == "元") == (field.kind == "money")
        assert field.source != "ours" or field.verified == "no"
        assert not field.codes or code_list("enforcement", "1.0", field.codes)


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
def test_links_lead_to_a_field_that_is_there_and_fits(kind: RecordType) -> None:
    for name, spec in kind.schema["properties"].items():
        if link := spec.get("x-link"):
            target = TYPES[link["type"]]
            assert link["field"] in target.key, name
            assert target.field(link["field"]).kind == kind.field(name).kind


def test_a_penalty_a_coercion_and_another_act_name_their_inspection() -> None:
    for name in ("penalty", "coercion", "other_act"):
        link = TYPES[name].schema["properties"]["inspection_number"]["x-link"]
        assert link == {"type": "inspection", "field": "inspection_number"}


@pytest.mark.parametrize(
    ("name", "label", "row"), FROM_TABLES, ids=lambda v: v["field_code"] if isinstance(v, dict) else v
)
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


@pytest.mark.parametrize("name", [*SOURCES, *SHEETS.values()])
def test_no_field_claims_a_table_it_is_not_in(name: str) -> None:
    known = {
        f"{label} {row['field_code']}": row["verified"]
        for kind, label, row in FROM_TABLES
        if kind == name or label == IMPORT
    }
    for field in TYPES[name].fields:
        assert field.source == "ours" or known[field.source] == field.verified


@pytest.mark.parametrize(("kind", "field"), [("强制措施", "measure_kind"), ("强制执行", "execution_kind")])
def test_a_coercion_says_which_kind_in_words_or_by_code(kind: str, field: str) -> None:
    coercion = TYPES["coercion"]
    bare = {**_good(coercion), "coercion_kind": kind, "measure_kind": None}
    assert {code for code, _ in _flags(coercion, bare)} == {"FIELD_CONDITION"}
    assert _flags(coercion, {**bare, field: "扣押财物"}) == set()
    assert _flags(coercion, {**bare, f"{field}_code": "3"}) == set()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("item_code", "5300000000000", "FIELD_PATTERN"),
        ("inspectors", "甲", "FIELD_PATTERN"),
        ("inspectors", "甲,", "FIELD_PATTERN"),
        ("region_code", "53", "FIELD_PATTERN"),
        ("implementation_item_code", f"{USCC}6", "FIELD_PATTERN"),
        ("party_id_number", "1234567890", "FIELD_PATTERN"),
        ("inspection_number", "号" * 51, "FIELD_TOO_LONG"),
        ("inspection_date", "2024-02-30", "FIELD_DATE"),
    ],
)
def test_an_inspection_that_breaks_a_published_rule_is_held(field: str, value: str, code: str) -> None:
    inspection = TYPES["inspection"]
    assert (code, field) in _flags(inspection, {**_good(inspection), field: value})
