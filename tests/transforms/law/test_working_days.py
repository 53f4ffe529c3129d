"""Terms in working days: holidays, make-up days, the end of what is known, an operator's own year."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import StandardError
from transforms.law.tables import table
from transforms.law.working_days import CalendarUnknown, calendar, due_date, due_dates

HOLIDAYS = table("holidays.csv")
KNOWN = st.dates(date(2004, 1, 1), date(2026, 11, 25))
HEADER = "date,kind,name_zh,source\n"
NOTICE = {  # an invented notice: enough for a year to count as known
    "2027-01-01": "元旦",
    "2027-02-05": "春节",
    "2027-02-08": "春节",
    "2027-04-05": "清明节",
    "2027-05-03": "劳动节",
    "2027-06-09": "端午节",
    "2027-09-15": "中秋节",
    "2027-10-01": "国庆节",
}


def _file(tmp_path, rows, header=HEADER):
    path = tmp_path / "holidays.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def _notice(*more):
    return [f"{day},off,{name},test" for day, name in NOTICE.items()] + list(more)


@pytest.mark.parametrize(
    ("decision", "days", "due"),
    [
        ("2026-02-11", 7, "2026-02-27"),  # Spring Festival 2026 takes 15 to 23 February; Saturday the 14th is worked
        ("2026-02-11", 20, "2026-03-17"),  # and Saturday the 28th
        (
            "2025-01-22",
            7,
            "2025-02-07",
        ),  # Spring Festival 2025 takes 28 January to 4 February; Sunday the 26th is worked
        ("2025-01-22", 8, "2025-02-08"),  # and Saturday 8 February
        ("2026-02-13", 1, "2026-02-14"),  # a make-up Saturday is a working day
        ("2026-02-14", 1, "2026-02-24"),  # a decision on it counts from the next day
        ("2026-02-18", 1, "2026-02-24"),  # a decision within the holiday
        ("2026-03-02", 7, "2026-03-11"),  # an ordinary week
        ("2026-03-06", 1, "2026-03-09"),  # Friday to Monday
        ("2018-12-28", 1, "2018-12-29"),  # a Saturday worked for the New Year of 2019
        ("2018-12-29", 1, "2019-01-02"),
        ("2003-12-31", 1, "2004-01-02"),  # the first day after the first holiday that is known
    ],
)
def test_due_date(decision, days, due):
    assert due_date(date.fromisoformat(decision), days) == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("decision", "days", "year"),
    [
        ("2027-01-04", 7, 2027),
        ("2026-12-25", 7, 2027),
        ("2026-12-18", 7, 2027),  # would end on 29 December, which the notice for 2027 may move
        ("2003-12-30", 1, 2003),
        ("1999-06-01", 7, 1999),
        ("9999-12-31", 7, 9999),
    ],
)
def test_a_year_that_is_not_known_is_said(decision, days, year):
    found = due_date(date.fromisoformat(decision), days, calendar(HOLIDAYS))
    assert found == CalendarUnknown(year)
    assert str(year) in found.remedy


def test_the_last_day_that_is_known_has_an_answer():
    assert due_date(date(2026, 12, 17), 7) == date(2026, 12, 28)


def test_days_are_known_one_by_one():
    assert calendar().is_working(date(2026, 2, 14)) is True
    assert calendar().is_working(date(2026, 2, 16)) is False
    assert calendar().is_working(date(2026, 2, 21)) is False
    assert calendar().is_working(date(2027, 3, 1)) == CalendarUnknown(2027)
    assert calendar().is_working(date(2026, 12, 31)) == CalendarUnknown(2027)
    assert calendar().is_working(date(2003, 3, 3)) == CalendarUnknown(2003)


def test_the_shipped_file_claims_nothing():
    assert HOLIDAYS.read_text(encoding="utf-8") == HEADER


def test_an_operator_adds_a_year(tmp_path):
    own = calendar(_file(tmp_path, _notice("2027-02-06,work,春节,test")))
    assert due_date(date(2026, 12, 25), 7, own) == date(2027, 1, 6)
    assert due_date(date(2027, 2, 4), 1, own) == date(2027, 2, 6)
    assert due_date(date(2027, 2, 6), 1, own) == date(2027, 2, 9)
    assert due_date(date(2027, 12, 27), 7, own) == CalendarUnknown(2028)


def test_an_operator_corrects_a_year_the_package_knows(tmp_path):
    own = calendar(_file(tmp_path, ["2026-03-03,off,,test"]))
    assert due_date(date(2026, 3, 2), 1, own) == date(2026, 3, 4)
    assert due_date(date(2026, 3, 2), 1) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("rows", "header", "says"),
    [
        (_notice()[:-1], HEADER, "国庆节"),
        ([row.replace("2027-", "2028-") for row in _notice()], HEADER, "2027 is not"),
        (["2027/01/01,off,元旦,test"], HEADER, "YYYY-MM-DD"),
        (["2027-01-01,rest,元旦,test"], HEADER, "neither off nor work"),
        (_notice("2027-01-01,work,元旦,test"), HEADER, "given twice"),
        ([], "day,kind\n", "the header is not"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path, rows, header, says):
    with pytest.raises(StandardError, match=says) as refused:
        calendar(_file(tmp_path, rows, header))
    assert "holidays.csv" in str(refused.value)
    assert refused.value.remedy


def test_a_column_says_both_what_is_due_and_what_is_not_known():
    days = pa.array([date(2026, 2, 11), None, date(2027, 1, 4), date(2026, 2, 11)], pa.date32())
    found = due_dates(days, 7)
    assert found.due.to_pylist() == [date(2026, 2, 27), None, None, date(2026, 2, 27)]
    assert found.unknown_year.to_pylist() == [None, None, 2027, None]
    assert found.due.type == pa.date32()


def test_an_empty_column_stays_empty():
    assert len(due_dates(pa.array([], pa.date32()), 7).due) == 0


@pytest.mark.parametrize("days", [0, -1])
def test_a_term_has_a_day(days):
    with pytest.raises(ValueError, match="at least one"):
        due_date(date(2026, 3, 2), days)


@settings(deadline=None)  # the first call reads the tables
@given(KNOWN, st.integers(1, 20))
def test_a_due_date_is_a_working_day_after_the_decision(decision, days):
    due = due_date(decision, days)
    assert isinstance(due, date)
    assert due > decision
    assert calendar().is_working(due) is True


@settings(deadline=None)  # the first call reads the tables
@given(KNOWN, st.integers(1, 20))
def test_between_decision_and_due_date_lie_the_days_of_the_term(decision, days):
    due = due_date(decision, days)
    between = [decision + timedelta(days=n) for n in range(1, (due - decision).days + 1)]
    assert sum(calendar().is_working(day) is True for day in between) == days


@settings(deadline=None)  # the first call reads the tables
@given(KNOWN, KNOWN, st.integers(1, 20))
def test_a_later_decision_is_never_due_earlier(one, other, days):
    early, late = sorted((one, other))
    assert due_date(early, days) <= due_date(late, days)


@settings(deadline=None)  # the first call reads the tables
@given(st.lists(st.none() | st.dates(date(2000, 1, 1), date(2030, 12, 31)), max_size=30), st.integers(1, 20))
def test_a_column_agrees_with_its_values(decisions, days):
    found = due_dates(pa.array(decisions, pa.date32()), days)
    for decision, due, year in zip(decisions, found.due.to_pylist(), found.unknown_year.to_pylist(), strict=True):
        if decision is None:
            assert (due, year) == (None, None)
        else:
            assert due_date(decision, days) == (due or CalendarUnknown(year))
