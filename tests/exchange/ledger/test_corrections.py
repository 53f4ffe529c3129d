"""What a department gave back settles its tickets and stands until the source's row changes, on both databases."""

import pyarrow as pa
import pytest
from sqlalchemy import text

from exchange.ledger.corrections import GIVEN, Seen, standing
from exchange.ledger.loads import Loads
from exchange.ledger.registration import register
from tests.exchange.ledger.conftest import DAY, staging_table

FEED = "d/penalty"
BAD = ("a", "1", "bad", "upsert", True)
GOOD = ("a", "1", "good", "upsert", False)
B = ("b", "2", "db", "upsert", False)


@pytest.fixture
def give(ledger):
    """give([(ticket, version, row)]): one load of corrections, registered. Returns its counts."""

    def _give(rows):
        loads, lease = Loads(ledger), ledger.take(FEED)
        load = loads.open(FEED, DAY, lease, kind="correction", reason="补正", accepted_by="张")
        loads.landed(load, f"{load:064x}", {}, False, lease)
        given = pa.table([_answers(rows, name) for name in GIVEN], names=list(GIVEN))
        return register(
            ledger, loads.get(load), [staging_table([row for *_, row in rows])], [], keep_last=False,
            standard="enforcement/1.0", receivers=("province",), gate=lambda _: None, lease=lease, given=given,
            key_field="decision_number",
        )  # fmt: skip

    return _give


@pytest.fixture
def pull(ledger):
    """pull(rows, old={ordinal: n-th standing correction}, ended=[n]): a complete pull, and what was seen in it."""

    def _pull(rows, old=(), ended=(), complete=True):
        with ledger.read() as connection:
            stands = standing(connection, FEED)
        seen = Seen({n: stands[m] for n, m in dict(old).items()}, [stands[m] for m in ended])
        loads, lease = Loads(ledger), ledger.take(FEED)
        load = loads.open(FEED, DAY, lease)
        loads.landed(load, f"{load:064x}", {"time": f"t{load}"}, complete, lease)
        return register(
            ledger, loads.get(load), [staging_table(rows)], [], keep_last=False, standard="enforcement/1.0",
            receivers=("province",), gate=lambda _: None, lease=lease, seen=seen,
        )  # fmt: skip

    return _pull


def _answers(rows, name):
    kinds = {"ordinal": pa.int64(), "ticket": pa.int64(), "version": pa.int64()}
    told = {
        "ordinal": range(len(rows)), "subject": [str(t or f"V{v}") for t, v, _ in rows],
        "ticket": [t for t, *_ in rows], "version": [v for _, v, _ in rows], "old_raw": ["raw-bad"] * len(rows),
        "old_digest": ["raw-bad"] * len(rows),
        "old_key": [None] * len(rows),
    }  # fmt: skip
    return pa.array(told[name], kinds.get(name, pa.string()))


def ask(ledger, query):
    with ledger.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


TICKETS = "SELECT id, state, load_id, ordinal, person FROM quarantine ORDER BY id"
VERSIONS = "SELECT business_key, revision, operation, digest FROM record_version ORDER BY business_key, revision"


def test_a_correction_is_a_new_version_closes_its_ticket_and_says_nothing_else(ledger, pull, give):
    pull([BAD, B])
    counts = give([(1, None, GOOD)])
    assert (counts.pulled, counts.new, counts.vanished) == (1, 1, 0)
    assert ask(ledger, TICKETS) == [(1, "corrected", 1, 0, "张")]
    assert ask(ledger, VERSIONS) == [("a", 1, "upsert", "good"), ("b", 1, "upsert", "db")]
    assert Loads(ledger).window(FEED, sweep=False).after == {"time": "t1"}
    assert ask(ledger, "SELECT outcome, subject FROM correction") == [("corrected", "1")]
    assert len(ask(ledger, "SELECT * FROM outbox")) == 2


def test_a_row_still_wrong_stays_the_ticket_it_was_and_shows_its_new_row(ledger, pull, give):
    pull([BAD, B])
    assert give([(1, None, ("a", "1", "worse", "upsert", True))]).quarantined == 1
    assert ask(ledger, TICKETS) == [(1, "held", 2, 0, None)]
    pull([BAD, B])
    assert ask(ledger, TICKETS) == [(1, "held", 2, 0, None)], "the source's old row is still that ticket"


def test_the_old_row_of_the_source_overwrites_nothing_for_nights_and_counts_again_once_it_changes(ledger, pull, give):
    pull([BAD, B])
    give([(1, None, GOOD)])
    for _ in range(3):
        counts = pull([BAD, B], old={0: 0})
        assert (counts.unchanged, counts.new, counts.quarantined, counts.vanished) == (2, 0, 0, 0)
    assert ask(ledger, TICKETS)[0][1] == "corrected"
    counts = pull([("a", "1", "fixed at the source", "upsert", False), B], ended=[0])
    assert (counts.new, counts.unchanged) == (1, 1)
    with ledger.read() as connection:
        assert standing(connection, FEED) == []
    assert pull([BAD, B]).quarantined == 1
    assert ask(ledger, TICKETS)[0][1] == "held", "it went wrong once more, after it had changed"


