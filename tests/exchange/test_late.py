"""A revocation or correction that a holder of the record does not have in time is due, then overdue."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from exchange.late import late_changes, late_rungs
from exchange.site import Site
from transforms.law.deadlines import clock

FEED = "market/penalty"


def on(site: Site, day: int) -> Site:
    """The same ledger, at noon of a day of March."""
    return replace(site, clock=lambda: datetime(2026, 3, day, 4, tzinfo=UTC))


def change(site: Site, operation: str = "upsert", key: str = "k1", **where: str) -> None:
    """The next version of a record that the province holds (k1), or sent back (k2); where: table → value columns."""
    with site.ledger.write("change") as connection:
        connection.execute(
            text(
                "INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal) "
                "VALUES (:feed, :key, 2, :op, 'd', 1, -1)"
            ),
            {"feed": FEED, "key": key, "op": operation},
        )
        for receiver in ("province", "nation"):
            connection.execute(
                text("INSERT INTO outbox SELECT :r, id FROM record_version WHERE revision = 2 AND business_key = :key"),
                {"r": receiver, "key": key},
            )


@pytest.mark.parametrize(("operation", "word"), [("revoke", "撤销"), ("upsert", "更正")])
def test_it_is_due_after_a_day_and_overdue_after_the_term(site, operation, word):
    change(site, operation)
    assert late_changes(on(site, 2), FEED) == []
    (due,) = late_changes(on(site, 3), FEED)
    assert (due.receiver, due.what, due.due, due.records, due.overdue) == (
        "province",
        operation,
        "2026-03-05",
        1,
        False,
    )
    assert word in due.said
    assert not late_changes(on(site, 5), FEED)[0].overdue
    assert late_changes(on(site, 6), FEED)[0].overdue


def test_the_term_is_the_tables_and_its_mark_is_shown(site):
    change(site)
    rule = clock("withdraw_changed")
    assert (rule.limit, rule.unit, rule.verified) == ("3", "days", "no")
    assert f"{rule.basis}; verified: no" in late_changes(on(site, 6), FEED)[0].said


def test_who_does_not_hold_the_record_is_owed_no_revocation(site):
    change(site, "revoke", key="k2")
    assert late_changes(on(site, 20), FEED) == []


@pytest.mark.parametrize("outcome", ["rejected", "dropped", None])
def test_sent_but_not_accepted_it_stays_due_and_accepted_it_does_not(site, outcome):
    change(site)
    send = (
        "DELETE FROM outbox WHERE receiver = 'province'",
        "INSERT INTO delivery (key, receiver, feed, sequence, load_id, profile, count, body_digest, state, attempt, "
        "sealed_at, changed_at) VALUES ('x', 'province', 'market/penalty', 9, 1, 'p', 1, 'b', 'unknown', 1, 't', 't')",
        "INSERT INTO delivery_member (delivery, position, receiver, version) SELECT d.id, 0, 'province', v.id "
        "FROM delivery d, record_version v WHERE d.key = 'x' AND v.revision = 2",
        "UPDATE delivery_member SET outcome = :outcome WHERE delivery = (SELECT id FROM delivery WHERE key = 'x')",
    )
    with site.ledger.write("send") as connection:
        for statement in send:
            connection.execute(text(statement), {"outcome": outcome} if ":outcome" in statement else {})
    assert [one.receiver for one in late_changes(on(site, 6), FEED)] == ["province"]
    with site.ledger.write("accept") as connection:
        connection.execute(text(send[-1]), {"outcome": "accepted"})
        connection.execute(text("UPDATE delivery SET state = 'acked'"))
    assert late_changes(on(site, 6), FEED) == []
    assert late_rungs(on(site, 6), FEED) == []
