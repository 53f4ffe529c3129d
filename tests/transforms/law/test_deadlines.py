"""Clocks by record type, and days late on a given day."""

from datetime import date

import pyarrow as pa
import pytest

from schemas.errors import ConfigurationError
from schemas.standard import code_list
from transforms.law.deadlines import (
    Clock,
    clock,
    credit_clock,
    days_late,
    days_late_column,
    due,
    late_count,
    publication_clock,
)
from transforms.law.working_days import CalendarUnknown

day = date.fromisoformat


@pytest.mark.parametrize(
    ("record_type", "limit"), [("penalty", "7"), ("licence", "7"), ("inspection", "20"), ("reward", "20")]
)
def test_publication_by_record_type(record_type, limit):
    found = publication_clock(record_type)
    assert (found.limit, found.unit, found.basis, found.verified) == (
        limit,
        "working days",
        "国办发〔2018〕118号",
        "yes",
    )


def test_what_is_no_decision_has_no_clock():
    assert publication_clock("agency") is None
    assert credit_clock("inspection") is None


def test_the_credit_clock_runs_from_the_decision():
    assert "not the closing date" in credit_clock("penalty").counted_from
    assert due(credit_clock("penalty"), day("2026-02-11")) == day("2026-02-27")


@pytest.mark.parametrize(
    ("id_", "start", "last"),
    [
        ("pub_penalty_permit", "2026-02-11", "2026-02-27"),
        ("pub_other", "2026-02-11", "2026-03-17"),
        ("withdraw_term_org", "2020-02-29", "2025-02-28"),
        ("withdraw_term_person", "2024-05-06", "2026-05-06"),
        ("withdraw_changed", "2026-02-27", "2026-03-02"),
        ("annual_report", "2025-06-30", "2026-01-31"),
        ("case_term", "2026-01-01", "2026-04-01"),
        ("item_list_update", "2026-01-31", "2026-02-28"),
        ("case_term", "9999-12-31", "9999-12-31"),
    ],
)
def test_due(id_, start, last):
    assert due(clock(id_), day(start)) == day(last)


def test_every_row_of_the_table_can_be_counted():
    for row in code_list("enforcement", "1.0", "deadlines"):
        assert due(clock(row["id"]), day("2026-01-05")) > day("2026-01-05")


def test_the_mark_travels():
    assert clock("withdraw_changed").verified == "no"
    assert clock("case_term").verified == "no"


@pytest.mark.parametrize(
    ("as_of", "late"), [("2026-02-12", 0), ("2026-02-27", 0), ("2026-02-28", 1), ("2026-03-27", 28)]
)
def test_days_late(as_of, late):
    assert days_late(clock("credit_report"), day("2026-02-11"), day(as_of)) == late


def test_a_year_that_is_not_known_is_not_on_time():
    starts = pa.array([day("2026-02-11"), day("2027-01-04"), None, day("2026-02-11"), day("2026-03-02")], pa.date32())
    assert days_late(clock("pub_other"), day("2027-01-04"), day("2027-03-01")) == CalendarUnknown(2027)
    late = days_late_column(clock("credit_report"), starts, day("2026-03-01"))
    assert late.to_pylist() == [2, None, None, 2, 0]
    assert late.type == pa.int32()
    assert late_count(late) == (2, 2)
    assert late_count(pa.array([], pa.int32())) == (0, 0)


def test_a_clock_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigurationError, match="credit_report"):
        clock("credit")


@pytest.mark.parametrize(("limit", "unit"), [("7", "fortnights"), ("soon", "days"), ("31 March", "date")])
def test_a_unit_that_cannot_be_counted_is_refused(limit, unit):
    with pytest.raises(ConfigurationError, match=unit):
        due(Clock("own", "", limit, unit, "", "", "no"), day("2026-01-05"))
