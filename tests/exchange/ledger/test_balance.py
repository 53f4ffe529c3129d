"""The law is checked against the tables themselves: a row that goes missing from any of them breaks it."""

import pytest
from sqlalchemy import text

from exchange.ledger.balance import load_balance
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
