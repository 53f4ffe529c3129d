"""The later answer of a receiver is asked for until every accepted record has it, and is late when it does not come."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from evidence.verify import check, holds
from exchange import flow
from exchange.asof import held, steps
from exchange.evidence import Evidence
from exchange.ladder import Rung, rungs
from exchange.late import late_rungs
from exchange.ledger.deliveries import Deliveries
from exchange.site import Site
from schemas.catalog import Receiver
from schemas.errors import ConfigurationError
from tests.exchange.evidence.asked import keys, trust
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.processes import FEED


@pytest.fixture
def at(install: Install) -> Installation:
    made = install(batch=20, only=FEED)
    made.run(FEED)
    return made


def after(at: Installation, **time: float) -> Site:
    return replace(at.site(), clock=lambda: datetime.now(UTC) + timedelta(**time))


def chase(at: Installation, **time: float) -> None:
    site = after(at, **time)
    flow.seal_and_deliver(site, FEED, "nation")
    site.ledger.engine.dispose()


def rows(at: Installation) -> Iterator[tuple[bool, int | None]]:
    with at.site().ledger.read() as connection:
        for row in connection.execute(text("SELECT reached_at, missing FROM rung ORDER BY due, delivery_key")):
            yield row[0] is not None, row[1]


def asked(at: Installation) -> int:
    return sum(one.path.endswith("/stored") for one in at.world.nation.attempts())


def test_it_is_asked_for_some_time_after_the_receipt_and_only_once_when_it_is_there(at: Installation) -> None:
    assert (asked(at), list(rows(at))) == (0, [(False, None)] * 2)
    chase(at, hours=5)
    assert (asked(at), Deliveries(after(at, hours=5).ledger).unsettled_feeds()) == (0, [])
    assert Deliveries(after(at, hours=7).ledger).unsettled_feeds() == [FEED]
    for _ in range(2):
        chase(at, hours=7)
    assert (asked(at), list(rows(at))) == (2, [(True, 0)] * 2)
    assert Deliveries(after(at, hours=70).ledger).unsettled_feeds() == []


def test_a_late_answer_is_asked_for_again_and_shows_when_it_is_overdue(at: Installation) -> None:
    at.world.nation.faults.set("stored_late", 2)
    chase(at, hours=7)
    assert list(rows(at)) == [(False, None)] * 2
    chase(at, hours=9)
    assert (asked(at), late_rungs(after(at, days=1), FEED)) == (2, [])
    (late,) = late_rungs(after(at, days=3), FEED)
    assert (late.receiver, late.what, late.overdue) == ("nation", "stored", True)
    chase(at, hours=14)
    assert late_rungs(after(at, days=3), FEED) == []


def test_a_ladder_that_was_taken_away_leaves_nothing_late(at: Installation) -> None:
    assert late_rungs(after(at, days=3), FEED) != []
    edit(at.root / "receivers/nation/receiver.yaml", "  ladder:", "  # ladder:")
    assert late_rungs(after(at, days=3), FEED) == []


def test_a_record_that_was_not_stored_keeps_the_rung_open_and_is_known_by_its_place(at: Installation) -> None:
    at.world.nation.faults.set("stored_missing", 1)
    chase(at, hours=7)
    assert sorted(rows(at)) == [(False, 1), (True, 0)]
    assert late_rungs(after(at, days=3), FEED)[0].records == 1
    site = at.site()
    with site.ledger.read() as connection:
        key, place, code = connection.execute(text("SELECT delivery_key, position, code FROM rung_missing")).one()
    assert code == "9100"
    assert [(name, at is not None) for name, at, _ in steps(site, key, place)] == [
        ("sent", True), ("receipt", True), ("stored", False),
    ]  # fmt: skip
    assert steps(site, key, place + 1)[-1][1] is not None
    chase(at, hours=14)
    assert sorted(rows(at)) == [(True, 0)] * 2


@pytest.mark.parametrize("fault", ["down", "slow"])
def test_a_receiver_that_does_not_answer_spoils_no_delivery(at: Installation, fault: str) -> None:
    at.world.nation.faults.set(fault, 1, seconds=0.01)
    chase(at, hours=7)
    chase(at, hours=7)
    assert list(rows(at)) == [(True, 0)] * 2


def test_asof_tells_the_ladder_of_one_record(at: Installation) -> None:
    chase(at, hours=7)
    site = at.site()
    cd_id = min(at.world.nation.current())
    (found,) = held(site, "nation", site.today, cd_id)
    assert [name for name, reached, _ in steps(site, found.delivery, found.position) if reached] == [
        "sent", "receipt", "stored",
    ]  # fmt: skip


def receiver(ladder: object) -> Receiver:
    return Receiver("r", "", "", {}, {"ladder": ladder}, {}, {}, "receivers/r/receiver.yaml")


def test_waits_are_days_or_working_days() -> None:
    found = rungs(receiver({"stored": "2d", "published": "7 working days"}))
    assert found == [Rung("stored", 2, False), Rung("published", 7, True)]
    friday = datetime(2026, 2, 27, tzinfo=UTC).date()
    assert [str(rung.due(friday)) for rung in found] == ["2026-03-01", "2026-03-09"]  # the 28th is a make-up Saturday
    assert rungs(receiver(None)) == []


@pytest.mark.parametrize("ladder", [{"stored": "soon"}, {"stored": 2}, {"stored": "0 days"}, "2d", {"a b": "2d"}])
def test_another_wait_is_refused_with_the_key(ladder: object) -> None:
    with pytest.raises(ConfigurationError, match=r"promise\.ladder"):
        rungs(receiver(ladder))


def test_a_later_answer_comes_into_the_evidence(at: Installation) -> None:
    evidence = Evidence(at.site())
    assert evidence.checkpoint()
    key = keys(at.site(), "nation")[0]
    chase(at, hours=7)
    assert evidence.checkpoint()
    assert evidence.checkpoint() is None
    assert holds(check(evidence.bundle(key)[1], trust(evidence)))
    statement = json.loads(evidence.log.excerpt(key).statement)
    assert [receipt["verdict"] for receipt in statement["receipts"]] == ["acked", "stored"]
