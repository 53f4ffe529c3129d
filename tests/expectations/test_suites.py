"""Suites: judged by Great Expectations, equal to its own metrics, right over chunks, and silent about values."""

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from expectations.arrow_expectations import batch_definition, library_class, quiet
from expectations.suite_files import FOLDER, read_suite
from expectations.suites import Suite, SuiteResult
from schemas.findings import Flag, registry
from schemas.standard import standard

TODAY = date(2024, 6, 1)
TYPES = standard("enforcement", "1.0").record_types
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CANARY = "金丝雀"
USCC = "11530000MA6K12345X"
ACT = {"party_id_number": USCC, "item_code": "53000000000001", "region_code": "530000", "legal_basis": "某某法第一条"}
OF_TYPE: dict[str, dict[str, Any]] = {
    "penalty": {"penalty_kinds": "警告;罚款", "legal_basis": "某某条例第一条", "fine_amount": Decimal("0.000001")},
    "licence": {
        "status": "有效", "licence_category": "普通", "licence_content": "经营", "valid_from": date(2024, 5, 1)
    },
    "inspection": ACT | {
        "implementation_item_code": f"{USCC}1甲", "inspectors": "甲,乙", "inspection_result": "合格",
        "inspection_date": date(2024, 6, 1), "reported_on": date(2024, 6, 1),
    },
    "levy": {"amount": Decimal(2), "paid_amount": Decimal(2), "due_on": date(2024, 5, 1), "paid_on": date(2024, 5, 1)},
    "requisition": {"valid_from": date(2024, 5, 1), "returned_on": date(2024, 5, 1)},
    "confirmation": {"valid_from": date(2024, 5, 1)},
    "payment": {"valid_from": date(2024, 5, 1), "paid_on": date(2024, 5, 1)},
    "adjudication": {"accepted_on": date(2024, 5, 1)},
    "other_act": ACT | {"started_on": TODAY, "ended_on": TODAY, "reported_on": TODAY},
    "agency": {"valid_from": date(2024, 5, 1)},
    "officer": {"valid_from": date(2024, 5, 1)},
    "item": {"valid_from": date(2024, 5, 1)},
    "discretion": {"valid_from": date(2024, 5, 1), "amount_from": Decimal(2), "amount_to": Decimal(2)},
    "legal_review": {"submitted_on": TODAY, "reviewed_on": TODAY},
    "document": {"made_on": TODAY},
    "reconsideration": {"accepted_on": TODAY, "closed_on": TODAY},
    "referral": {"referred_on": TODAY, "answered_on": TODAY},
    "complaint": {"received_on": TODAY, "due_on": TODAY, "answered_on": TODAY},
    "coercion": ACT | {
        "coercion_kind": "强制措施", "measure_kind": "其他行政强制措施", "execution_kind": "代履行",
        "started_on": date(2024, 6, 1), "ended_on": date(2024, 6, 1),
    },
}  # fmt: skip


def sample(name: str, field: str) -> Any:
    """A value that the standard takes in this field."""
    spec = TYPES[name].schema["properties"][field]
    if spec["x-kind"] in ("date", "boolean"):
        return TODAY if spec["x-kind"] == "date" else True
    if "enum" in spec:
        return spec["enum"][0]
    texts = ("甲乙丙", USCC, "53000000000001", "530000", "0" * 64, f"{USCC}1甲", "甲,乙")
    return next(text for text in texts if re.search(spec.get("pattern", ""), text))


def row(name: str, number: int, **changes: Any) -> dict[str, Any]:
    """A record that goes against no expectation, with changes."""
    values: dict[str, Any] = dict.fromkeys(TYPES[name].names)
    values |= {field.name: sample(name, field.name) for field in TYPES[name].fields if field.required}
    values |= {"party_name": "某某公司", "party_category": "个体工商户", "authority_code": USCC}
    values |= {
        "decision_number": f"云市监罚〔2024〕{number}号",
        "decision_date": date(2024, 5, 1),
        "valid_until": date(2024, 5, 1),
    }
    values |= {"legal_basis": "某某法第一条", "certificate_name": "证书"}
    values |= OF_TYPE.get(name, {}) | {"inspection_number": f"检{number}", "coercion_number": f"强{number}"}
    return {key: value for key, value in values.items() if key in TYPES[name].names} | changes


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=TYPES[name].arrow_schema())


def judge(name: str, *chunks: list[dict[str, Any]]) -> SuiteResult:
    return Suite(name, TYPES[name]).judge((table(name, rows) for rows in chunks), business_date=TODAY)


