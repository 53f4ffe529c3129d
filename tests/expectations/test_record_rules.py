"""Record rules against a JSON Schema validator: the same verdict for every record, on our schemas and by keyword."""

import copy
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators

from expectations.columns import as_text
from expectations.patterns import translate
from expectations.record_rules import compile_rules
from schemas.errors import StandardError
from schemas.findings import registry
from schemas.standard import RecordType, standard

TYPES = standard("enforcement", "1.0").record_types
ODD = [
    "",
    "x",
    "罚款",
    "警告;罚款",
    "自然人",
    "身份证",
    "有效",
    "法人及非法人组织",
    "😀" * 64,
    "字" * 65,
    "11530000MA6K12345X",
    "2024-02-30\n",
]


def _pattern(_v: Any, pattern: str, text: Any, _s: Any) -> Iterator[ValidationError]:
    """The validator's pattern with `$` at the very end, as ECMA 262 and RE2 have it."""
    if isinstance(text, str) and not re.search(translate(pattern, "test", r"\Z"), text):
        yield ValidationError("pattern")


TRUTH = validators.extend(Draft202012Validator, {"pattern": _pattern})


def record_json(table: pa.Table) -> list[dict[str, Any]]:
    texts = {name: _texts(table[name].combine_chunks()) for name in table.column_names}
    return [{name: texts[name][row] for name in texts} for row in range(table.num_rows)]


def _texts(column: pa.Array) -> list[Any]:
    if not pa.types.is_list(column.type):
        found: list[Any] = as_text(column).to_pylist()
        return found
    return [
        lst and record_json(pa.Table.from_pylist(lst, pa.schema(column.type.value_type))) for lst in column.to_pylist()
    ]


def failing(schema: dict[str, Any], table: pa.Table) -> list[bool]:
    mask = np.zeros(table.num_rows, dtype=bool)
    for flag in compile_rules(schema, "test").check(table):
        assert registry()[flag.code].severity == "error"
        assert flag.rows.dtype == np.int64
        assert (np.diff(flag.rows) > 0).all()
        mask[flag.rows] = True
    return [bool(value) for value in mask]