def test_a_record_whose_key_was_corrected_lives_under_the_new_key_alone(ledger, pull, give):
    pull([("old", "1", "d1", "upsert", False), B])
    pull([(None, "1", "bad", "upsert", True), B])
    give([(1, None, ("new", "1", "good", "upsert", False))])
    counts = pull([(None, "1", "bad", "upsert", True), B], old={0: 0})
    assert (counts.vanished, counts.new, counts.quarantined) == (1, 0, 0)
    assert ask(ledger, VERSIONS)[1:] == [
        ("new", 1, "upsert", "good"), ("old", 1, "upsert", "d1"), ("old", 2, "revoke", "d1"),
    ]  # fmt: skip


def test_two_rows_that_contradicted_each_other_are_free_when_one_got_its_own_key(ledger, pull, give):
    pair = [("k", "1", "d1", "upsert", False), ("k", "2", "d2", "upsert", False)]
    assert pull(pair).quarantined == 2
    give([(1, None, ("k9", "1", "d9", "upsert", False))])
    counts = pull(pair, old={0: 0})
    assert (counts.unchanged, counts.new, counts.quarantined) == (1, 1, 0)
    assert [row[1] for row in ask(ledger, TICKETS)] == ["corrected", "corrected"]


def test_the_other_of_two_rows_cannot_overwrite_the_one_that_was_corrected_under_their_key(ledger, pull, give):
    pair = [("k", "1", "d1", "upsert", False), ("k", "2", "d2", "upsert", False)]
    pull(pair)
    give([(1, None, ("k", "1", "d9", "upsert", False))])
    counts = pull(pair, old={0: 0})
    assert (counts.unchanged, counts.new, counts.quarantined) == (1, 0, 1)
    assert ask(ledger, VERSIONS) == [("k", 1, "upsert", "d9")]


def test_what_a_receiver_sent_back_is_superseded_by_its_correction(ledger, pull, give):
    pull([("a", "1", "d1", "upsert", False), B])
    give([(None, 1, ("a", "1", "d2", "upsert", False))])
    assert ask(ledger, VERSIONS)[:2] == [("a", 1, "upsert", "d1"), ("a", 2, "upsert", "d2")]
    assert pull([("a", "1", "d1", "upsert", False), B], old={0: 0}).new == 0
    give([(None, 1, ("a", "1", "d3", "upsert", False))])
    assert ask(ledger, "SELECT outcome FROM correction ORDER BY load_id") == [("corrected",), ("late",)]


def test_the_same_content_again_makes_no_version_of_what_was_sent_back(ledger, pull, give):
    pull([("a", "1", "d1", "upsert", False), B])
    give([(None, 1, ("a", "1", "d1", "upsert", False))])
    assert ask(ledger, "SELECT outcome FROM correction") == [("same",)]
    assert len(ask(ledger, VERSIONS)) == 2


def test_a_ticket_settled_meanwhile_is_not_settled_twice(ledger, pull, give):
    pull([BAD, B])
    pull([("a", "1", "from the source", "upsert", False), B])
    assert give([(1, None, GOOD)]).excluded == 1
    assert ask(ledger, VERSIONS)[0] == ("a", 1, "upsert", "from the source")
    assert ask(ledger, TICKETS)[0][4] is None


def test_a_correction_does_not_bring_back_what_was_revoked_since(ledger, pull, give):
    pull([("a", "1", "d1", "upsert", False), B])
    pull([BAD, B])
    assert pull([B]).vanished == 1
    assert give([(1, None, GOOD)]).excluded == 1
    assert ask(ledger, VERSIONS)[:2] == [("a", 1, "upsert", "d1"), ("a", 2, "revoke", "d1")]
    assert ask(ledger, "SELECT outcome FROM correction") == [("late",)]


def test_a_correction_that_takes_another_records_key_is_held_and_overwrites_nothing(ledger, pull, give):
    pull([(None, "1", "bad", "upsert", True), B])
    assert give([(1, None, ("b", "1", "good", "upsert", False))]).quarantined == 1
    assert ask(ledger, VERSIONS) == [("b", 1, "upsert", "db")]
    assert ask(ledger, "SELECT code, field FROM finding WHERE load_id = 2") == [("KEY_CONFLICT", "decision_number")]
    assert ask(ledger, TICKETS) == [(1, "held", 2, 0, None)]


def test_a_corrected_record_that_vanished_and_whose_old_row_comes_back_is_held_anew(ledger, pull, give):
    pull([BAD, B])
    give([(1, None, GOOD)])
    assert pull([B]).vanished == 1
    with ledger.read() as connection:
        assert standing(connection, FEED) == []
    assert pull([BAD, B]).quarantined == 1
    assert ask(ledger, TICKETS)[0][1] == "held"
