"""A receiver that can neither be asked nor honours keys: two persons find out and decide, and the truth comes out."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evidence.verify import check, holds
from exchange import flow, held
from exchange.evidence import Evidence
from exchange.late import late
from schemas.errors import GuijiError, ReceiverUnreachable, Terminal, Unfinished
from tests.exchange.evidence.asked import trust
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.oracle import faults
from tests.flow.processes import FEED

YAML = "receivers/nation/receiver.yaml"
Hold = Callable[..., tuple[Installation, str]]


@pytest.fixture
def hold(install: Install) -> Hold:
    """hold(fault): the nation showed the fault at its second delivery; the installation and the held delivery's key."""

    def _hold(fault: str, batch: int = 10, skip: int = 1) -> tuple[Installation, str]:
        at = install(batch=batch, timeout=1, only=FEED)
        edit(at.root / YAML, "idempotency: honoured", "idempotency: none")
        edit(at.root / YAML, "inquiry: by_key", "inquiry: none")
        at.world.nation.stop()
        at.world.nation.honours_keys = False
        at.world.nation.start()
        at.world.nation.faults.set(fault, 1, seconds=60, skip=skip)
        for kind in (ReceiverUnreachable, Terminal):
            with pytest.raises(kind):
                at.run(FEED)
        (found,) = held.deliveries(at.site())
        return at, found.key

    return _hold


def decide(at: Installation, key: str, action: str) -> None:
    command = next(name for name, actions in held.ACTIONS.items() if action in actions)
    held.propose(at.site(), key, action, "电话核实", "Li")
    held.confirm(at.site(), key, held.ACTIONS[command], "Wang")


def whole(at: Installation) -> bool:
    return at.balance(FEED).whole and faults(at.world, at.world.nation, FEED, at.world.night) == []


@pytest.mark.parametrize("action", ["release", "return"])
def test_what_did_not_arrive_is_sent_again_and_is_there_once(hold: Hold, action: str) -> None:
    at, key = hold("error_500_before")
    decide(at, key, action)
    at.run(FEED)
    assert whole(at)
    sent = [one.key for one in at.world.nation.attempts() if one.method == "POST"]
    assert sent.count(key) == (2 if action == "release" else 1)


def test_what_arrived_is_counted_and_not_sent_again(hold: Hold) -> None:
    at, key = hold("error_500_after")
    decide(at, key, "arrived")
    at.run(FEED)
    assert whole(at)


def test_an_old_copy_that_is_held_never_overwrites_a_newer_one(hold: Hold) -> None:
    at, key = hold("error_500_after", batch=100, skip=0)
    at.world.advance_to(2)
    with pytest.raises(Unfinished):
        at.run(FEED)
    with pytest.raises(GuijiError, match="an old copy must not come after them"):
        held.propose(at.site(), key, "release", "电话核实", "Li")
    decide(at, key, "arrived")
    at.run(FEED)
    assert whole(at)


def test_a_change_that_a_receiver_does_not_take_is_due_and_then_overdue(install: Install) -> None:
    at = install(only=FEED)
    at.run(FEED)
    at.world.advance_to(2)
    at.world.province.stop()
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)

    def on(days: int) -> list[tuple[str, str, bool]]:
        noon = datetime.combine(at.day, datetime.min.time(), UTC) + timedelta(days=days, hours=4)
        return [(one.receiver, one.what, one.overdue) for one in late(replace(at.site(), clock=lambda: noon), FEED)]

    assert on(0) == []
    assert {*on(1)} == {*on(3)} == {("province", "upsert", False), ("province", "revoke", False)}
    assert {*on(4)} >= {("province", "upsert", True), ("province", "revoke", True)}
    at.world.province.start()
    flow.seal_and_deliver(at.site(), FEED, "province")
    assert not [one for one in on(4) if one[0] == "province"]


def test_what_two_persons_decided_comes_into_the_evidence(hold: Hold) -> None:
    at, key = hold("error_500_after")
    decide(at, key, "arrived")
    evidence = Evidence(at.site())
    assert evidence.checkpoint()
    findings = check(evidence.bundle(key)[1], trust(evidence))
    assert holds(findings)
    assert [finding.english for finding in findings if finding.holds is None] == ["the receiver's answer"]
    (decision,) = json.loads(evidence.log.excerpt(key).statement)["decided"]
    assert (decision["action"], decision["proposed_by"], decision["settled_by"]) == ("arrived", "Li", "Wang")
