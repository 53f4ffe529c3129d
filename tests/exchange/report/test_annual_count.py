"""Cells from known records: numbers where nothing is open, and never a zero in place of an open question."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from exchange.report.annual_count import Cell, Counter, total
from exchange.report.annual_records import WHERE, Records
from schemas.annual_layouts import layout

YEAR = 2025


def records(*rows: dict[str, Any], lost: int = 0, destroyed: int = 0, since: int = YEAR) -> Records:
    """Penalties by kinds, day, fine, confiscated, revoked; what is not given is a 罚款 of 100 元 in June."""
    full = [
        {"kinds": "罚款", "day": date(YEAR, 6, 1), "fine": "100", "confiscated": None, "revoked": False} | r
        for r in rows
    ]
    money = pa.decimal128(20, 6)
    table = pa.table(
        {
            "_load": pa.array([1] * len(full), pa.int64()),
            "_ordinal": pa.array(range(len(full)), pa.int64()),
            "_revision": pa.array([1] * len(full), pa.int64()),
            "_key": pa.array([f"k{n}" for n in range(len(full))], pa.string()),
            "_revoked": pa.array([r["revoked"] for r in full], pa.bool_()),
            "penalty_kinds": pa.array([r["kinds"] for r in full], pa.string()),
            "decision_date": pa.array([r["day"] for r in full], pa.date32()),
            "fine_amount": pa.array([r["fine"] and Decimal(r["fine"]) for r in full], money),
            "confiscated_amount": pa.array([r["confiscated"] and Decimal(r["confiscated"]) for r in full], money),
        }
    )
    return Records("market/penalty", table, lost=lost, destroyed=destroyed, since=since)


def cells(
    have: Records, code: str = "shandong_2021", order: str = "", revoked: str = "", year: int = YEAR
) -> dict[str, Cell]:
    one = layout(code)
    counter = Counter(one, year, one.severity_order or order, one.revoked or revoked)
    return counter.cells(one.tables[0], {"penalty": have})


def test_the_calendar_year_of_the_decision_counts() -> None:
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)]
    found = cells(records(*({"day": day} for day in days)))
    assert (found["total"].value, found["fine"].value, found["warning"].value) == (2, 2, 0)
    assert found["fine"].rows["_ordinal"].to_pylist() == [1, 2]
    assert found["fine"].rows.column_names == WHERE.names


def test_amounts_are_exact_in_the_layouts_unit_and_blanks_are_no_zero_and_no_error() -> None:
    have = records({"fine": "0.1"}, {"fine": "12345.67", "confiscated": "0.2"}, {"fine": None, "confiscated": None})
    assert cells(have)["amount"].value == Decimal("1.234597")
    assert cells(have, "datong_2021")["amount"].value == Decimal("12345.97")


def test_an_unsettled_decision_blocks_its_columns_and_no_other() -> None:
    have = records({"kinds": "警告;罚款"}, {"kinds": "罚款"}, {"kinds": "行政拘留"})
    found = cells(have, "zhejiang_2024")
    assert found["fine"].value is None
    assert (found["fine"].counted, [r.records for r in found["fine"].reasons]) == (1, [1])
    assert "--order" in found["fine"].reasons[0].zh
    assert (found["detention"].value, found["revocation"].value, found["total"].value) == (1, 0, 3)
    assert cells(have, "zhejiang_2024", order="2021_datong")["fine"].value == 2


@pytest.mark.parametrize(("revoked", "fine"), [("count", 2), ("leave", 1), ("", None)])
def test_a_revoked_decision_counts_only_as_somebody_says(revoked: str, fine: int | None) -> None:
    found = cells(records({"revoked": True}, {}), revoked=revoked)
    assert found["fine"].value == found["total"].value == fine
    assert found["warning"].value == 0
    if fine is None:
        assert [(r.records, "--revoked" in r.zh) for r in found["amount"].reasons] == [(1, True)]


def test_guangdong_says_that_it_counts() -> None:
    assert cells(records({"revoked": True}, {}), "guangdong", order="2021_datong", revoked="leave")["fine"].value == 2


def test_a_lost_file_blocks_everything_it_might_hold() -> None:
    found = cells(records({}, lost=3))
    assert (found["fine"].value, found["total"].value, found["warning"].value) == (None, None, None)
    assert found["fine"].reasons[0].records == 3


def test_destroyed_records_are_told_as_such() -> None:
    found = cells(records({}, destroyed=2))
    assert (found["fine"].value, [r.records for r in found["fine"].reasons]) == (None, [2])
    assert "销毁" in found["fine"].reasons[0].zh


def test_a_year_before_the_first_load_is_no_zero_unless_it_has_records() -> None:
    have = records({}, since=2026)
    assert cells(have)["fine"].value == 1
    assert cells(have, year=2024)["fine"].value is None
    assert cells(have, year=2026)["fine"].value == 0
    assert cells(records(since=0))["fine"].value is None


def test_what_has_no_rule_or_no_records_says_so() -> None:
    assert cells(records({}))["filed"].reasons[0].zh == "处罚记录无立案日期"
    one = layout("shandong_2021")
    alone = Counter(one, YEAR, one.severity_order, "").cells(one.tables[1], {})["granted"]
    assert alone.value is None
    assert "有权而未行使填 0" in alone.reasons[0].zh


def test_a_total_is_the_sum_of_those_that_report() -> None:
    mine, theirs = cells(records({}, {}))["fine"], cells(records({}))["fine"]
    one = layout("shandong_2021")
    silent = Counter(one, YEAR, one.severity_order, "").cells(one.tables[0], {})["fine"]
    assert total([mine, silent, theirs], 0).value == 3
    assert total([silent, silent], 0).value is None
    assert total([mine, theirs], 1).reasons[0].records == 1
    waiting = cells(records(since=0))["fine"]
    assert total([mine, waiting], 0).value is None
    unsettled = cells(records({"revoked": True}))["fine"]
    assert (total([mine, unsettled], 0).value, total([mine, unsettled], 0).counted) == (None, 2)
