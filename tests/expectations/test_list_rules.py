"""Record rules over lists of groups against a JSON Schema validator: the same verdict for every record."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from expectations.record_rules import compile_rules
from schemas.errors import StandardError

PARTY = pa.struct([("name", pa.string()), ("born", pa.string()), ("marks", pa.list_(pa.struct([("m", pa.string())])))])
FORM = pa.schema([("a", pa.string()), ("parties", pa.list_(PARTY))])
NAMED = {"type": "object", "properties": {"name": {"type": "string", "minLength": 2}}, "required": ["name"]}
DATED = {"type": "object", "properties": {"born": {"type": ["string", "null"], "format": "date"}}}
CLOSED = {"type": "object", "properties": {"name": True, "born": True}, "additionalProperties": False}
MARKED = {
    "type": "object",
    "properties": {"marks": {"type": "array", "items": {"type": "object", "properties": {"m": {"const": "x"}}}}},
}
SCHEMAS: list[dict[str, Any]] = [
    *({"items": items} for items in (NAMED, DATED, CLOSED, MARKED, True, False)),
    {"type": "array", "items": NAMED},
    {"type": ["array", "null"], "items": {**NAMED, "allOf": [DATED]}},
    {"type": ["string", "array"]},
    {"type": ["string", "null"]},
    {"type": "string"},
    {"type": "null"},
    {"minItems": 1},
    {"maxItems": 1, "items": NAMED},
    {"minItems": 2, "type": "array"},
    {"enum": ["x", None]},
    {"const": None},
    {"minLength": 99, "maxLength": 0, "pattern": "never", "format": "date"},
    {"not": {"items": NAMED}},
    {"not": {"minItems": 1}},
    {"anyOf": [{"items": NAMED}, {"items": DATED}]},
    {"oneOf": [{"items": NAMED}, {"items": DATED}, {"type": "null"}]},
    {"if": {"minItems": 2}, "then": {"items": NAMED}, "else": {"items": DATED}},
    {"items": {"type": "object", "if": {"required": ["born"]}, "then": NAMED}},
    {"items": {"type": "object", "anyOf": [NAMED, DATED], "dependentRequired": {"name": ["zz"]}}},
    {"items": {"type": "object", "not": NAMED}},
    {"items": {"type": "object", "if": {"properties": {"born": {"const": None}}}, "else": NAMED}},
]
OF_RECORD: list[dict[str, Any]] = [
    *({"properties": {"parties": inner}} for inner in SCHEMAS),
    {"properties": {"a": {"items": NAMED, "minItems": 3, "maxItems": 0}}},
    {"properties": {"a": {"type": "array"}}},
    {"properties": {"a": {"type": ["array", "null"]}}},
    {
        "if": {"properties": {"a": {"const": "x"}}},
        "then": {"properties": {"parties": {"type": "array", "minItems": 1}}},
    },
    {"oneOf": [{"properties": {"a": {"const": "x"}}}, {"properties": {"parties": {"items": NAMED}}}]},
    {"required": ["parties"], "properties": {"a": True}, "additionalProperties": False},
]

text = st.none() | st.sampled_from(["", "x", "xy", "2024-02-29", "2023-02-29", "😀"])
marks = st.none() | st.lists(st.fixed_dictionaries({"m": text}), max_size=2)
party = st.none() | st.fixed_dictionaries({"name": text, "born": text, "marks": marks})
record = st.fixed_dictionaries({"a": text, "parties": st.none() | st.lists(party, max_size=3)})


def verdicts(schema: dict[str, Any], rows: list[dict[str, Any]], table: pa.Table) -> None:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    failing = {row for flag in compile_rules(schema, "test").check(table) for row in flag.rows.tolist()}
    assert failing == {number for number, row in enumerate(rows) if not validator.is_valid(row)}


@pytest.mark.parametrize("schema", OF_RECORD, ids=str)
@settings(max_examples=15, deadline=None)
@given(rows=st.lists(record, min_size=1, max_size=8), cut=st.integers(0, 3))
def test_the_verdict_is_the_validators(schema: dict[str, Any], rows: list[dict[str, Any]], cut: int) -> None:
    """Also over a slice, whose lists begin in the middle of their column."""
    table = pa.Table.from_pylist(rows, schema=FORM)
    verdicts(schema, rows, table)
    verdicts(schema, rows[cut:], table.slice(cut))
    verdicts(schema, [*rows, *rows], pa.concat_tables([table, table]))


@pytest.mark.parametrize(
    ("inner", "named"),
    [
        ({"items": {"type": "string"}}, "anything but objects"),
        ({"items": {"properties": {}}}, "anything but objects"),
        ({"items": {"type": ["object", "null"]}}, "anything but objects"),
        ({"items": {"type": "object", "properties": {"name": {"minimum": 3}}}}, "minimum"),
        ({"items": {"type": "object", "patternProperties": {}}}, "patternProperties"),
        ({"prefixItems": []}, "prefixItems"),
        ({"contains": {}}, "contains"),
        ({"uniqueItems": True}, "uniqueItems"),
        ({"unevaluatedItems": False}, "unevaluatedItems"),
    ],
)
def test_what_is_not_compiled_is_refused_at_load(inner: dict[str, Any], named: str) -> None:
    with pytest.raises(StandardError, match=named) as refusal:
        compile_rules({"properties": {"parties": inner}}, "coercion_case")
    assert refusal.value.where.startswith("coercion_case.properties.parties")


def test_a_finding_names_the_list_the_field_and_the_row_that_holds_it() -> None:
    schema = {"properties": {"parties": {"type": "array", "minItems": 1, "items": NAMED}}}
    parties = [[{"name": "甲乙"}], [{"name": "甲乙"}, {"name": "丙"}], [], None, [{"name": None}, None]]
    table = pa.table({"parties": pa.array(parties, pa.list_(pa.struct([("name", pa.string())])))})
    flags = compile_rules(schema, "test").check(table)
    assert {(f.code, f.field, *f.rows.tolist()) for f in flags} == {
        ("FIELD_TOO_SHORT", "parties[].name", 1),
        ("FIELD_TOO_FEW", "parties", 2),
        ("FIELD_REQUIRED", "parties", 3),
        ("FIELD_REQUIRED", "parties[].name", 4),
        ("FIELD_REQUIRED", "parties[]", 4),
    }