def seen(flags: list[Flag]) -> set[tuple[str, str, tuple[int, ...]]]:
    return {(flag.code.removeprefix("SUITE_"), flag.field, tuple(flag.rows.tolist())) for flag in flags}


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_batch_goes_against_nothing(name: str) -> None:
    result = judge(name, [row(name, number) for number in range(30)])
    assert result.success
    assert result.flags == [[]]
    assert [outcome.unexpected for outcome in result.outcomes] == [0] * len(read_suite(name))
    assert [outcome.unexpected for outcome in result.base] == [0] * len(result.base)
    assert 1 <= len(read_suite(name)) <= 20


BROKEN: list[tuple[str, str, dict[str, Any], str]] = [
    ("penalty", "DECISION_NUMBER_PRESENT", {"decision_number": None}, "decision_number"),
    ("penalty", "AUTHORITY_CODE_PRESENT", {"authority_code": None}, "authority_code"),
    ("penalty", "PARTY_NAME_PRESENT", {"party_name": None}, "party_name"),
    ("penalty", "PARTY_CATEGORY_KNOWN", {"party_category": CANARY}, "party_category"),
    ("penalty", "PARTY_NAME_LENGTH", {"party_name": "😀"}, "party_name"),
    ("penalty", "PARTY_NAME_NOT_CASE_TITLE", {"party_name": "某某公司无照经营案"}, "party_name"),
    ("penalty", "DECISION_NUMBER_LENGTH", {"decision_number": "〔1"}, "decision_number"),
    ("penalty", "DECISION_NUMBER_YEAR", {"decision_number": "云罚[2024]1号"}, "decision_number"),
    ("penalty", "PARTY_CREDIT_CODE_FORM", {"party_credit_code": "91530000MA6K12345O"}, "party_credit_code"),
    ("penalty", "AUTHORITY_CODE_FORM", {"authority_code": "11530000MA6K12345X\n"}, "authority_code"),
    ("penalty", "PENALTY_KINDS_KNOWN", {"penalty_kinds": "罚款;其他"}, "penalty_kinds"),
    ("penalty", "LEGAL_BASIS_LENGTH", {"legal_basis": "某某法"}, "legal_basis"),
    ("penalty", "FINE_NOT_NEGATIVE", {"fine_amount": Decimal("-0.000001")}, "fine_amount"),
    ("penalty", "CONFISCATED_NOT_NEGATIVE", {"confiscated_amount": Decimal("-1")}, "confiscated_amount"),
    ("penalty", "FINE_PLAUSIBLE", {"fine_amount": Decimal("1000000000.000001")}, "fine_amount"),
    (
        "penalty",
        "DECISION_DATE_NOT_FUTURE",
        {"decision_date": date(2024, 6, 2), "valid_until": date(2025, 1, 1)},
        "decision_date",
    ),
    ("penalty", "DECISION_DATE_PLAUSIBLE", {"decision_date": date(1996, 9, 30)}, "decision_date"),
    ("penalty", "VALID_UNTIL_AFTER_DECISION", {"valid_until": date(2024, 4, 30)}, "valid_until"),
    ("penalty", "PUBLICITY_AFTER_DECISION", {"publicity_until": date(2024, 4, 30)}, "publicity_until"),
    ("licence", "STATUS_KNOWN", {"status": "暂停"}, "status"),
    ("licence", "LICENCE_CATEGORY_KNOWN", {"licence_category": "07"}, "licence_category"),
    ("licence", "LICENCE_CONTENT_LENGTH", {"licence_content": "甲"}, "licence_content"),
    ("licence", "VALID_FROM_AFTER_DECISION", {"valid_from": date(2024, 4, 30)}, "valid_from"),
    ("licence", "VALID_UNTIL_AFTER_FROM", {"valid_from": date(2024, 5, 2)}, "valid_until"),
    ("inspection", "INSPECTION_NUMBER_PRESENT", {"inspection_number": None}, "inspection_number"),
    ("inspection", "ITEM_CODE_FORM", {"item_code": "5300000000000"}, "item_code"),
    (
        "inspection",
        "IMPLEMENTATION_ITEM_CODE_FORM",
        {"implementation_item_code": f"{USCC}6甲"},
        "implementation_item_code",
    ),
    ("inspection", "PARTY_ID_NUMBER_FORM", {"party_id_number": "123"}, "party_id_number"),
    ("inspection", "REGION_CODE_FORM", {"region_code": "53"}, "region_code"),
    ("inspection", "INSPECTORS_TWO", {"inspectors": "甲,"}, "inspectors"),
    ("inspection", "INSPECTION_DATE_NOT_FUTURE", {"inspection_date": date(2024, 6, 2)}, "inspection_date"),
    ("inspection", "REPORTED_AFTER_INSPECTION", {"reported_on": date(2024, 5, 31)}, "reported_on"),
    ("inspection", "INSPECTION_RESULT_LENGTH", {"inspection_result": "无"}, "inspection_result"),
    ("levy", "DUE_AFTER_DECISION", {"due_on": date(2024, 4, 30)}, "due_on"),
    ("levy", "PAID_AFTER_DECISION", {"paid_on": date(2024, 4, 30)}, "paid_on"),
    ("levy", "PAID_WITHIN_AMOUNT", {"paid_amount": Decimal("2.000001")}, "amount"),
    ("levy", "AMOUNT_PLAUSIBLE", {"amount": Decimal("1000000000.01")}, "amount"),
    ("levy", "BASIS_LENGTH", {"legal_basis": "某某法"}, "legal_basis"),
    ("requisition", "RETURNED_AFTER_DECISION", {"returned_on": date(2024, 4, 30)}, "returned_on"),
    ("requisition", "VALID_UNTIL_AFTER_FROM", {"valid_until": date(2024, 4, 30)}, "valid_until"),
    ("confirmation", "VALID_FROM_AFTER_DECISION", {"valid_from": date(2024, 4, 30)}, "valid_from"),
    ("payment", "DECISION_DATE_NOT_FUTURE", {"decision_date": date(2024, 6, 2)}, "decision_date"),
    ("adjudication", "DECIDED_AFTER_ACCEPTED", {"accepted_on": date(2024, 5, 2)}, "decision_date"),
    ("reward", "DECISION_NUMBER_YEAR", {"decision_number": "云奖1号"}, "decision_number"),
    ("other_act", "DATED_NOT_FUTURE", {"started_on": date(2024, 6, 2)}, "started_on"),
    ("other_act", "ACT_ENDED_AFTER_STARTED", {"ended_on": date(2024, 5, 31)}, "ended_on"),
    ("other_act", "REPORTED_AFTER_STARTED", {"reported_on": date(2024, 5, 31)}, "reported_on"),
    ("agency", "VALID_UNTIL_AFTER_FROM", {"valid_until": date(2024, 4, 30)}, "valid_until"),
    ("officer", "VALID_UNTIL_AFTER_FROM", {"valid_until": date(2024, 4, 30)}, "valid_until"),
    ("item", "VALID_UNTIL_AFTER_FROM", {"valid_until": date(2024, 4, 30)}, "valid_until"),
    ("discretion", "AMOUNTS_IN_ORDER", {"amount_to": Decimal("1.99")}, "amount_to"),
    ("legal_review", "REVIEWED_AFTER_SUBMITTED", {"reviewed_on": date(2024, 5, 31)}, "reviewed_on"),
    ("document", "DATED_NOT_FUTURE", {"made_on": date(2024, 6, 2)}, "made_on"),
    ("reconsideration", "CLOSED_AFTER_ACCEPTED", {"closed_on": date(2024, 5, 31)}, "closed_on"),
    ("referral", "ANSWERED_AFTER_REFERRED", {"answered_on": date(2024, 5, 31)}, "answered_on"),
    ("complaint", "ANSWERED_AFTER_RECEIVED", {"answered_on": date(2024, 5, 31)}, "answered_on"),
    ("complaint", "DUE_AFTER_RECEIVED", {"due_on": date(2024, 5, 31)}, "due_on"),
    ("coercion", "COERCION_NUMBER_PRESENT", {"coercion_number": None}, "coercion_number"),
    ("coercion", "INSPECTION_NUMBER_LINKED", {"inspection_number": None}, "inspection_number"),
    ("coercion", "COERCION_KIND_KNOWN", {"coercion_kind": "强制"}, "coercion_kind"),
    ("coercion", "MEASURE_KIND_KNOWN", {"measure_kind": "其他"}, "measure_kind"),
    ("coercion", "EXECUTION_KIND_KNOWN", {"execution_kind": "扣押财物"}, "execution_kind"),
    ("coercion", "STARTED_NOT_FUTURE", {"started_on": date(2024, 6, 2), "ended_on": date(2024, 6, 3)}, "started_on"),
    ("coercion", "ENDED_AFTER_STARTED", {"ended_on": date(2024, 5, 31)}, "ended_on"),
]


