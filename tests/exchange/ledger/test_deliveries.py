"""A delivery is sealed once, intended before it leaves, and moved by one owner at a time."""

import pytest

from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.outbox import Outbox
from schemas.errors import LeaseHeld, StaleOwner
from schemas.exchange import RecordVerdict

A = ("a", "1", "da", "upsert", False)
B = ("b", "2", "db", "upsert", False)


def seal(ledger, lease, *, receiver="province"):
    book = Deliveries(ledger)
    versions = Outbox(ledger).pending("d/penalty", receiver)["version"].to_pylist()
    key = delivery_key(receiver, "p@1", [b"%d" % version for version in versions], "body")
    number = book.next_sequence("d/penalty", receiver)
    item = Delivery(key, receiver, "d/penalty", number, 1, len(versions), "body", "sealed", 0)
    book.seal(item, "p@1", versions, lease)
    return item


@pytest.fixture
def lease(ledger):
    return ledger.take("d/penalty>province")


def test_sealing_takes_versions_out_of_one_receivers_box_only(ledger, pull, lease):
    pull([A, B])
    seal(ledger, lease)
    assert Outbox(ledger).pending("d/penalty", "province").num_rows == 0
    assert Outbox(ledger).pending("d/penalty", "nation").num_rows == 2


def test_the_key_names_receiver_profile_members_and_bytes_and_nothing_else():
    keys = {
        delivery_key("province", "p@1", [b"v"], "body"),
        delivery_key("nation", "p@1", [b"v"], "body"),
        delivery_key("province", "p@2", [b"v"], "body"),
        delivery_key("province", "p@1", [b"w"], "body"),
        delivery_key("province", "p@1", [b"v"], "other"),
    }
    assert len(keys) == 5
    assert delivery_key("province", "p@1", [b"v"], "body") in keys


def test_an_intent_leaves_unknown_behind_never_not_sent(ledger, pull, lease):
    pull([A])
    Deliveries(ledger).intend(seal(ledger, lease), lease)
    (item,) = Deliveries(ledger).open("d/penalty", "province")
    assert (item.state, item.attempt) == ("unknown", 1)


def test_two_owners_cannot_both_intend(ledger, pull, lease):
    pull([A])
    item = seal(ledger, lease)
    Deliveries(ledger).intend(item, lease)
    with pytest.raises(LeaseHeld):
        Deliveries(ledger).intend(item, lease)


def test_a_zombie_cannot_file_what_it_learnt(ledger, pull, lease):
    pull([A])
    item = Deliveries(ledger).intend(seal(ledger, lease), lease)
    ledger.take("d/penalty>province")
    with pytest.raises(StaleOwner):
        Deliveries(ledger).file(item, "R1", 200, "f", "acked", [RecordVerdict(0, "accepted")], lease)


def test_a_second_version_knows_that_the_receiver_may_have_the_first(ledger, pull, lease):
    pull([A])
    item = Deliveries(ledger).intend(seal(ledger, lease), lease)
    pull([("a", "1", "other", "upsert", False)])
    assert Outbox(ledger).pending("d/penalty", "province")["known"].to_pylist() == [True]
    Deliveries(ledger).file(item, "R1", 200, "f", "acked", [RecordVerdict(0, "rejected", "1001", "no")], lease)
    assert Outbox(ledger).pending("d/penalty", "province")["known"].to_pylist() == [False]


def test_what_is_acked_is_no_longer_open_and_a_refusal_is(ledger, pull, lease):
    pull([A])
    book = Deliveries(ledger)
    item = book.intend(seal(ledger, lease), lease)
    book.file(item, "", 401, "f", "refused", [], lease)
    assert [d.state for d in book.open("d/penalty", "province")] == ["refused"]
    item = book.intend(book.open("d/penalty", "province")[0], lease)
    book.file(item, "R1", 200, "f", "acked", [RecordVerdict(0, "accepted")], lease)
    assert book.open("d/penalty", "province") == []
    assert book.unsettled_feeds() == ["d/penalty"]  # the other receiver still waits


def test_a_version_waits_for_the_one_before_it_and_the_page_ends_there(ledger, pull):
    pull([A, B])
    pull([("a", "1", "other", "upsert", False), B])
    first = Outbox(ledger).pending("d/penalty", "province")
    assert (first["revision"].to_pylist(), first["load"].to_pylist()) == ([1, 1], [1, 1])
    with ledger.write("same load") as connection:
        connection.exec_driver_sql("UPDATE record_version SET load_id = 1")
    again = Outbox(ledger).pending("d/penalty", "province")
    assert again["revision"].to_pylist() == [1, 1]
    assert again["waits"].to_pylist() == [False, False]