def expected(schema: dict[str, Any], table: pa.Table) -> list[bool]:
    validator = TRUTH(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [not validator.is_valid(record) for record in record_json(table)]


GOOD: dict[str, Any] = {"authority_code": "11530000MA6K12345X", "source_code": "11530000MA6K12345X"}
GOOD |= {
    "party_credit_code": "91530000MA6K12345X",
    "party_org_code": "12345678X",
    "party_id_number": "11010119900101123X",
}


def _record(record: RecordType) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({f: _value(record, f) for f in record.names})


def _value(record: RecordType, name: str) -> st.SearchStrategy[Any]:
    field = record.field(name)
    spec = record.schema["properties"][name]
    if field.items:
        return st.none() | st.lists(_record(field.items), max_size=2)
    if field.kind == "date":
        return st.none() | st.dates(date(1949, 10, 1), date(2099, 12, 31))
    if field.kind == "money":
        return st.none() | st.integers(-9, 10**19).map(lambda n: Decimal(n).scaleb(-6))
    if field.kind == "boolean":
        return st.none() | st.booleans()
    if "enum" in spec:
        return st.sampled_from([*spec["enum"], None, "无"])
    likely = st.just(GOOD.get(name, "罚款"))
    return st.one_of(likely, likely, likely, st.none(), st.sampled_from(ODD), st.text(max_size=5))


@pytest.mark.parametrize("name", sorted(TYPES))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_verdict_is_the_validators(name: str, data: st.DataObject) -> None:
    record = TYPES[name]
    rows = data.draw(st.lists(_record(record), min_size=1, max_size=6))
    table = pa.Table.from_pylist(rows, schema=record.arrow_schema())
    assert failing(record.schema, table) == expected(record.schema, table)


def _good(record: RecordType) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(record.names)
    for field in record.fields:
        if field.required:
            row[field.name] = date(2024, 1, 31) if field.kind == "date" else GOOD.get(field.name, "警告")
    row |= {"party_category": "个体工商户", "legal_representative": "某某"}
    return row | ({"status": "有效"} if "status" in row else {})


@pytest.mark.parametrize("name", ["licence", "penalty"])
def test_one_broken_field_of_a_good_record_is_seen(name: str) -> None:
    record = TYPES[name]
    good = _good(record)
    rows = [
        good,
        *(
            {**good, field: value}
            for field in record.names
            if record.field(field).kind in ("text", "code")
            for value in [None, *ODD]
        ),
    ]
    table = pa.Table.from_pylist(rows, schema=record.arrow_schema())
    truth = expected(record.schema, table)
    assert failing(record.schema, table) == truth
    assert truth[0] is False
    assert truth.count(True) > 50


A = {"properties": {"a": {"const": "x"}}}
B = {"properties": {"b": {"type": "string", "minLength": 2}}}
KEYWORDS: list[dict[str, Any]] = [
    {"properties": {"a": {"type": "string"}}},
    {"properties": {"a": {"type": "null"}}},
    {"properties": {"a": {"type": ["string", "null"], "enum": ["x", "xy"]}}},
    {"properties": {"a": {"enum": ["x", None]}, "b": {"const": None}}},
    {"properties": {"a": {"minLength": 0}, "b": {"maxLength": 1}}},
    {"properties": {"a": {"minLength": 2}, "b": {"maxLength": 0}}},
    {"properties": {"a": {"pattern": "^x$"}, "b": {"pattern": "x|2"}}},
    {"properties": {"a": {"format": "date"}}},
    {"properties": {"a": {"anyOf": [{"const": "x"}, {"type": "null"}]}}},
    {"properties": {"a": {"not": {"pattern": "x"}}, "b": {"if": {"minLength": 2}, "then": {"pattern": "y"}}}},
    {"properties": {"a": True, "b": False}},
    {"required": ["a", "z"]},
    {"required": ["b"], "type": "object"},
    {"properties": {"a": True}, "additionalProperties": False},
    {"properties": {"a": True, "b": True}, "additionalProperties": False},
    {"dependentRequired": {"a": ["b"], "z": ["y"]}},
    {"dependentRequired": {"a": ["z"]}},
    {"allOf": [A, B]},
    {"anyOf": [A, B]},
    {"oneOf": [A, B]},
    {"oneOf": [A, B, True]},
    {"not": A},
    {"not": {"allOf": [A, B]}},
    {"if": A, "then": B},
    {"if": A, "else": B},
    {"if": A, "then": B, "else": False},
    {"then": B},
    {"title": "t", "x-key": [1], "$comment": "c", "allOf": [True]},
]
VALUES = [
    None,
    "",
    "x",
    "xy",
    "xy\n",
    "😀",
    "2024-02-29",
    "2023-02-29",
    "2024-2-29",
    "２０２４-02-29",
    "20240229",
    "2024-W09-4",
]


@pytest.mark.parametrize("schema", KEYWORDS, ids=str)
def test_each_keyword_is_the_validators(schema: dict[str, Any]) -> None:
    table = pa.table({"a": [a for a in VALUES for _ in VALUES], "b": VALUES * len(VALUES)})
    assert failing(schema, table) == expected(schema, table)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"properties": {"a": {"minimum": 3}}}, "minimum"),
        ({"patternProperties": {}}, "patternProperties"),
        ({"properties": {"a": {"type": "integer"}}}, "integer"),
        ({"properties": {"a": {"format": "email"}}}, "email"),
        ({"properties": {"a": {"const": 3}}}, "neither text nor null"),
        ({"additionalProperties": {"type": "string"}}, "additionalProperties"),
        ({"type": "array"}, "array"),
        ({"$ref": "#"}, "ref"),
    ],
)
def test_what_is_not_compiled_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(StandardError, match=named) as refusal:
        compile_rules({"allOf": [change]}, "penalty")
    assert refusal.value.where.startswith("penalty.allOf.0")


def test_findings_name_the_field_and_the_rule() -> None:
    record = TYPES["penalty"]
    good = _good(record)
    rows = [good, {**good, "party_name": None}, {**good, "penalty_kinds": "罚款"}, {**good, "remarks": "字" * 513}]
    flags = compile_rules(record.schema, "penalty").check(pa.Table.from_pylist(rows, schema=record.arrow_schema()))
    assert {(f.code, f.field, *f.rows.tolist()) for f in flags} == {
        ("FIELD_REQUIRED", "party_name", 1),
        ("FIELD_CONDITION", "fine_amount", 2),
        ("FIELD_TOO_LONG", "remarks", 3),
    }


def test_marks_of_the_house_are_no_part_of_the_record_and_an_empty_chunk_is_clean() -> None:
    rules = compile_rules({"properties": {"a": True}, "additionalProperties": False}, "test")
    assert rules.check(pa.table({"a": ["x"], "_row": [1]})) == []
    assert rules.check(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())})) == []


def test_the_schema_is_left_as_it_was() -> None:
    before = copy.deepcopy(TYPES["penalty"].schema)
    compile_rules(TYPES["penalty"].schema, "penalty")
    assert TYPES["penalty"].schema == before
