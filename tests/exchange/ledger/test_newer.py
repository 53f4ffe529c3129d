"""What a late part may not touch: every known record behind a destroyed batch, and every record a person corrected."""

from exchange.ledger.exclusions import exclusions_of
from exchange.ledger.loads import Loads
from exchange.ledger.newer import RULE, LatePart, Newer
from exchange.ledger.registration import register
from exchange.ledger.tables import correction
from tests.exchange.ledger.conftest import DAY, staging_table

A = ("a", "1", "da", "upsert", False)
B = ("b", "2", "db", "upsert", False)
LATE = [("a", "1", "older", "upsert", False), B, ("c", "3", "dc", "upsert", False)]


def take(ledger, newer):
    loads, lease = Loads(ledger), ledger.take("d/penalty")
    load = loads.open("d/penalty", DAY, lease)
    loads.landed(load, f"{load:064x}", {}, False, lease)
    counts = register(
        ledger, loads.get(load), [staging_table(LATE)], [], keep_last=False, standard="enforcement/1.0",
        receivers=("province",), gate=lambda _: None, lease=lease, newer=newer,
    )  # fmt: skip
    with ledger.read() as connection:
        return counts, exclusions_of(connection, load)


def test_behind_a_destroyed_batch_no_known_record_changes(ledger, pull):
    pull([A, B])
    counts, left_out = take(ledger, Newer((LatePart("20260301000000", 0, 3),), destroyed="20260302000000"))
    assert (left_out, counts.unchanged, counts.new) == ({RULE: 1}, 1, 1)


def test_a_destroyed_batch_that_is_older_hinders_nothing(ledger, pull):
    pull([A, B])
    counts, left_out = take(ledger, Newer((LatePart("20260303000000", 0, 3),), destroyed="20260302000000"))
    assert (left_out, counts.unchanged, counts.new) == ({}, 1, 2)


def test_what_a_person_corrected_stands_against_a_late_file(ledger, pull):
    pull([A, B])
    with ledger.write("test") as connection:
        connection.execute(correction.insert().values(
            load_id=1, ordinal=0, feed="d/penalty", subject="1", old_raw="r", old_digest="d", business_key="a",
            digest="da", outcome="corrected",
        ))  # fmt: skip
    counts, left_out = take(ledger, Newer((LatePart("20260301000000", 0, 3),)))
    assert (left_out, counts.new) == ({RULE: 1}, 1)
