"""A replay does what its preview said, receiver by receiver, and reads every landed byte when it is told to."""

import pytest
from sqlalchemy import text

from exchange import flow, replay
from exchange.ledger.balance import load_balance
from exchange.ledger.loads import Loads
from exchange.site import Site
from schemas.errors import ConfigurationError, FileDamaged, ReceiverUnreachable
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


def test_what_was_revoked_while_it_waited_is_shown_to_nobody(install: Install) -> None:
    """Two nights are prepared before anything is sealed; the second one revokes records of the first."""
    at = install(rows=40, only=FEED)
    site = at.site()
    for night in (1, 2):
        at.world.advance_to(night)
        flow.pull_and_land(site, FEED, at.day)
        flow.normalize_and_validate(site, FEED)
    with site.ledger.read() as connection:
        query = "SELECT business_key FROM record_current WHERE operation = 'revoke' AND revision > 1"
        revoked = {row[0] for row in connection.execute(text(query))}
    assert revoked
    promised = seal(site, at)["nation"]
    assert promised["retracted"] == len(revoked)
    send(site, at)
    applied = at.receiver("nation").applied()
    assert {one.cd_id.rpartition(":")[0] for one in applied} == {"11530000MB1A02349E:penalty"}
    assert not {one.cd_id.rpartition(":")[2] for one in applied} & revoked
    load_balance(site.ledger, 2, RECEIVERS).check()
    assert seal(site, at)["nation"]["retracted"] == len(revoked)
    site.ledger.engine.dispose()


def test_what_was_sealed_before_it_was_revoked_is_called_underway(install: Install) -> None:
    at = install(rows=40, only=FEED)
    at.world.nation.stop()
    site = at.site()
    with pytest.raises(ReceiverUnreachable):
        flow.run(site, FEED, at.day)
    sealed = seal(site, at)
    assert sealed["nation"]["underway"] == sealed["province"]["identical"] + sealed["province"]["rejected"]
    at.world.nation.start()
    send(site, at)
    assert seal(site, at)["nation"] == sealed["province"]
    site.ledger.engine.dispose()


def test_a_stage_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="prepare"):
        replay.checked_stage("prepair")