@pytest.mark.parametrize(("name", "code", "change", "blamed"), BROKEN, ids=[item[1].lower() for item in BROKEN])
def test_each_expectation_finds_its_row_in_its_chunk(name: str, code: str, change: dict[str, Any], blamed: str) -> None:
    clean = [row(name, number) for number in range(3)]
    result = judge(name, clean, [row(name, 8), row(name, 9, **change), row(name, 10)])
    assert result.flags[0] == []
    assert (code, blamed, (1,)) in seen(result.flags[1])
    outcome = next(o for o in result.outcomes if o.expected.code == f"SUITE_{code}")
    assert (outcome.unexpected, outcome.success) == (1, False)
    assert result.success is not any(registry()[flag.code].severity == "error" for flag in result.flags[1])


def test_a_key_repeated_over_chunks_is_found_in_each_and_a_half_key_is_not_judged() -> None:
    first = [row("penalty", 1), row("penalty", 2, decision_number=None), row("penalty", 3)]
    other = [
        row("penalty", 1, authority_code="11530000MA6K12345Y"),
        row("penalty", 3),
        row("penalty", 2, decision_number=None),
    ]
    result = judge("penalty", first, [], other)
    repeated = [[flag.rows.tolist() for flag in flags if flag.code == "SUITE_KEY_UNIQUE"] for flags in result.flags]
    assert repeated == [[[2]], [], [[1]]]
    outcome = result.outcomes[-1]
    assert (outcome.evaluated, outcome.unexpected, result.rows) == (4, 2, 6)


