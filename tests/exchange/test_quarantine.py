"""A release sends this very row, once, to every receiver; who decided and why is kept; the balance holds."""

import pytest
from sqlalchemy import text

from exchange import quarantine
from exchange.ledger.balance import load_balance
from exchange.ledger.outbox import Outbox
from schemas.errors import GuijiError

FEED = "market/penalty"


def balance(site):
    found = load_balance(site.ledger, 1, ("province", "nation"))
    found.check()
    return found


def events(site):
    with site.ledger.read() as connection:
        return [tuple(r) for r in connection.execute(text("SELECT what, person, detail FROM event ORDER BY id"))]


def test_a_released_row_is_queued_for_every_receiver_and_the_balance_holds(site):
    quarantine.release(site, 1, "核实无误", "张")
    for receiver in ("province", "nation"):
        assert 2 in Outbox(site.ledger).pending(FEED, receiver)["ordinal"].to_pylist()
    assert (balance(site).quarantined, balance(site).new) == (0, 3)
    assert ("quarantine released", "张", "核实无误") in events(site)


@pytest.mark.parametrize("act", [quarantine.release, quarantine.drop])
def test_a_ticket_is_settled_once(site, act):
    act(site, 1, "r", "p")
    with pytest.raises(GuijiError):
        quarantine.release(site, 1, "r", "p")
    assert Outbox(site.ledger).pending(FEED, "nation").num_rows == (3 if act is quarantine.release else 2)


def test_a_dropped_row_goes_nowhere(site):
    quarantine.drop(site, 1, "重复登记", "李")
    assert quarantine.ticket(site, 1).state == "dropped"
    assert quarantine.tickets(site) == []
    assert balance(site).quarantined == 1


def test_a_rejected_record_goes_back_to_the_outbox_once(site):
    (back,) = quarantine.rejections(site)
    quarantine.resend(site, back.delivery, back.position, "已补正", "王")
    assert Outbox(site.ledger).pending(FEED, "province")["ordinal"].to_pylist() == [1]
    assert quarantine.rejections(site) == []
    balance(site)
    with pytest.raises(GuijiError):
        quarantine.resend(site, back.delivery, back.position, "已补正", "王")


def test_an_accepted_record_is_not_sent_twice(site):
    (back,) = quarantine.rejections(site)
    with pytest.raises(GuijiError):
        quarantine.resend(site, back.delivery, 0, "r", "p")
