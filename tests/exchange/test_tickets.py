"""Lists begin with what is due first; a department sees its own; what a newer version followed is not shown."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from exchange import quarantine
from exchange.tickets import rejections, ticket, tickets
from schemas.errors import GuijiError

FEED = "market/penalty"


def opened(site, number, at, feed=FEED):
    with site.ledger.write("test") as connection:
        connection.execute(
            text(
                "INSERT INTO quarantine (id, feed, raw_digest, load_id, ordinal, state, opened_at) "
                "VALUES (:id, :feed, :digest, 1, 2, 'held', :at)"
            ),
            {"id": number, "feed": feed, "digest": f"x{number}", "at": at},
        )


@pytest.fixture
def busy(site):
    """Beside ticket 1 of 2 March: one older, one of a year nobody knows, one of another department."""
    opened(site, 7, "2026-01-05T01:00:00.000+00:00")
    opened(site, 8, "2039-06-01T01:00:00.000+00:00")
    opened(site, 9, "2026-02-02T01:00:00.000+00:00", "marketing/penalty")
    return site


def test_what_is_due_first_comes_first_and_the_unknown_last(busy):
    assert [t.id for t in tickets(busy)] == [7, 9, 1, 8]
    assert [t.id for t in tickets(busy, most=2)] == [7, 9]


def test_overdue_is_what_is_past_its_day(busy):
    assert [t.id for t in tickets(busy, overdue=True)] == [7, 9]
    later = replace(busy, clock=lambda: datetime(2026, 3, 17, 1, tzinfo=UTC))
    assert [t.id for t in tickets(later, overdue=True)] == [7, 9, 1]


def test_a_department_is_asked_for_by_its_whole_code(busy):
    assert [t.id for t in tickets(busy, "market")] == [7, 1, 8]
    assert [t.id for t in tickets(busy, "marketing/penalty")] == [9]
    assert [r.feed for r in rejections(busy, "market")] == [FEED]
    assert rejections(busy, "marketing") == []


def test_a_ticket_names_its_owner_its_reason_and_its_term(site):
    found = ticket(site, 1)
    assert found.owner == site.catalog.feed(FEED).department.name_zh
    assert found.codes == (("TEXT_MOJIBAKE", ""),)
    assert found.term.due.isoformat() == "2026-03-16"
    assert found.assignee is None


def test_who_sees_to_it_can_be_named_and_is_written_down(site):
    quarantine.assign(site, 1, "李四", "负责该批", "张三")
    assert ticket(site, 1).assignee == "李四"
    with site.ledger.read() as connection:
        line = connection.execute(text("SELECT what, person, detail FROM event ORDER BY id DESC LIMIT 1")).one()
    assert tuple(line) == ("quarantine assigned", "张三", "李四: 负责该批")


def test_a_settled_ticket_is_assigned_to_nobody(site):
    quarantine.drop(site, 1, "r", "p")
    with pytest.raises(GuijiError):
        quarantine.assign(site, 1, "李四", "r", "p")
    assert [t.state for t in tickets(site, state="dropped")] == ["dropped"]


def test_a_rejection_that_a_newer_version_followed_is_settled(site):
    assert len(rejections(site)) == 1
    with site.ledger.write("test") as connection:
        connection.execute(
            text(
                "INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal) "
                "VALUES (:feed, 'k2', 2, 'upsert', 'd', 1, 1)"
            ),
            {"feed": FEED},
        )
    assert rejections(site) == []
