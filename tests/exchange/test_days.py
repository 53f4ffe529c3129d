"""A day closes only over a balance that holds; a person may accept what is not done, and no more than that."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from exchange import days
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.loads import Loads
from exchange.ledger.outbox import Outbox
from exchange.reconcile import reconcile
from exchange.site import Site
from schemas.errors import BalanceBroken, GuijiError
from schemas.exchange import RecordVerdict

FEED, DAY = "market/penalty", date(2026, 3, 2)


def now(site: Site) -> days.Day:
    return days.look(site, FEED, DAY)


def settle_nation(site: Site) -> None:
    """The nation takes what is still in its box, and the feed is reconciled."""
    book, lease = Deliveries(site.ledger), site.ledger.take(f"{FEED}>nation")
    versions = Outbox(site.ledger).pending(FEED, "nation")["version"].to_pylist()
    key = delivery_key("nation", "p@1", [b"%d" % v for v in versions], "body")
    book.seal(Delivery(key, "nation", FEED, book.next_sequence(FEED, "nation"), 1, len(versions), "b", "sealed", 0),
              "p@1", versions, lease)  # fmt: skip
    (item,) = book.open(FEED, "nation")
    verdicts = [RecordVerdict(n, "accepted") for n in range(len(versions))]
    book.file(book.intend(item, lease), "R", 200, "f", "acked", verdicts, lease)
    reconcile(site, FEED, site.ledger.take(FEED))


def another_load(site: Site, day: date) -> int:
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, day, lease)
    loads.landed(load, f"{load:064x}", {"time": "t"}, False, lease)
    return load


def written(site: Site) -> list[tuple[str, str]]:
    with site.ledger.read() as connection:
        rows = connection.execute(text("SELECT what, person FROM event WHERE what LIKE 'day %' ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


def test_it_is_open_while_a_receiver_has_not_answered_and_closes_by_itself(site):
    assert (now(site).state, now(site).differences) == ("open", {"load 1 nation": 2})
    assert days.closed_through(site, FEED) is None
    settle_nation(site)
    assert (now(site).state, now(site).differences) == ("closed", {})
    assert days.closed_through(site, FEED) == DAY
    assert written(site) == [("day closed", "system")]
    settle = days.settle(site, FEED, DAY, site.ledger.take(FEED))
    assert (settle.state, written(site)) == ("closed", [("day closed", "system")])


def test_what_is_accepted_is_written_with_who_and_why(site):
    days.accept(site, FEED, DAY, "国家库停机", "张")
    assert (now(site).state, now(site).person, now(site).reason) == ("accepted", "张", "国家库停机")
    assert days.closed_through(site, FEED) == DAY
    assert written(site) == [("day accepted", "张")]
    with pytest.raises(GuijiError, match="is accepted already"):
        days.accept(site, FEED, DAY, "again", "李")


def test_what_comes_open_afterwards_opens_the_day_again(site):
    days.accept(site, FEED, DAY, "国家库停机", "张")
    another_load(site, DAY)
    days.refresh(site, FEED, site.ledger.take(FEED))
    assert now(site).state == "open"
    assert days.closed_through(site, FEED) is None
    assert written(site)[-1] == ("day open again", "system")


def test_a_closed_day_opens_when_a_record_of_it_is_to_be_sent_again(site):
    settle_nation(site)
    with site.ledger.write("theft") as connection:
        connection.execute(text("UPDATE delivery_member SET outcome = 'returned' WHERE outcome = 'rejected'"))
        connection.execute(text("INSERT INTO outbox (receiver, version) VALUES ('province', 2)"))
    assert [day.business_date for day in days.open_days(site, FEED)] == [DAY]
    assert days.closed_through(site, FEED) is None


@pytest.mark.parametrize(
    "theft",
    [
        "DELETE FROM outbox WHERE receiver = 'nation'",
        "UPDATE load SET unchanged = unchanged + 1",
        "UPDATE load SET excluded = excluded + 1, quarantined = quarantined - 1",
    ],
)
def test_a_balance_that_does_not_hold_closes_nothing_and_nobody_can_accept_it(site, theft):
    with site.ledger.write("theft") as connection:
        connection.execute(text(theft))
    assert now(site).state == "open"
    assert now(site).broken
    with pytest.raises(BalanceBroken):
        days.accept(site, FEED, DAY, "trust me", "张")
    with pytest.raises(BalanceBroken):
        reconcile(site, FEED, site.ledger.take(FEED))
    assert now(site).state == "open"


def test_a_missing_night_stops_closed_through_until_somebody_accepts_it(site):
    settle_nation(site)
    later = DAY + timedelta(days=2)
    load = another_load(site, later)
    Loads(site.ledger).abandon(load, "r", "p", site.ledger.take(FEED))
    assert days.closed_through(site, FEED) == DAY
    for silent in (DAY + timedelta(days=1), later):
        assert days.look(site, FEED, silent).differences == {"no load": 1}
        days.accept(site, FEED, silent, "节假日停报", "张")
    assert days.closed_through(site, FEED) == later


@pytest.mark.parametrize(("reason", "person"), [("", "张"), ("r", " ")])
def test_nobody_accepts_without_a_name_and_a_reason(site, reason, person):
    with pytest.raises(GuijiError, match="needs a reason"):
        days.accept(site, FEED, DAY, reason, person)
