"""A held delivery is decided by two persons, and its records stay accounted for whatever they decide."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from exchange import held
from exchange.ledger.balance import ReceiverBalance, load_balance
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.history import verify_chain
from exchange.ledger.outbox import Outbox
from schemas.errors import GuijiError

FEED, RECEIVERS = "d/penalty", ("province", "nation")
A, B = ("a", "1", "da", "upsert", False), ("b", "2", "db", "upsert", False)


def sealed(ledger, load=1):
    """What waits for the province, in one delivery."""
    book, lease = Deliveries(ledger), ledger.take(f"{FEED}>province")
    versions = Outbox(ledger).pending(FEED, "province")["version"].to_pylist()
    key = delivery_key("province", "p@1", [b"%d" % version for version in versions], "body")
    number = book.next_sequence(FEED, "province")
    item = Delivery(key, "province", FEED, number, load, len(versions), "body", "sealed", 0)
    book.seal(item, "p@1", versions, lease)
    return book, item, lease


@pytest.fixture
def site(ledger, pull):
    """Two records on their way to the province; nobody knows whether they arrived."""
    pull([A, B], complete=False)
    book, item, lease = sealed(ledger)
    book.hold(book.intend(item, lease), lease)
    return SimpleNamespace(ledger=ledger, key=item.key)


def part(site) -> ReceiverBalance:
    balance = load_balance(site.ledger, 1, RECEIVERS)
    balance.check()
    return balance.receivers[0]


def state(site) -> str:
    return held.delivery(site, site.key).state


def both(site, action):
    command = next(name for name, actions in held.ACTIONS.items() if action in actions)
    held.propose(site, site.key[:12], action, "电话核实", "Li")
    held.confirm(site, site.key[:12], held.ACTIONS[command], "Wang")


def test_it_waits_and_nothing_of_it_is_forgotten(site):
    assert [d.key for d in held.deliveries(site)] == [site.key]
    assert (part(site).awaiting, part(site).whole) == (2, False)
    assert Deliveries(site.ledger).open(FEED, "province") == []


@pytest.mark.parametrize("action", ["release", "return", "close", "arrived"])
def test_one_person_alone_changes_nothing(site, action):
    held.propose(site, site.key, action, "电话核实", "Li")
    for name in ("Li", " li ", "Ｌｉ"):
        with pytest.raises(GuijiError, match="cannot confirm"):
            held.confirm(site, site.key, (action,), name)
    assert (state(site), part(site).awaiting) == ("held", 2)


def test_released_the_same_bytes_go_again_under_the_same_key(site):
    both(site, "release")
    (item,) = Deliveries(site.ledger).open(FEED, "province")
    assert (item.key, item.state, item.attempt) == (site.key, "sealed", 1)
    assert part(site).awaiting == 2


def test_dropped_its_records_are_queued_again(site):
    both(site, "return")
    assert Outbox(site.ledger).pending(FEED, "province")["version"].to_pylist() == [1, 2]
    assert (state(site), part(site).unsealed, part(site).awaiting) == ("dropped", 2, 0)


def test_dropped_what_has_a_newer_version_is_not_queued_again(site, pull):
    pull([("a", "1", "newer", "upsert", False)], complete=False)
    both(site, "return")
    assert (part(site).unsealed, part(site).dropped) == (1, 1)
    assert Outbox(site.ledger).pending(FEED, "province")["version"].to_pylist() == [2]  # b; after it a, anew


def test_closed_nothing_goes_again_and_the_load_is_whole_with_it(site):
    both(site, "close")
    assert (part(site).dropped, part(site).whole) == (2, True)
    assert Outbox(site.ledger).pending(FEED, "province").num_rows == 0


def test_arrived_it_counts_as_accepted(site):
    both(site, "arrived")
    assert (state(site), part(site).accepted) == ("arrived", 2)


def test_an_old_copy_is_never_released_after_a_newer_one_went_out(site, pull):
    pull([("a", "1", "newer", "upsert", False)], complete=False)
    book, item, lease = sealed(site.ledger, load=2)
    held.propose(site, site.key, "release", "电话核实", "Li")
    book.intend(item, lease)
    with pytest.raises(GuijiError, match="newer versions of 1 of its records"):
        held.confirm(site, site.key, ("release",), "Wang")
    held.withdraw(site, site.key, "Wang")
    with pytest.raises(GuijiError, match="newer versions"):
        held.propose(site, site.key, "release", "电话核实", "Li")


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (lambda s: held.propose(s, "ffff", "release", "r", "Li"), "no such delivery"),
        (lambda s: held.propose(s, s.key, "release", " ", "Li"), "needs a reason"),
        (lambda s: held.confirm(s, s.key, ("release",), "Li"), "nothing is proposed"),
        (lambda s: held.withdraw(s, s.key, "Li"), "nothing is proposed"),
        (lambda s: (both(s, "close"), held.propose(s, s.key, "close", "r", "Li")), "is dropped"),
        (lambda s: [held.propose(s, s.key, "close", "r", p) for p in ("Li", "Wang")], "proposed to close it already"),
        (
            lambda s: (held.propose(s, s.key, "close", "r", "Li"), held.confirm(s, s.key, ("release",), "Wang")),
            "proposed to close",
        ),
    ],
)
def test_what_cannot_be_done_is_said(site, does: Callable[..., object], words):
    with pytest.raises(GuijiError, match=words):
        does(site)


def test_both_persons_and_the_reason_stand_in_the_history(site):
    both(site, "close")
    with site.ledger.read() as connection:
        lines = connection.execute(text("SELECT what, person, detail FROM event ORDER BY id")).all()
        assert verify_chain(connection).broken is None
    assert [tuple(line) for line in lines] == [
        ("delivery close proposed", "Li", "电话核实"),
        ("delivery close confirmed", "Wang", "电话核实"),
    ]
