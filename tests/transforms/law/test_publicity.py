"""Publicity periods at both sides of every regime's date, and what is said when the rules say nothing."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.law.publicity import (
    is_public,
    public_mask,
    publicity,
    publicity_columns,
    publicity_until,
    rules,
    stated_until,
)

WORDS = [None, "一般", "严重", "轻微", "serious", "一般失信行为", "安全", "食品、药品、特种设备、安全生产、消防"]
FOOD = "食品、药品、特种设备、安全生产、消防"
day = date.fromisoformat


@pytest.mark.parametrize(
    ("decision", "class_", "earliest", "latest", "regime", "verified"),
    [
        ("2017-07-31", "一般", None, "2018-07-31", "2017-07-31", "yes"),
        ("2017-07-31", "严重失信", None, "2020-07-31", "2017-07-31", "yes"),
        ("2019-06-30", "一般", None, "2020-06-30", "2017-07-31", "yes"),
        ("2019-06-30", "严重失信", None, "2022-06-30", "2017-07-31", "yes"),
        ("2019-07-01", "一般失信行为", "2019-10-01", "2020-07-01", "2019-07-01", "partial"),
        ("2019-07-01", "严重失信行为", "2020-01-01", "2022-07-01", "2019-07-01", "yes"),
        ("2023-04-30", "一般失信行为", "2023-07-30", "2024-04-30", "2019-07-01", "partial"),
        ("2023-04-30", "严重失信行为", "2023-10-30", "2026-04-30", "2019-07-01", "yes"),
        ("2023-05-01", "一般", "2023-08-01", "2026-05-01", "2023-05-01", "partial"),
        ("2023-05-01", FOOD, "2024-05-01", "2026-05-01", "2023-05-01", "no"),
        ("2026-03-31", "一般", "2026-06-30", "2029-03-31", "2023-05-01", "partial"),
        ("2026-03-31", FOOD, "2027-03-31", "2029-03-31", "2023-05-01", "no"),
        ("2026-04-01", "一般", "2026-07-01", "2027-04-01", "2026-04-01", "yes"),
        ("2026-04-01", "严重", "2027-04-01", "2029-04-01", "2026-04-01", "yes"),
        ("2026-04-01", "轻微", None, "2026-07-01", "2026-04-01", "yes"),
    ],
)
def test_both_sides_of_every_regime(decision, class_, earliest, latest, regime, verified):
    found = publicity(day(decision), class_, day(decision))
    assert found.earliest_end == (earliest and day(earliest))
    assert found.latest_end == day(latest)
    assert (found.regime, found.verified, found.unknown) == (regime, verified, "")
    assert found.publish is (class_ != "轻微")


@pytest.mark.parametrize(
    ("decision", "class_", "unknown", "regime"),
    [
        ("2017-07-30", "一般", "date_outside_table", ""),
        ("9999-12-31", "一般", "date_outside_table", ""),
        ("2026-03-31", "轻微", "class_unknown", "2023-05-01"),
        ("2023-05-01", "严重", "class_unknown", "2023-05-01"),
        ("2026-04-01", FOOD, "class_unknown", "2026-04-01"),
        ("2026-04-01", "安全", "class_unknown", "2026-04-01"),
        ("2026-04-01", None, "class_unknown", "2026-04-01"),
    ],
)
def test_what_the_rules_do_not_say_is_said_and_not_guessed(decision, class_, unknown, regime):
    found = publicity(day(decision), class_, day("2026-11-25"))
    assert (found.unknown, found.regime, found.phase) == (unknown, regime, "unknown")
    assert (found.publish, found.earliest_end, found.latest_end, found.verified) == (None, None, None, "")
    assert is_public(day(decision), class_, day("2026-11-25")) is None


def test_a_decision_without_a_date_has_no_period():
    assert publicity(None, "一般", day("2026-11-25")).unknown == "date_missing"


@pytest.mark.parametrize(
    ("as_of", "phase", "public"),
    [
        ("2026-03-31", "not_yet", False),
        ("2026-04-01", "must_stay", True),
        ("2026-07-01", "must_stay", True),
        ("2026-07-02", "within", True),
        ("2027-04-01", "within", True),
        ("2027-04-02", "ended", False),
    ],
)
def test_a_record_past_its_end_leaves_the_public_copy(as_of, phase, public):
    decision = day("2026-04-01")
    assert publicity(decision, "一般", day(as_of)).phase == phase
    assert is_public(decision, "一般", day(as_of)) is public


def test_a_minor_case_is_public_only_when_chosen_and_three_months_at_most():
    decision = day("2026-04-01")
    assert is_public(decision, "轻微", day("2026-05-01")) is False
    assert is_public(decision, "轻微", day("2026-07-01"), chosen=True) is True
    assert is_public(decision, "轻微", day("2026-07-02"), chosen=True) is False


def test_a_mere_warning_under_the_rules_of_2023_is_left_to_a_person():
    decision, later = day("2023-06-01"), day("2023-07-01")
    found = publicity(decision, "一般", later, "警告;通报批评")
    assert found.publish is None
    assert "see text" in found.exception
    assert is_public(decision, "一般", later, kinds="警告") is None
    assert is_public(decision, "一般", later, kinds="警告;罚款") is True
    assert is_public(decision, "一般", day("2026-06-02"), kinds="警告") is False
    assert is_public(day("2026-04-01"), "一般", day("2026-05-01"), kinds="警告") is True


@pytest.mark.parametrize(
    ("decision", "latest"),
    [("2020-02-29", "2021-02-28"), ("2019-12-31", "2020-12-31"), ("2022-03-01", "2023-03-01")],
)
def test_a_year_ends_on_the_same_day_or_on_the_last_of_the_month(decision, latest):
    assert publicity(day(decision), "一般", day(decision)).latest_end == day(latest)


def test_three_months_from_the_end_of_november_end_with_february():
    assert publicity(day("2019-11-30"), "一般", day("2019-12-01")).earliest_end == day("2020-02-29")


def test_regimes_follow_each_other_without_a_gap():
    spans = sorted({(rule.first, rule.last) for rule in rules()})
    assert len(spans) == 4
    assert [a[1] + timedelta(days=1) for a in spans[:-1]] == [b[0] for b in spans[1:]]


def test_a_column_gives_the_last_public_day():
    days = pa.array([day("2026-03-31"), day("2026-04-01"), None, day("2017-07-30"), day("2026-04-01")], pa.date32())
    classes = pa.array(["一般", "一般", "一般", "一般", None])
    found = publicity_until(days, classes)
    assert found.type == pa.date32()
    assert found.to_pylist() == [day("2029-03-31"), day("2027-04-01"), None, None, None]
    said = ["", "", "date_missing", "date_outside_table", "class_unknown"]
    assert publicity_columns(days, classes)["unknown"].to_pylist() == said
    assert publicity_columns(days, classes)["verified"].to_pylist() == ["partial", "yes", "", "", ""]


def test_empty_columns_stay_empty():
    assert len(publicity_until(pa.array([], pa.date32()), pa.array([], pa.string()))) == 0


@settings(deadline=None)  # the first call reads the tables
@given(
    st.lists(st.tuples(st.none() | st.dates(date(2017, 1, 1), date(2030, 1, 1)), st.sampled_from(WORDS)), max_size=30),
    st.dates(date(2017, 1, 1), date(2034, 1, 1)),
)
def test_columns_agree_with_their_values(pairs, as_of):
    days = pa.array([pair[0] for pair in pairs], pa.date32())
    classes = pa.array([pair[1] for pair in pairs], pa.string())
    assert publicity_until(days, classes).to_pylist() == [publicity(*pair, as_of).latest_end for pair in pairs]
    assert public_mask(days, classes, as_of).to_pylist() == [is_public(*pair, as_of) for pair in pairs]


@settings(deadline=None)  # the first call reads the tables
@given(st.dates(date(2017, 7, 31), date(2030, 1, 1)), st.sampled_from(["一般", "严重"]))
def test_once_ended_a_record_never_comes_back(decision, class_):
    found = publicity(decision, class_, decision)
    if found.latest_end:
        seen = [is_public(decision, class_, found.latest_end + timedelta(days=n)) for n in range(-2, 3)]
        assert seen == [True, True, True, False, False]


def test_a_column_in_chunks_is_one_column():
    days = pa.chunked_array([[day("2026-04-01")], [day("2026-03-31"), day("2026-04-01")]], pa.date32())
    classes = pa.chunked_array([["一般", "一般"], ["严重"]])
    assert publicity_until(days, classes).to_pylist() == [day("2027-04-01"), day("2029-03-31"), day("2029-04-01")]
    assert public_mask(days, classes, day("2029-04-01")).to_pylist() == [False, False, True]


@pytest.mark.parametrize(
    ("decision", "class_", "kinds", "marks", "until"),
    [
        ("2026-04-01", "一般", "罚款", ("yes",), "2027-04-01"),
        ("2026-04-01", "严重", "罚款", ("yes",), "2029-04-01"),
        ("2026-04-01", "严重", "警告", ("yes",), "2029-04-01"),
        ("2026-04-01", "轻微", "罚款", ("yes",), None),
        ("2026-04-01", None, "罚款", ("yes",), None),
        ("2026-03-31", "一般", "罚款", ("yes",), None),
        ("2026-03-31", "一般", "罚款", ("yes", "partial"), "2029-03-31"),
        ("2026-03-31", "一般", "警告;通报批评", ("yes", "partial"), None),
        ("2026-03-31", "一般", "警告;罚款", ("yes", "partial"), "2029-03-31"),
        ("2026-03-31", "一般", None, ("yes", "partial"), None),
        ("2026-03-31", FOOD, "罚款", ("yes", "partial"), None),
        ("2019-06-30", "严重失信", "罚款", ("yes",), "2022-06-30"),
        ("2017-07-30", "一般", "罚款", ("yes", "partial"), None),
    ],
)
def test_an_end_is_stated_only_where_no_person_is_asked(decision, class_, kinds, marks, until):
    columns = [pa.array([day(decision)]), pa.array([class_], pa.string()), pa.array([kinds], pa.string())]
    assert stated_until(*columns, marks).to_pylist() == [until and day(until)]
