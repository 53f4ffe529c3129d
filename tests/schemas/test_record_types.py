"""Every record type of the standard: sound as JSON Schema, compiled, annotated, linked."""

import re
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from expectations.record_rules import compile_rules
from schemas.standard import RecordType, code_list, standard, versions

MODEL = standard("enforcement", "1.0")
TYPES = MODEL.record_types
ISSUE = {
    "penalty", "licence", "inspection", "coercion", "levy", "requisition", "confirmation", "payment", "adjudication",
    "reward", "other_act", "agency", "officer", "item",
}  # fmt: skip
SHEETS = {"coercion_case", "coercion_party", "coercion_measure", "coercion_execution"}
USCC = "11530000MA6K12345X"
SAMPLES = ["2024-01-31", USCC, "1.5", "12345678X", "0" * 64, "53000000000001", "530000", f"{USCC}1甲", "甲,乙", "甲"]


def _sample(spec: dict[str, Any]) -> str:
    if "enum" in spec:
        return str(spec["enum"][0])
    pattern = spec.get("pattern", "")
    return next(text for text in SAMPLES if re.search(pattern, text))


def _good(kind: RecordType) -> dict[str, str | None]:
    """A record with a value in every field that must have one."""
    values = {name: _sample(spec) for name, spec in kind.schema["properties"].items()}
    needed = {field.name for field in kind.fields if field.required} | {"party_credit_code", "legal_representative"}
    needed.add("measure_kind")
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
    optional = {"decision_number", "line_number"} if kind.name in SHEETS else set()
    assert set(kind.key) <= {field.name for field in kind.fields if field.required} | optional
    assert kind.field(kind.date_field).kind == "date"
    for field in kind.fields:
        spec = schema["properties"][field.name]
        kind_of = "array" if field.items else "string"
        assert spec["type"] == (kind_of if field.required else [kind_of, "null"])
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
            assert target.field(link["field"]).required, name
            assert target.field(link["field"]).kind == kind.field(name).kind


@pytest.mark.parametrize("version", versions("enforcement"))
def test_no_business_key_says_anything_of_a_person(version: str) -> None:
    """A key stands in the ledger, in reports and in every receiver's cd_id."""
    for kind in standard("enforcement", version).record_types.values():
        assert [name for name in kind.key if kind.field(name).personal != "none"] == [], kind.name


def test_a_case_is_one_schema_that_any_validator_reads_alone() -> None:
    for version in versions("enforcement"):
        kinds = standard("enforcement", version).record_types
        case = kinds["coercion_case"]
        assert {name: items.name for name, items in case.lists.items()} == {
            "parties": "coercion_party", "measures": "coercion_measure", "executions": "coercion_execution",
        }  # fmt: skip
        for name, items in case.lists.items():
            inner = case.schema["properties"][name]["items"]
            assert inner["properties"] == kinds[items.name].schema["properties"]
            assert "$ref" not in inner
            assert items.part_of == "coercion_case"
            link = items.schema["properties"][case.key[0]]["x-link"]
            assert link == {"type": "coercion_case", "field": case.key[0]}
        row = {"case_number": "1", "parties": [{"case_number": None}]}
        assert not Draft202012Validator(case.schema).is_valid(row)


def test_a_finding_in_an_entry_names_a_field() -> None:
    case = TYPES["coercion_case"]
    parts = (
        "case_number",
        "parties",
        "parties[]",
        "parties[].phone",
        "parties[].nothing",
        "case_number[].x",
        "nothing",
        "",
    )
    found = [field and field.title_zh for field in map(case.at, parts)]
    assert found == ["案号", "当事人", "当事人", "当事人联系电话", None, None, None, None]


def test_a_penalty_a_coercion_and_another_act_name_their_inspection() -> None:
    for name in ("penalty", "coercion", "other_act"):
        link = TYPES[name].schema["properties"]["inspection_number"]["x-link"]
        assert link == {"type": "inspection", "field": "inspection_number"}


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
