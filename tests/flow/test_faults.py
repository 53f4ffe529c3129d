"""A receiver, a source or a mapping goes wrong: the right error the first time, whole and undoubled the second."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exchange import flow
from exchange.ledger.deliveries import Deliveries
from schemas.errors import (
    BatchHeld,
    ConfigurationError,
    GuijiError,
    ReceiptMismatch,
    ReceiverUnreachable,
    SourceUnreachable,
    UnknownConverter,
)
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation, edit
from tests.flow.oracle import faults
from tests.flow.processes import FEED, Zygote

MAPPING = "departments/market/penalty.yaml"
LYING = ("wrong_key_receipt", "short_count_receipt")
LOUD = (
    "down", "error_500_before", "error_500_after", "timeout_after", "reset_mid_body", "truncated_answer", *LYING,
)  # fmt: skip


def whole(at: Installation, code: str, feed: str = FEED) -> bool:
    """By the receiver's own log."""
    return faults(at.world, at.receiver(code), feed, at.world.night) == []


def market(at: Installation, *statements: str) -> list[tuple[object, ...]]:
    """Somebody works in the department's database; the rows of the last statement."""
    with closing(sqlite3.connect(at.world.state / "market.sqlite")) as base, base:
        return [base.execute(one).fetchall() for one in statements][-1]


@pytest.mark.parametrize("code", RECEIVERS)
@pytest.mark.parametrize("fault", LOUD)
def test_a_receiver_fails_once(install: Install, fault: str, code: str) -> None:
    at = install(batch=10, timeout=1)
    receiver, other = at.receiver(code), RECEIVERS[1 - RECEIVERS.index(code)]
    receiver.faults.set(fault, 1)
    with pytest.raises(ReceiptMismatch if fault in LYING else ReceiverUnreachable):
        at.run(FEED)
    assert whole(at, other), "the other receiver waited"
    assert not at.balance(FEED).whole
    at.run(FEED)
    assert whole(at, code)
    assert whole(at, other)
    assert at.balance(FEED).state == "closed"


@pytest.mark.parametrize("fault", ["error_500_after", "truncated_answer", "down"])
def test_a_receiver_fails_for_three_nights(install: Install, fault: str) -> None:
    at = install(batch=20)
    at.world.nation.faults.set(fault, 1000)
    for night in (1, 2, 3):
        at.world.advance_to(night)
        with pytest.raises(ReceiverUnreachable):
            at.run(FEED)
        assert whole(at, "province")
    at.world.nation.faults.clear()
    at.run(FEED)
    assert whole(at, "nation")
    site = at.site()
    assert Deliveries(site.ledger).unsettled_feeds() == []


def test_a_receiver_that_is_gone_altogether(install: Install) -> None:
    at = install()
    at.world.province.stop()
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)
    assert whole(at, "nation")
    at.world.province.start()
    at.run(FEED)
    assert whole(at, "province")


def test_a_batch_the_gate_holds_is_not_sent(install: Install) -> None:
    at = install()
    edit(at.root / MAPPING, "max_held_share: 0.2", "max_held_share: 0.0001")
    with pytest.raises(BatchHeld, match=r"mainly: .*FIELD_REQUIRED\(\w+\) \d+ → see guiji preview"):
        at.run(FEED)
    assert [at.receiver(code).attempts() for code in RECEIVERS] == [[], []]
    assert at.balance(FEED).state == "held"
    edit(at.root / MAPPING, "max_held_share: 0.0001", "max_held_share: 0.2")
    at.run(FEED)
    assert all(whole(at, code) for code in RECEIVERS)


def test_a_held_batch_does_not_keep_back_what_was_sealed_before(install: Install) -> None:
    at = install()
    at.world.nation.faults.set("error_500_before", 1)
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)
    edit(at.root / MAPPING, "max_held_share: 0.2", "max_held_share: 0.0001")
    at.world.advance_to(2)
    with pytest.raises(BatchHeld):
        at.run(FEED)
    assert faults(at.world, at.world.nation, FEED, 1) == [], "last night's records still wait"


@pytest.mark.parametrize("left", [0, 10])
def test_an_emptied_table_revokes_nothing(install: Install, left: int) -> None:
    at = install()
    at.run(FEED)
    rows = market(at, "SELECT count(*) FROM xzcf")
    market(at, f"DELETE FROM xzcf WHERE id NOT IN (SELECT id FROM xzcf ORDER BY id LIMIT {left})")
    with pytest.raises(BatchHeld):
        at.run(FEED)
    assert not any(one.operation == "d" for code in RECEIVERS for one in at.receiver(code).applied())
    at.world.market.load(at.world.truth())
    assert market(at, "SELECT count(*) FROM xzcf") == rows
    at.run(FEED)
    assert all(whole(at, code) for code in RECEIVERS)


@pytest.mark.parametrize(
    ("old", "new", "kind", "says"),
    [
        ("as: document_number", "as: documnt_number", UnknownConverter, "decision_number"),
        ("decision_number:", "decison_number:", ConfigurationError, "decison_number"),
        ("receivers: [province, nation]", "receivers: [province, natoin]", ConfigurationError, "natoin"),
        ("standard: enforcement", "standard: enforcment", ConfigurationError, "enforcment"),
        ("from: jdswh", "from: jdsh", GuijiError, "jdsh"),
        ("gate:", "gate: [", ConfigurationError, "line"),
    ],
)
def test_a_broken_mapping_names_file_and_key(
    install: Install, old: str, new: str, kind: type[GuijiError], says: str
) -> None:
    at = install()
    edit(at.root / MAPPING, old, new)
    with pytest.raises(kind) as told:
        at.run(FEED)
    assert says in str(told.value)
    assert told.value.where.startswith(("departments/market/penalty.yaml", "receivers/", "schemas/standards/", FEED))
    assert at.receiver("nation").attempts() == []


def test_a_source_that_is_down_changes_nothing(install: Install) -> None:
    at = install()
    at.run("water/penalty")
    at.world.water.stop()
    at.world.advance_to(2)
    with pytest.raises(SourceUnreachable):
        at.run("water/penalty")
    assert all(faults(at.world, at.receiver(code), "water/penalty", 1) == [] for code in RECEIVERS)
    at.world.water.start()
    at.run("water/penalty")
    assert all(whole(at, code, "water/penalty") for code in RECEIVERS)


def test_two_processes_at_once(install: Install, zygote: Zygote) -> None:
    at = install(batch=10)
    for night in (1, 2):
        at.world.advance_to(night)
        first = zygote.run(at, times=2)
        assert all(one.code in (0, 1) for one in first), [one.words for one in first]
        assert zygote.run(at)[0].words == "done"
        assert all(whole(at, code) for code in RECEIVERS)
        assert at.balance(FEED).state == "closed"


def test_the_sandbox_catalog_is_the_real_one(install: Install, tmp_path: Path) -> None:
    at = install()
    assert sorted(at.site().catalog.feeds) == sorted(at.world.truth().feeds)
    assert flow.pull_and_land(at.site(), FEED, at.day) == 1
