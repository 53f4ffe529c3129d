"""A date's facts are of all its loads: sums that add up, exclusions by name of their rule, the day, what is late."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import text

from exchange import days
from exchange.canonical import CanonicalFile
from exchange.ledger.loads import Loads
from exchange.ledger.registration import register
from exchange.report.facts import night
from exchange.report.nightly import page
from exchange.site import Site
from schemas.findings import Flag

FEED, DAY = "market/penalty", date(2026, 3, 2)


@pytest.fixture
def again(site: Site) -> Site:
    """The same rows once more that day, after a person dropped the held one; the nation needs not get one of them."""
    with site.ledger.write("drop") as connection:
        connection.execute(text("UPDATE quarantine SET state = 'dropped'"))
        connection.execute(text("DELETE FROM outbox WHERE receiver = 'nation' AND version = 1"))
        connection.execute(text("INSERT INTO withheld VALUES ('nation', 1, 'NEVER_ACCEPTED', 'excluded', '')"))
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, DAY, lease)
    loads.landed(load, "c" * 64, {"time": "t2"}, True, lease)
    register(
        site.ledger, loads.get(load), CanonicalFile(site, 1).staging_chunks(np.array([False, False, True])),
        [Flag("TEXT_MOJIBAKE", "", np.array([2], dtype=np.int64))], keep_last=False, standard="enforcement/1.0",
        receivers=("province", "nation"), gate=lambda _: None, lease=lease,
    )  # fmt: skip
    return site


def test_all_loads_of_the_date_are_added_up(again: Site) -> None:
    (feed,) = night(again, DAY)["feeds"]
    balance = feed["balance"]
    parts = [balance[name] for name in ("unchanged", "duplicate", "quarantined", "excluded", "new")]
    assert (balance["loads"], balance["pulled"], parts) == ((1, 2), 6, [2, 0, 1, 1, 2])
    assert [(r["code"], r["versions"], r["accepted"]) for r in feed["receivers"]] == [
        ("province", 2, 1),
        ("nation", 2, 0),
    ]
    assert [cause["rows"] for cause in feed["held"]] == [2]


def test_every_exclusion_has_its_rule_its_name_and_its_count(again: Site) -> None:
    facts = night(again, DAY)
    (feed,) = facts["feeds"]
    assert [(x["rule"], x["title_zh"], x["rows"]) for x in feed["exclusions"]] == [
        ("DROPPED_BY_PERSON", "经人工剔除", 1)
    ]
    (withheld,) = feed["receivers"][1]["withheld"]
    assert (withheld["rule"], withheld["rows"]) == ("NEVER_ACCEPTED", 1)
    assert "接收方从未收到过该记录" in withheld["title_zh"]
    for words in ("DROPPED_BY_PERSON", "经人工剔除", "NEVER_ACCEPTED", "2 批合计"):
        assert words in page(facts)


def test_the_day_and_who_accepted_it_are_on_the_page(again: Site) -> None:
    assert "未关账" in page(night(again, DAY))
    days.accept(again, FEED, DAY, "国家库停机", "张")
    facts = night(again, DAY)
    assert facts["feeds"][0]["day"]["state"] == "accepted"
    assert "有差异关账" in page(facts)
    assert "张: 国家库停机" in page(facts)


def test_what_is_late_is_on_the_page(again: Site) -> None:
    with again.ledger.write("rung") as connection:
        connection.execute(text("UPDATE delivery SET receiver = 'nation'"))  # whose ladder asks for `stored`
        key = connection.scalar(text("SELECT key FROM delivery"))
        connection.execute(
            text("INSERT INTO rung (delivery_key, name, due) VALUES (:key, 'stored', '2026-03-04')"), {"key": key}
        )
    later = replace(again, clock=lambda: datetime(2026, 3, 6, 1, tzinfo=UTC))
    assert "stored 已逾期 overdue 2026-03-04" in page(night(later, DAY))
    assert "stored" not in page(night(again, DAY))