def test_a_chunk_above_the_limit_is_judged_in_pieces_with_rows_of_the_chunk() -> None:
    whole = table("penalty", [row("penalty", number) for number in range(1000)])
    big = pa.concat_tables([whole] * 101)
    late = table("penalty", [row("penalty", 5, party_category="无")])
    result = Suite("penalty", TYPES["penalty"]).judge([pa.concat_tables([late, big, late])], business_date=TODAY)
    assert [f.rows.tolist() for f in result.flags[0] if f.code == "SUITE_PARTY_CATEGORY_KNOWN"] == [[0, 101_001]]
    assert result.rows == 101_002


def test_the_saved_result_carries_no_value() -> None:
    spoiled = row(
        "penalty", 1, party_name=CANARY + "案", party_category=CANARY, decision_number=CANARY, legal_basis=CANARY
    )
    result = judge("penalty", [spoiled, spoiled])
    text = json.dumps(result.to_json(), ensure_ascii=False)
    assert CANARY not in text
    assert '"success": false' in text


@pytest.mark.parametrize("name", ["penalty", "licence", "inspection", "coercion", "levy"])
def test_our_masks_count_what_the_librarys_own_metrics_count(name: str) -> None:
    changes = [change for kind, _, change, _ in BROKEN if kind == name]
    rows = [row(name, number, **(changes[number % len(changes)] if number % 3 else {})) for number in range(200)]
    result = judge(name, rows)
    frame = plain_frame(table(name, rows))
    for outcome in result.outcomes:
        library = library_count(frame, outcome.expected.type, outcome.expected.kwargs, outcome.expected.id)
        assert (outcome.expected.id, outcome.unexpected) == (outcome.expected.id, library)
    assert sum(outcome.unexpected > 0 for outcome in result.outcomes) >= 5


def plain_frame(records: pa.Table) -> Any:
    """As the library's own metrics like it: text as `str`, money as integers of a millionth, dates as objects."""
    import pandas as pd

    frame = pd.DataFrame({name: pd.Series(records[name].to_pylist(), dtype=object) for name in records.column_names})
    for name in records.column_names:
        if pa.types.is_string(records[name].type):
            frame[name] = frame[name].astype("str")
    return frame


def library_count(frame: Any, name: str, kwargs: dict[str, Any], number: str) -> int:
    kwargs = {key: TODAY if isinstance(value, dict) else value for key, value in kwargs.items()}
    if "regex" in kwargs:
        kwargs["regex"] = kwargs["regex"].replace("$", r"\Z")
    with quiet():
        batch = batch_definition().get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(library_class(name)(**kwargs, meta={"id": number}), result_format="COMPLETE")
    indexes = result.result["unexpected_index_list"] or []
    assert result.result["unexpected_count"] == len(np.unique(indexes))
    return len(indexes)
