"""What leaves is what the profile names, exactly, or it does not leave."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schemas.errors import ConfigurationError
from schemas.findings import registry
from schemas.standard import RecordType
from transforms.outgoing import compile_profile, seal_lines, to_receiver

FIELDS: dict[str, Any] = {
    "WSH": {"from": "decision_number", "as": "text"},
    "FK": {"from": "fine_amount", "as": "wan_yuan"},
    "RQ": {"from": "decision_date", "as": "date", "format": "YYYY/MM/DD"},
    "ZT": {"from": "status", "as": "words", "words": {"有效": "1", "失效": 2}},
    "LY": {"constant": "省局"},
}


def table(record_type: RecordType, *amounts: str | None, status: str = "有效") -> pa.Table:
    rows = [
        {
            "party_name": "甲", "authority_code": "A", "decision_number": f"{n}号", "status": status,
            "fine_amount": None if a is None else Decimal(a), "decision_date": date(2024, 3, 1),
        }
        for n, a in enumerate(amounts)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, record_type.arrow_schema())


def profile(fields: Any, record_type: RecordType) -> Any:
    return compile_profile({"profile": "p", "version": "1", "fields": fields}, record_type, "r/p.yaml")


@pytest.mark.parametrize(
    ("yuan", "wan"),
    [("9999999999.99", "999999.999999"), ("0.01", "0.000001"), ("0", "0.000000"), ("12000", "1.200000"),
     ("99999999999999.99", "9999999999.999999"), (None, None), ("0.000001", None), ("0.001", None)],
)  # fmt: skip
def test_ten_thousands_of_yuan_are_exact_or_flagged(yuan: str | None, wan: str | None, record_type: RecordType) -> None:
    done = to_receiver(table(record_type, yuan), profile(FIELDS, record_type))
    assert done.table["FK"].to_pylist() == [wan]
    lost = yuan is not None and wan is None
    assert [(f.code, f.field, f.rows.tolist()) for f in done.flags] == (
        [("OUTGOING_INEXPRESSIBLE", "fine_amount", [0])] if lost else []
    )
    assert "OUTGOING_INEXPRESSIBLE" in registry()


def test_only_named_columns_leave_in_the_profiles_order(record_type: RecordType) -> None:
    done = to_receiver(table(record_type, "1"), profile(FIELDS, record_type)).table
    expected = {"WSH": "0号", "FK": "0.000100", "RQ": "2024/03/01", "ZT": "1", "LY": "省局"}
    assert (done.column_names, done.to_pylist()) == (list(expected), [expected])


def test_a_word_without_a_code_never_gets_a_default(record_type: RecordType) -> None:
    done = to_receiver(table(record_type, "1", "2", status="未知"), profile(FIELDS, record_type))
    assert [(f.field, f.rows.tolist()) for f in done.flags] == [("status", [0, 1])]


def test_the_canonical_form_is_text_of_every_field(record_type: RecordType) -> None:
    done = to_receiver(table(record_type, "12.50"), profile("canonical", record_type)).table
    assert done.column_names == list(record_type.names)
    assert (done["fine_amount"][0].as_py(), done["decision_date"][0].as_py()) == ("12.5", "2024-03-01")


def test_the_version_follows_the_words_of_the_profile(record_type: RecordType) -> None:
    changed = {**FIELDS, "LY": {"constant": "市局"}}
    assert profile(FIELDS, record_type).version == profile(dict(FIELDS), record_type).version
    assert profile(FIELDS, record_type).version != profile(changed, record_type).version


@pytest.mark.parametrize(
    "spec",
    [
        {"from": "fine_amont", "as": "yuan"},
        {"from": "party_name", "as": "yuan"},
        {"from": "fine_amount", "as": "date"},
        {"from": "party_name", "as": "shout"},
        {"from": "status", "as": "words"},
        {"from": "status", "constant": "x"},
        {"as": "text"},
        {"from": "status", "formt": "x"},
    ],
)
def test_a_wrong_profile_names_the_column(spec: Any, record_type: RecordType) -> None:
    with pytest.raises(ConfigurationError, match=r"r/p.yaml: fields.X"):
        profile({"X": spec}, record_type)


def test_a_column_cannot_take_the_envelopes_name(record_type: RecordType) -> None:
    with pytest.raises(ConfigurationError, match="cd_id"):
        profile({"cd_id": {"from": "party_name", "as": "text"}}, record_type)


def test_sealed_lines_are_flat_objects_and_the_same_bytes_each_time(record_type: RecordType) -> None:
    envelope = pa.table({"cd_id": ["A|0", "A|1"], "cd_operation": ["i", "u"], "cd_revision": [1, 2]})
    data = to_receiver(table(record_type, "1", None), profile(FIELDS, record_type)).table
    sealed = seal_lines(data, envelope)
    first, second = map(json.loads, sealed.splitlines())
    assert list(first) == ["cd_id", "cd_operation", "cd_revision", *FIELDS]
    assert (first["cd_revision"], second["FK"], sealed[-1:]) == (1, None, b"\n")
    again = pa.concat_tables([data.slice(0, 1), data.slice(1)])
    assert seal_lines(again, envelope) == sealed


def test_a_revocation_carries_its_envelope_alone() -> None:
    assert (
        seal_lines(None, pa.table({"cd_id": ["甲"], "cd_operation": ["d"]}))
        == '{"cd_id":"甲","cd_operation":"d"}\n'.encode()
    )
