"""The base of a suite: every record type has one, and it never disagrees with the record rules or the library."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from expectations.record_rules import compile_rules
from expectations.suite_base import base_of
from expectations.suite_files import read_suite
from expectations.suites import Suite
from schemas.standard import RecordType, in_force, standard
from schemas.version_files import version_file
from tests.expectations.test_suites import TODAY, library_count, plain_frame, row

TYPES = standard("enforcement", "1.0").record_types
WRONG = ("", "错" * 6000, "不在表内", None, "91530000MA6K12345O\n")
JOINED = "FIELD_CONDITION"


def dirty(kind: RecordType) -> pa.Table:
    """Forty good records and, for each text field and each wrong value, one that holds it."""
    rows = [row(kind.name, number) for number in range(40)]
    for field in kind.fields:
        if field.kind in ("text", "code"):
            rows += [row(kind.name, 99) | {field.name: wrong} for wrong in WRONG]
        else:
            rows.append(row(kind.name, 99) | {field.name: None})
    return pa.Table.from_pylist(rows, schema=kind.arrow_schema())


@pytest.mark.parametrize("kind", TYPES.values(), ids=list(TYPES))
def test_base_and_record_rules_count_the_same_rows_of_every_field(kind: RecordType) -> None:
    table = dirty(kind)
    result = Suite(kind.name, kind).judge([table.slice(0, 50), table.slice(50)], business_date=TODAY)
    ruled = {
        (flag.code, flag.field): len(flag.rows)
        for flag in compile_rules(kind.schema, kind.name).check(table)
        if flag.code != JOINED
        and kind.field(flag.field).kind in ("text", "code", "date", "datetime", "boolean", "money")
    }
    counted = {(one.expected.code, one.expected.blamed): one.unexpected for one in result.base if one.unexpected}
    assert counted == ruled
    assert {code for code, _ in counted} >= {"FIELD_REQUIRED", "FIELD_TOO_LONG"}
    assert not result.success
    codes = {flag.code for chunk in result.flags for flag in chunk}
    assert not codes & {one.expected.code for one in result.base}, "the record rules have flagged them already"


@pytest.mark.parametrize("name", ["levy"])
def test_the_library_counts_what_the_base_counts(name: str) -> None:
    table = dirty(TYPES[name])
    frame = plain_frame(table)
    for outcome in Suite(name, TYPES[name]).judge([table], business_date=TODAY).base:
        item = outcome.expected
        assert (item.id, outcome.unexpected) == (item.id, library_count(frame, item.type, item.kwargs, item.id))


def test_an_amount_below_nought_is_counted() -> None:
    table = pa.Table.from_pylist([row("levy", 1, amount=-1), row("levy", 2)], schema=TYPES["levy"].arrow_schema())
    (amount,) = [
        o
        for o in Suite("levy", TYPES["levy"]).judge([table], business_date=TODAY).base
        if o.expected.id == "amount.pattern"
    ]
    assert (amount.evaluated, amount.unexpected) == (2, 1)


def test_a_record_type_added_as_data_alone_has_a_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "standards" / "enforcement" / "9.0"
    own.mkdir(parents=True)
    (own / "standard.yaml").write_text("in_force: {from: 2040-01-01}\n", encoding="utf-8")
    schema: dict[str, Any] = json.loads(
        version_file("enforcement", "1.0", "document.schema.json").read_text(encoding="utf-8")
    )
    (own / "footage.schema.json").write_text(
        json.dumps(schema | {"title": "执法音像"}, ensure_ascii=False), encoding="utf-8"
    )
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    kind = in_force("enforcement", date(2040, 1, 1)).record_types["footage"]
    assert read_suite("footage", kind) == ()
    values = row("document", 1)
    table = pa.Table.from_pylist([values, values | {kind.key[0]: None}], schema=kind.arrow_schema())
    result = Suite(kind.name, kind).judge([table], business_date=TODAY)
    found = {one.expected.id: one.unexpected for one in result.base if one.unexpected}
    assert found == {f"{kind.key[0]}.required": 1}
    assert result.flags == [[]]


def test_optional_fields_are_counted_by_how_many_rows_fill_them() -> None:
    rows = [row("penalty", 1, remarks="有"), row("penalty", 2), row("penalty", 3)]
    table = pa.Table.from_pylist(rows, schema=TYPES["penalty"].arrow_schema())
    filled = (
        Suite("penalty", TYPES["penalty"])
        .judge([table.slice(0, 1), table.slice(1)], business_date=TODAY)
        .to_json()["filled"]
    )
    assert (filled["remarks"], filled["inspection_number"], filled["party_tax_number"]) == (1, 3, 0)
    assert not set(filled) & {field.name for field in TYPES["penalty"].fields if field.required}
    assert len(base_of(TYPES["penalty"])) > 40
