"""The law is checked against the tables themselves: a row that goes missing from any of them breaks it."""

import pytest
from sqlalchemy import text

from exchange.ledger.balance import add_up, day_balances, load_balance
from exchange.ledger.exclusions import RULES
from exchange.ledger.loads import Loads
from exchange.ledger.outbox import Outbox
from schemas.errors import BalanceBroken

A = ("a", "1", "da", "upsert", False)
B = ("b", "2", "db", "upsert", False)
BAD = ("c", "3", "dc", "upsert", True)
RECEIVERS = ("province", "nation")


def test_a_registered_load_balances_and_is_not_whole_before_it_is_sent(ledger, pull):
    pull([A, B, BAD])
    balance = load_balance(ledger, 1, RECEIVERS)
    balance.check()
    assert (balance.pulled, balance.new, balance.quarantined) == (3, 2, 1)
    assert not balance.whole


@pytest.mark.parametrize(
    "theft",
    [
        "DELETE FROM outbox WHERE receiver = 'nation'",
        "UPDATE load SET unchanged = unchanged + 1",
        "UPDATE load SET new_versions = new_versions - 1, unchanged = unchanged + 1",
        "INSERT INTO withheld (receiver, version, code, disposition, field) "
        "SELECT 'province', id, 'X', 'excluded', '' FROM record_version",
    ],
)
def test_whatever_goes_missing_or_appears_twice_breaks_the_balance(ledger, pull, theft):
    pull([A, B])
    with ledger.write("theft") as connection:
        connection.execute(text(theft))
    with pytest.raises(BalanceBroken):
        load_balance(ledger, 1, RECEIVERS).check()


def test_a_load_of_nothing_is_whole(ledger, pull):
    pull([], complete=False)
    balance = load_balance(ledger, 1, RECEIVERS)
    balance.check()
    assert balance.whole


def excluded(ledger, load):
    balance = load_balance(ledger, load, RECEIVERS)
    balance.check()
    assert balance.exclusions.keys() <= RULES.keys()
    return balance.exclusions


def test_every_excluded_row_is_counted_under_the_name_of_its_rule(ledger, pull):
    pull([A, BAD], complete=False)
    with ledger.write("drop") as connection:
        connection.execute(text("UPDATE quarantine SET state = 'dropped'"))
    pull([BAD, ("x", "9", "dx", "revoke", False), ("y", "8", "dy", "revoke", False)], complete=False)
    assert excluded(ledger, 2) == {"DROPPED_BY_PERSON": 1, "REVOKED_UNKNOWN": 2}
    pull([("a", "1", "newer", "upsert", False)], complete=False)
    pull([A], replay_of=Loads(ledger).get(1))
    assert excluded(ledger, 4) == {"SUPERSEDED_IN_REPLAY": 1}
    assert excluded(ledger, 1) == {}


def test_an_excluded_row_without_a_rule_breaks_the_balance(ledger, pull):
    pull([A, ("x", "9", "dx", "revoke", False)], complete=False)
    with ledger.write("theft") as connection:
        connection.execute(text("DELETE FROM exclusion"))
    with pytest.raises(BalanceBroken, match="no rule"):
        load_balance(ledger, 1, RECEIVERS).check()


def test_what_a_receiver_does_not_get_is_counted_under_its_code(ledger, pull):
    pull([A, B], complete=False)
    Outbox(ledger).withhold("nation", [(1, "X", "excluded", ""), (2, "Y", "quarantined", "f")], ledger.take("d>nation"))
    province, nation = load_balance(ledger, 1, RECEIVERS).receivers
    assert (province.withheld, nation.withheld) == ({}, {"X": 1, "Y": 1})


def test_a_date_is_all_its_loads_added_up(ledger, pull):
    pull([A, BAD], complete=False)
    pull([A, B, ("x", "9", "dx", "revoke", False)], complete=False)
    loads = day_balances(ledger, "d/penalty", "2026-03-02", RECEIVERS)
    total = add_up(loads)
    total.check()
    assert (total.loads, total.load_id, total.pulled, total.new, total.unchanged) == ((1, 2), 2, 5, 2, 1)
    assert (total.quarantined, total.exclusions, total.whole) == (1, {"REVOKED_UNKNOWN": 1}, False)
    assert [(r.receiver, r.versions, r.unsealed) for r in total.receivers] == [("province", 2, 2), ("nation", 2, 2)]
    assert day_balances(ledger, "d/penalty", "2026-03-03", RECEIVERS) == []


@pytest.mark.parametrize(("state", "counted"), [("abandoned", [2]), ("held", [2]), ("landed", [1, 2])])
def test_a_load_that_was_given_up_or_overtaken_does_not_count(ledger, pull, state, counted):
    pull([A], complete=False)
    pull([B], complete=False)
    with ledger.write("state") as connection:
        connection.execute(text("UPDATE load SET state = :state WHERE id = 1"), {"state": state})
    loads = day_balances(ledger, "d/penalty", "2026-03-02", RECEIVERS)
    assert [load.load_id for load in loads] == counted
    assert add_up(loads).state == ("landed" if state == "landed" else "registered")
