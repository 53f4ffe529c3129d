"""A version as a change of the one before: applied to schemas, and refused where it says what cannot be."""

from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.delta import NO_UPGRADE, Upgrade, apply, explained, parse, rename_links
from schemas.errors import StandardError

TEXT = {"title": "甲", "x-title-en": "a", "type": ["string", "null"], "x-kind": "text", "x-personal": "none"}
WORDS = {"zh": "说明", "en": "meaning"}
SCHEMA: dict[str, Any] = {
    "x-key": ["number"],
    "x-date": "day",
    "type": "object",
    "required": ["number", "day"],
    "properties": {"number": dict(TEXT), "day": dict(TEXT), "kind": dict(TEXT), "fine": dict(TEXT), "note": dict(TEXT)},
    "dependentRequired": {"fine": ["kind"]},
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": "罚款"}}, "required": ["kind"]},
            "then": {"anyOf": [{"required": ["fine"]}, {"not": {"required": ["day"]}}]},
        }
    ],
}


def _applied(spec: dict[str, Any]) -> dict[str, Any]:
    change = parse({"record_types": {"penalty": spec}}, "u.yaml").record_types["penalty"]
    before = deepcopy(SCHEMA)
    new = apply(change, SCHEMA, "u.yaml: record_types.penalty")
    assert before == SCHEMA, "the schema it is made from is left alone"
    Draft202012Validator.check_schema(new)
    return new


def test_a_renamed_field_is_renamed_wherever_a_schema_may_name_it() -> None:
    names = {"number": "no", "day": "date", "kind": "sort", "fine": "amount"}
    new = _applied({"renamed": {old: {"to": to, **WORDS} for old, to in names.items()}})
    assert list(new["properties"]) == ["no", "date", "sort", "amount", "note"]
    assert (new["x-key"], new["x-date"], new["required"]) == (["no"], "date", ["no", "date"])
    assert new["dependentRequired"] == {"amount": ["sort"]}
    rule = new["allOf"][0]
    assert rule["if"] == {"properties": {"sort": {"const": "罚款"}}, "required": ["sort"]}
    assert rule["then"] == {"anyOf": [{"required": ["amount"]}, {"not": {"required": ["date"]}}]}


def test_links_of_other_types_follow_a_renamed_field() -> None:
    upgrade = parse({"record_types": {"agency": {"renamed": {"code": {"to": "uscc", **WORDS}}}}}, "u.yaml")
    schema = {"properties": {"a": {"x-link": {"type": "agency", "field": "code"}}, "b": {}}}
    rename_links(schema, upgrade)
    assert schema["properties"]["a"] == {"x-link": {"type": "agency", "field": "uscc"}}


def test_fields_are_added_in_their_place_removed_and_changed() -> None:
    new = _applied(
        {
            "added": {"class": {"schema": dict(TEXT), "after": "day", "required": True, **WORDS}},
            "removed": {"note": dict(WORDS)},
            "changed": {
                "fine": {"schema": {"maxLength": 5}, "required": True, **WORDS},
                "day": {"required": False, **WORDS},
            },
            "rules": [{"required": ["kind"]}],
        }
    )  # fmt: skip
    assert list(new["properties"]) == ["number", "day", "class", "kind", "fine"]
    assert new["required"] == ["number", "fine", "class"]
    assert new["properties"]["fine"]["maxLength"] == 5
    assert new["allOf"][-1] == {"required": ["kind"]}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"renamed": {"fin": {"to": "x", **WORDS}}}, r"penalty\.renamed\.fin: fin is not a field → did you mean fine"),
        ({"renamed": {"fine": {"to": "day", **WORDS}}}, "day is there already"),
        ({"renamed": {"fine": {**WORDS}}}, "to is missing"),
        ({"added": {"fine": {"schema": TEXT, **WORDS}}}, "fine is there already"),
        ({"added": {"x": {**WORDS}}}, r"added\.x: schema is missing"),
        ({"added": {"x": {"schema": TEXT, "after": "nowhere", **WORDS}}}, r"added\.x\.after: nowhere is not a field"),
        ({"removed": {"fine": dict(WORDS)}}, "a rule still names fine"),
        ({"removed": {"number": dict(WORDS)}}, "number is of the key, or the date"),
        ({"removed": {"note": {"zh": "说明"}}}, "en is missing .* what it means for existing records"),
        ({"changed": {"nowhere": dict(WORDS)}}, r"changed\.nowhere: nowhere is not a field"),
        ({"adds": {}}, "adds is not a key here → did you mean added"),
        ({"added": []}, r"penalty\.added: holds no keys"),
    ],
)
def test_what_cannot_be_names_the_place(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(StandardError, match=told):
        _applied(spec)


def test_a_schema_given_whole_must_be_explained_field_by_field() -> None:
    change = parse({"record_types": {"p": {"removed": {"note": dict(WORDS)}}}}, "u.yaml").record_types["p"]
    whole = {"properties": {name: spec for name, spec in SCHEMA["properties"].items() if name != "note"}}
    explained(change, SCHEMA, whole, "u.yaml")
    with pytest.raises(StandardError, match="kind is not explained"):
        explained(
            change, SCHEMA, {"properties": {n: s for n, s in whole["properties"].items() if n != "kind"}}, "u.yaml"
        )
    with pytest.raises(StandardError, match="extra is not explained"):
        explained(change, SCHEMA, {"properties": {**whole["properties"], "extra": {}}}, "u.yaml")


FACT = {"zh": "甲", "en": "a", "source": "where", "verified": "partial"}


def test_a_fact_carries_where_it_was_seen_and_its_mark() -> None:
    assert parse({"facts": [FACT]}, "u.yaml").facts == (FACT,)
    for broken, told in (
        ({**FACT, "verified": True}, "True is no mark .* in quotes"),
        ({**FACT, "source": ""}, "a fact lacks a word"),
        ({"zh": "甲"}, r"u\.yaml: facts: a fact lacks a word"),
    ):
        with pytest.raises(StandardError, match=told):
            parse({"facts": [broken]}, "u.yaml")


def test_nothing_said_is_no_change() -> None:
    assert parse(None, "u.yaml") == NO_UPGRADE == Upgrade({}, {})
    assert _applied({}) == SCHEMA
