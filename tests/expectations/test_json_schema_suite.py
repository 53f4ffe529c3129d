"""The official cases of JSON Schema (Draft 2020-12): our masks, the jsonschema library and the suite's word agree.

A case is ours to judge when its instance can be a record ({property: text or null}), or one value of a record; numbers
in an object are read as text where that leaves the suite's verdict as it is. A schema is compiled or refused at load.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from expectations.record_rules import compile_rules
from schemas.errors import StandardError

SUITE = Path(__file__).parent / "json_schema_test_suite"
FILES = sorted(path.stem for path in SUITE.glob("*.json"))
DATES = FormatChecker(["date"])
UNCOMPILED = {
    "$ref": "#", "$dynamicRef": "#", "$anchor": "a", "$defs": {}, "patternProperties": {}, "propertyNames": True,
    "minProperties": 1, "maxProperties": 1, "dependentSchemas": {}, "unevaluatedProperties": False,
    "prefixItems": [], "contains": True, "uniqueItems": True,
    "unevaluatedItems": False, "minimum": 1, "maximum": 1, "exclusiveMinimum": 1, "exclusiveMaximum": 1,
    "multipleOf": 1, "contentEncoding": "base64", "contentMediaType": "text/plain", "default": "", "enumm": [],
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One test of the suite, as a record and the schema of a record."""

    name: str
    schema: Any
    record: dict[str, str | None]
    valid: bool


def _text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _cases(file: str) -> list[Case]:
    """The cases that can be ours: an object of texts as it is, a text or null as the property v of a record."""
    found = []
    for group in json.loads((SUITE / f"{file}.json").read_text(encoding="utf-8")):
        for test in group["tests"]:
            data, name = test["data"], f"{group['description']}: {test['description']}"
            if isinstance(data, dict) and all(map(_text, data.values())):
                found.append(Case(name, group["schema"], data, test["valid"]))
            elif isinstance(data, dict):
                found += _translated(Case(name, group["schema"], data, test["valid"]))
            elif _text(data):
                wrapped = {"type": "object", "properties": {"v": group["schema"]}}
                found.append(Case(name, wrapped, {"v": data}, test["valid"]))
    return found


def _translated(case: Case) -> list[Case]:
    """Numbers as text, and patterns of names left out that no name of the instance fits; if the verdict stays."""
    record = {name: value if _text(value) else json.dumps(value) for name, value in case.record.items()}
    schema = case.schema
    if isinstance(schema, dict) and not any(
        re.search(p, n) for p in schema.get("patternProperties", {}) for n in record
    ):
        schema = {key: value for key, value in schema.items() if key != "patternProperties"}
    return [Case(case.name, schema, record, case.valid)] if _library(schema, record) == case.valid else []


def _library(schema: Any, record: dict[str, Any]) -> bool:
    return bool(Draft202012Validator(schema, format_checker=DATES).is_valid(record))


def _verdict(case: Case) -> bool | None:
    """Whether our rules let the record pass; None when its schema is refused."""
    try:
        rules = compile_rules(case.schema, "suite")
    except StandardError:
        return None
    columns = {name: pa.array([value, value], pa.string()) for name, value in case.record.items()}
    table = pa.table(columns) if columns else pa.table({"_row": pa.array([0, 1])})
    flags = rules.check(table)
    assert all(flag.rows.tolist() == [0, 1] for flag in flags), "a mask judges rows, not tables"
    return not flags


@pytest.mark.parametrize("file", FILES)
def test_masks_library_and_suite_agree(file: str) -> None:
    judged = 0
    for case in _cases(file):
        assert _library(case.schema, case.record) == case.valid, f"the library disagrees with the suite: {case.name}"
        ours = _verdict(case)
        if ours is not None:
            assert ours == case.valid, case.name
            judged += 1
    assert judged, "no case of this keyword was judged"


def test_the_cases_that_are_judged_are_not_few() -> None:
    """Fewer would mean that a keyword came to be refused; what is refused is left to no other check."""
    judged = {file: sum(_verdict(case) is not None for case in _cases(file)) for file in FILES}
    assert sum(judged.values()) >= 178, judged


@pytest.mark.parametrize("keyword", sorted(UNCOMPILED))
def test_a_keyword_that_is_not_compiled_is_refused_at_load(keyword: str) -> None:
    said = UNCOMPILED[keyword]
    for schema in (
        {keyword: said},
        {"properties": {"a": {"type": "string", keyword: said}}},
        {"allOf": [{keyword: said}]},
        {"if": {"properties": {"a": {keyword: said}}}},
        {"properties": {"a": {"anyOf": [{"not": {keyword: said}}]}}},
    ):
        with pytest.raises(StandardError, match=rf"^penalty.*keyword {keyword.replace('$', '[$]')} is not compiled"):
            compile_rules(schema, "penalty")
