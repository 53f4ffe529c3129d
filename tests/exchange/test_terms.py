"""A ticket's term: working days from the day it was opened, by the YAML; a year whose holidays are unknown is said."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from exchange.terms import DEFAULT, Terms, correction_days
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError

FEED = "market/penalty"
OPENED = "2026-03-02T01:00:00.000+00:00"


def site_at(site, day, **catalog):
    found = replace(site, clock=lambda: datetime.fromisoformat(day).replace(tzinfo=UTC))
    for name, one in catalog.items():
        found = replace(found, **{name: one})
    return found


class OneFeed(Catalog):
    """The house's catalog with other days for one feed, or for its department."""

    def __init__(self, feed=None, department=None):
        super().__init__()
        own = super().feeds[FEED]
        mapping = own.mapping if feed is None else {**own.mapping, "correction_days": feed}
        owner = replace(own.department, correction_days=department)
        self.sound_feeds = {FEED: replace(own, mapping=mapping, department=owner)}


def days(**given):
    return correction_days(OneFeed(**given).sound_feeds[FEED])


def test_ten_working_days_when_nobody_says_anything(site):
    term = Terms(site).of(FEED, OPENED)
    assert DEFAULT == 10
    assert (term.since, term.due, term.overdue) == (date(2026, 3, 2), date(2026, 3, 16), False)


def test_the_feed_says_it_before_its_department(site):
    assert (days(department=5), days(feed=3, department=5), days()) == (5, 3, 10)


@pytest.mark.parametrize("wrong", ["soon", 0, 251, True, 1.5])
def test_anything_but_a_number_of_days_is_refused_by_file_and_key(wrong):
    with pytest.raises(ConfigurationError, match=r"penalty.yaml: correction_days"):
        days(feed=wrong)


def test_holidays_do_not_count_and_the_day_is_chinas(site):
    """Opened on 30 September in China, late the day before in UTC: the week of National Day is left out."""
    term = Terms(replace(site, catalog=OneFeed(feed=3))).of(FEED, "2025-09-29T17:00:00.000+00:00")
    assert term.since == date(2025, 9, 30)
    assert term.due == date(2025, 10, 11), "9 and 10 October, and the Saturday that is worked instead"


def test_the_last_day_is_on_time_and_the_next_is_not(site):
    assert not Terms(site_at(site, "2026-03-16T01:00")).of(FEED, OPENED).overdue
    late = Terms(site_at(site, "2026-03-17T01:00")).of(FEED, OPENED)
    assert late.overdue
    assert late.words == "2026-03-16 逾期 overdue"


def test_a_year_whose_holidays_are_not_known_is_said(site):
    term = Terms(site).of(FEED, "2039-06-01T01:00:00.000+00:00")
    assert (term.due, term.overdue) == (None, False)
    assert "放假安排" in term.words
    assert str(term.unknown_year) in term.words


def test_a_feed_whose_yaml_is_gone_keeps_the_default(site):
    assert Terms(site).of("gone/penalty", OPENED).due == date(2026, 3, 16)
