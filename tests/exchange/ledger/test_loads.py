"""What a person may decide about a whole batch, and what nobody may."""

import pytest
from sqlalchemy import text

from exchange.ledger.loads import Loads
from schemas.errors import BatchHeld, GuijiError

A = ("a", "1", "da", "upsert", False)


def held(ledger, pull):
    def refuse(_):
        raise BatchHeld("too much")

    with pytest.raises(BatchHeld):
        pull([A], gate=refuse)
    load = Loads(ledger).newest("d/penalty")
    Loads(ledger).hold(load.id, "too much", ledger.take("d/penalty"))
    return load.id


def test_an_accepted_batch_is_taken_up_again_and_says_who_accepted_it(ledger, pull):
    number = held(ledger, pull)
    Loads(ledger).accept(number, "checked by telephone", "Li", ledger.take("d/penalty"))
    (load,) = Loads(ledger).unfinished("d/penalty")
    assert (load.id, load.state, load.accepted_by) == (number, "landed", "Li")
    with ledger.read() as c:
        assert c.execute(text("SELECT person, detail FROM event")).all()[-1] == ("Li", "checked by telephone")


def test_a_batch_is_not_accepted_over_a_later_one(ledger, pull):
    number = held(ledger, pull)
    pull([A])
    with pytest.raises(GuijiError, match="went through since"):
        Loads(ledger).accept(number, "why", "Li", ledger.take("d/penalty"))


def test_what_is_registered_cannot_be_given_up(ledger, pull):
    pull([A])
    with pytest.raises(GuijiError):
        Loads(ledger).abandon(1, "why", "Li", ledger.take("d/penalty"))


def test_a_given_up_batch_counts_for_nothing(ledger, pull):
    number = held(ledger, pull)
    Loads(ledger).abandon(number, "unreadable", "Li", ledger.take("d/penalty"))
    assert Loads(ledger).unfinished("d/penalty") == []
    assert Loads(ledger).newest("d/penalty") is None


def test_a_pull_that_broke_off_is_abandoned_by_the_next(ledger):
    from datetime import date

    loads = Loads(ledger)
    first = loads.open("d/penalty", date(2026, 3, 2), ledger.take("d/penalty"))
    loads.open("d/penalty", date(2026, 3, 2), ledger.take("d/penalty"))
    assert loads.get(first).state == "abandoned"


def test_a_batch_is_found_by_the_beginning_of_its_id_and_only_one(ledger, pull):
    pull([A])
    pull([A])
    loads = Loads(ledger)
    assert loads.of_batch(f"{2:064x}").id == 2
    with pytest.raises(GuijiError, match="more than one"):
        loads.of_batch("0")
    with pytest.raises(GuijiError, match="no batch"):
        loads.of_batch("ff")
