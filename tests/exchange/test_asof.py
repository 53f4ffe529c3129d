"""What a receiver held on a day is what its receipts said by then, version by version, with the bytes that went."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from exchange.asof import counts, held, sent_bytes
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.site import Site
from schemas.errors import GuijiError
from schemas.exchange import RecordVerdict

FEED, DAY = "market/penalty", date(2026, 3, 2)
LINES = [b'{"cd_id":"k1"}\n', b'{"cd_id":"k2"}\n']


def accept(site: Site, at: datetime, operation: str, revision: int, key: str = "k1") -> Delivery:
    """The province takes a newer version of a record at that time."""
    later = Site(site.home, site.ledger_url, site.catalog, clock=lambda: at)
    with later.ledger.write("version") as connection:
        version = connection.scalar(
            text(
                "INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal) "
                "VALUES (:f, :k, :r, :o, 'd', 1, -1) RETURNING id"
            ),
            {"f": FEED, "k": key, "r": revision, "o": operation},
        )
    book, lease = Deliveries(later.ledger), later.ledger.take(f"{FEED}>province")
    name = delivery_key("province", "p@1", [b"%d" % version], "body")
    later.vault.write(later.delivery_file(name), LINES, later.load_scope(1))
    item = Delivery(name, "province", FEED, book.next_sequence(FEED, "province"), 1, 1, "b", "sealed", 0)
    book.seal(item, "p@1", [version], lease)
    book.file(book.intend(item, lease), f"R{revision}", 200, "f", "acked", [RecordVerdict(0, "accepted")], lease)
    later.ledger.engine.dispose()
    return item


def test_counts_are_of_what_was_accepted_and_is_not_revoked(site):
    accept(site, datetime(2026, 3, 4, 1, tzinfo=UTC), "revoke", 2)
    accept(site, datetime(2026, 3, 5, 1, tzinfo=UTC), "upsert", 1, key="k9")
    assert counts(site, "province", DAY - timedelta(days=1)) == []
    assert counts(site, "province", DAY) == counts(site, "province", date(2026, 3, 3)) == [(FEED, 1, 0)]
    assert counts(site, "province", date(2026, 3, 4)) == [(FEED, 0, 1)]
    assert counts(site, "province", date(2026, 3, 5)) == [(FEED, 1, 1)]
    assert counts(site, "nation", DAY) == counts(site, "province", DAY, "water/penalty") == []


def test_the_day_ends_at_midnight_in_shanghai(site):
    accept(site, datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC), "upsert", 2)
    assert held(site, "province", date(2026, 3, 3), "k1")[0].revision == 2
    accept(site, datetime(2026, 3, 3, 16, 0, tzinfo=UTC), "upsert", 3)
    assert held(site, "province", date(2026, 3, 3), "k1")[0].revision == 2
    assert held(site, "province", date(2026, 3, 4), "k1")[0].revision == 3


def test_one_record_says_version_delivery_receipt_and_gives_the_very_bytes(site):
    item = accept(site, datetime(2026, 3, 3, 1, tzinfo=UTC), "upsert", 2)
    (found,) = held(site, "province", date(2026, 3, 9), "k1")
    assert (found.feed, found.revision, found.operation, found.delivery) == (FEED, 2, "upsert", item.key)
    assert (found.receipt, found.since[:10], found.position) == ("R2", "2026-03-03", 0)
    assert sent_bytes(site, found) == LINES[0]


def test_a_receivers_own_name_for_a_record_is_understood(site):
    prefix = f"{site.catalog.feed(FEED).department.credit_code}:penalty:"
    assert held(site, "province", DAY, f"{prefix}k1") == held(site, "province", DAY, "k1")


@pytest.mark.parametrize(("key", "day"), [("k2", DAY), ("k1", DAY - timedelta(days=1)), ("k7", DAY)])
def test_what_was_rejected_later_or_never_there_is_not_held(site, key, day):
    with pytest.raises(GuijiError, match="had nothing of"):
        held(site, "province", day, key)


def test_the_word_of_two_persons_counts_from_then_on(site):
    with site.ledger.write("word") as connection:
        connection.execute(text("UPDATE delivery SET state = 'arrived', changed_at = '2026-03-07T01:00:00.000+00:00'"))
        connection.execute(text("DROP TRIGGER receipt_delete"))
        connection.execute(text("DELETE FROM receipt"))
    assert counts(site, "province", date(2026, 3, 6)) == []
    assert counts(site, "province", date(2026, 3, 7)) == [(FEED, 1, 0)]
