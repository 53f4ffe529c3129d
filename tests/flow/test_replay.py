"""A replay does what its preview said, receiver by receiver, and reads every landed byte when it is told to."""

import pytest
from sqlalchemy import text

from exchange import flow, replay
from exchange.ledger.balance import load_balance
from exchange.ledger.loads import Loads
from exchange.site import Site
from schemas.errors import ConfigurationError, FileDamaged
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation, edit

FEED = "market/penalty"
PLAIN = "CF_XDR_LB: {from: party_category, as: text}"
NARROW = 'CF_XDR_LB: {from: party_category, as: words, words: {法人及非法人组织: "1", 自然人: "3"}}'


def seal(site: Site, at: Installation, **how: bool) -> dict[str, dict[str, int]]:
    earlier = Loads(site.ledger).get(1)
    return {one.receiver: dict(one.shares) for one in replay.preview(site, earlier, "seal", at.day, **how)}


def send(site: Site, at: Installation, **how: bool) -> None:
    replay.enter(site, Loads(site.ledger).get(1), "seal", at.day, **how)
    for code in RECEIVERS:
        flow.seal_and_deliver(site, FEED, code)
    load_balance(site.ledger, 1, RECEIVERS).check()


def taken(at: Installation) -> dict[str, int]:
    return {code: len(at.receiver(code).applied()) for code in RECEIVERS}


def test_what_did_not_fit_a_receivers_table_goes_once_it_does_and_to_that_receiver_alone(install: Install) -> None:
    at = install(rows=40, only=FEED)
    edit(at.root / "receivers/province/penalty.yaml", PLAIN, NARROW)
    at.run(FEED)
    site, before = at.site(), taken(at)
    unfit = seal(site, at)["province"]["unfit"]
    assert unfit == before["nation"] - before["province"] > 0
    send(site, at)
    assert taken(at) == before, "it still does not fit"
    edit(at.root / "receivers/province/penalty.yaml", NARROW, PLAIN)
    site = at.site()
    promised = seal(site, at)
    assert promised["province"]["send"] == unfit
    assert "send" not in promised["nation"]
    assert "unfit" not in promised["province"]
    assert taken(at) == before, "a preview sends nothing"
    send(site, at)
    assert taken(at) == {"province": before["province"] + unfit, "nation": before["nation"]}
    assert seal(site, at)["province"] == seal(site, at)["nation"]
    site.ledger.engine.dispose()


def test_what_was_sent_back_goes_again_only_when_that_is_asked_for(install: Install) -> None:
    at = install(rows=40, only=FEED)
    at.run(FEED)
    site, before = at.site(), taken(at)
    answers = {code: len(at.receiver(code).attempts()) for code in RECEIVERS}
    back = seal(site, at)["nation"]["rejected"]
    assert back > 0
    send(site, at)
    assert {code: len(at.receiver(code).attempts()) for code in RECEIVERS} == answers
    assert seal(site, at, rejected=True)["nation"]["send"] == back
    send(site, at, rejected=True)
    with site.ledger.read() as connection:
        outcomes = connection.execute(text("SELECT outcome, COUNT(*) FROM delivery_member GROUP BY 1")).all()
    assert dict(tuple(row) for row in outcomes)["returned"] == 2 * back
    assert seal(site, at)["nation"]["rejected"] == back, "the receiver still does not know the party"
    assert taken(at) == before
    site.ledger.engine.dispose()


def test_from_land_every_byte_is_read_and_a_damaged_one_stops_it(install: Install) -> None:
    at = install(rows=40, only=FEED)
    at.run(FEED)
    site = at.site()
    load = Loads(site.ledger).get(1)
    assert replay.verify_landed(site, load) >= 1
    part = next(site.landing.folder(FEED, str(load.batch_id)).glob("part-*"))
    body = bytearray(part.read_bytes())
    body[-20] ^= 1
    part.chmod(0o600)
    part.write_bytes(body)
    for act in (replay.preview, replay.enter):
        with pytest.raises(FileDamaged):
            act(site, load, "land", at.day)
    with site.ledger.read() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM load")) == 1
    site.ledger.engine.dispose()


def test_a_stage_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="prepare"):
        replay.checked_stage("prepair")
