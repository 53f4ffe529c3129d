"""Every pulled row gets exactly one disposition; versions rise; what vanished is revoked; a refusal writes nothing."""

import pytest
from sqlalchemy import text

from exchange.ledger.loads import Loads
from schemas.errors import BatchHeld, StaleOwner

A = ("a", "1", "da", "upsert", False)
B = ("b", "2", "db", "upsert", False)


def versions(ledger):
    with ledger.read() as c:
        rows = c.execute(text("SELECT business_key, revision, operation, digest FROM record_version ORDER BY 1, 2"))
        return [tuple(r) for r in rows]


def test_a_first_pull_makes_versions_and_puts_them_out_for_every_receiver(ledger, pull):
    counts = pull([A, B])
    assert (counts.pulled, counts.new, counts.vanished) == (2, 2, 0)
    assert versions(ledger) == [("a", 1, "upsert", "da"), ("b", 1, "upsert", "db")]
    with ledger.read() as c:
        assert c.scalar(text("SELECT COUNT(*) FROM outbox")) == 4


def test_the_same_pull_again_changes_nothing(ledger, pull):
    pull([A, B])
    counts = pull([A, B])
    assert (counts.unchanged, counts.new) == (2, 0)
    assert len(versions(ledger)) == 2


def test_there_and_back_again_is_three_versions(ledger, pull):
    for digest in ("da", "other", "da"):
        pull([("a", "1", digest, "upsert", False)])
    assert [v[1:] for v in versions(ledger)] == [(1, "upsert", "da"), (2, "upsert", "other"), (3, "upsert", "da")]


def test_equal_rows_count_once_and_contradicting_rows_are_all_held(ledger, pull):
    counts = pull([A, A, ("c", "3", "dc", "upsert", False), ("c", "4", "dd", "upsert", False)])
    assert (counts.new, counts.duplicate, counts.quarantined) == (1, 1, 2)
    with ledger.read() as c:
        assert c.scalar(text("SELECT COUNT(*) FROM finding WHERE code = 'KEY_CONFLICT'")) == 2


def test_where_the_mapping_says_so_the_last_row_of_a_key_counts(ledger, pull):
    counts = pull([("c", "3", "dc", "upsert", False), ("c", "3", "dd", "revoke", False), B], keep_last=True)
    assert (counts.duplicate, counts.excluded, counts.new) == (1, 1, 1)


def test_a_record_that_vanished_from_a_sweep_is_revoked_and_comes_back_as_a_new_version(ledger, pull):
    pull([A, B])
    assert pull([B]).vanished == 1
    assert pull([B]).vanished == 0
    pull([A, B])
    assert [v[1:3] for v in versions(ledger) if v[0] == "a"] == [(1, "upsert"), (2, "revoke"), (3, "upsert")]


def test_an_increment_says_nothing_about_what_it_does_not_hold(ledger, pull):
    pull([A, B])
    assert pull([B], complete=False).vanished == 0


def test_a_held_row_keeps_the_record_behind_it_alive(ledger, pull):
    """The department damaged the document number: the old record must not be revoked for that."""
    pull([A, B])
    counts = pull([(None, "1", "broken", "upsert", True), B])
    assert (counts.quarantined, counts.vanished) == (1, 0)


def test_the_same_bad_row_is_one_ticket_and_is_closed_when_a_sound_row_comes(ledger, pull):
    bad = ("a", "1", "bad", "upsert", True)
    assert pull([bad, B]).first_seen_held == 1
    assert pull([bad, B]).first_seen_held == 0
    pull([A, B])
    with ledger.read() as c:
        assert [tuple(r) for r in c.execute(text("SELECT state FROM quarantine"))] == [("corrected",)]


def test_a_ticket_ends_when_a_complete_pull_no_longer_has_its_row(ledger, pull):
    bad, keyless = ("a", "1", "bad", "upsert", True), (None, "7", "damaged", "upsert", True)
    pull([bad, keyless, B])
    pull([("c", "3", "dc", "upsert", False)], complete=False)
    assert tickets(ledger) == [("held", None), ("held", None)], "an increment says nothing of what it does not hold"
    pull([("a", "9", "bad still", "upsert", True), (None, "7", "damaged otherwise", "upsert", True), B])
    assert [state for state, _ in tickets(ledger)] == ["held"] * 4, "the row is there, in other words"
    pull([B])
    assert tickets(ledger) == [("corrected", "the source no longer has this row")] * 4
    pull([bad, B])
    assert tickets(ledger)[0] == ("held", None), "there again, it is held again"


def test_the_ticket_of_a_record_that_vanished_altogether_ends_with_it(ledger, pull):
    pull([A, B])
    pull([("a", "1", "bad", "upsert", True), B])
    assert pull([B]).vanished == 1
    assert [state for state, _ in tickets(ledger)] == ["corrected"]


BAD = ("a", "1", "bad", "upsert", True)


@pytest.fixture
def released(ledger, pull):
    """A row that a person let out as it is: version 1 of its record."""
    pull([BAD, B])
    with ledger.write("release") as c:
        c.execute(text("UPDATE quarantine SET state = 'released'"))
        c.execute(
            text(
                "INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal, "
                "source_ref) SELECT feed, 'a', 1, 'upsert', 'bad', load_id, ordinal, '1' FROM quarantine"
            )
        )


@pytest.mark.usefixtures("released")
def test_a_released_row_that_vanished_and_is_back_is_a_new_version(ledger, pull):
    assert pull([BAD, B]).unchanged == 2
    assert pull([B]).vanished == 1
    for new in (1, 0):
        assert pull([BAD, B]).new == new
    assert [v[1:] for v in versions(ledger) if v[0] == "a"] == [
        (1, "upsert", "bad"), (2, "revoke", "bad"), (3, "upsert", "bad")
    ]  # fmt: skip


@pytest.mark.usefixtures("released")
def test_a_released_row_that_comes_back_after_a_sound_one_is_a_new_version(ledger, pull):
    for row in (A, BAD, BAD):
        assert pull([row, B]).quarantined == 0
    assert [v[3] for v in versions(ledger) if v[0] == "a"] == ["bad", "da", "bad"]


@pytest.mark.usefixtures("released")
def test_a_released_row_beside_another_of_its_record_changes_nothing(ledger, pull):
    pull([A, B])
    for _ in range(2):
        assert pull([A, BAD, B]).new == 0
    assert [v[3] for v in versions(ledger) if v[0] == "a"] == ["bad", "da"]


def tickets(ledger):
    with ledger.read() as c:
        return [tuple(r) for r in c.execute(text("SELECT state, reason FROM quarantine ORDER BY id"))]


def test_a_revocation_of_something_unknown_is_left_out_by_name(ledger, pull):
    counts = pull([("x", "9", "dx", "revoke", False)])
    assert (counts.excluded, counts.new) == (1, 0)


def test_a_replay_does_not_bring_an_old_version_back(ledger, pull):
    pull([A, B])
    first = Loads(ledger).newest("d/penalty")
    pull([("a", "1", "newer", "upsert", False), B])
    counts = pull([A, B], replay_of=first, complete=False)
    assert (counts.excluded, counts.unchanged, counts.new) == (1, 1, 0)


def test_a_replay_does_not_bring_back_what_vanished_although_its_content_is_the_same(ledger, pull):
    pull([A, B])
    first = Loads(ledger).newest("d/penalty")
    pull([B])
    assert pull([A, B], replay_of=first, complete=False).excluded == 1
    assert [v[2] for v in versions(ledger) if v[0] == "a"] == ["upsert", "revoke"]


def test_a_replay_does_not_bring_back_what_the_source_revoked_even_in_the_batch_that_revoked_it(ledger, pull):
    pull([A, B])
    pull([("a", "1", "da2", "revoke", False), B])
    second = Loads(ledger).newest("d/penalty")
    assert pull([("a", "1", "da2", "upsert", False), B], replay_of=second, complete=False).excluded == 1
    assert [v[2] for v in versions(ledger) if v[0] == "a"] == ["upsert", "revoke"]


def test_a_replay_neither_opens_nor_closes_a_ticket_that_a_later_pull_decided_on(ledger, pull):
    bad = ("a", "1", "bad", "upsert", True)
    pull([bad, B])
    first = Loads(ledger).newest("d/penalty")
    pull([A, B])
    second = Loads(ledger).newest("d/penalty")
    pull([("a", "1", "wrong again", "upsert", True), B])
    assert pull([bad, B], replay_of=first, complete=False).excluded == 1
    pull([A, B], replay_of=second, complete=False)
    with ledger.read() as c:
        assert [r[0] for r in c.execute(text("SELECT state FROM quarantine ORDER BY id"))] == ["corrected", "held"]


def test_what_the_gate_holds_leaves_no_trace(ledger, pull):
    pull([A])

    def refuse(counts):
        raise BatchHeld("too much")

    with pytest.raises(BatchHeld):
        pull([B], gate=refuse)
    assert [v[0] for v in versions(ledger)] == ["a"]
    assert Loads(ledger).window("d/penalty", sweep=False).after == {"time": "t1"}


def test_an_owner_that_was_replaced_cannot_write(ledger):
    loads, old = Loads(ledger), ledger.take("d/penalty")
    ledger.take("d/penalty")
    with pytest.raises(StaleOwner):
        loads.open("d/penalty", __import__("datetime").date(2026, 3, 2), old)


def test_what_a_key_is_made_of_arrives_as_it_is(ledger, pull):
    keys = ["a\tb", "a\nb", "a\rb", 'a"b', "a\\b", "\\N", "", "a,b", "\\.", "〔2026〕1号"]
    pull([(key, key, f"d{n}", "upsert", False) for n, key in enumerate(keys)])
    with ledger.read() as c:
        found = c.execute(text("SELECT business_key, source_ref FROM record_current ORDER BY load_id")).all()
    assert sorted(found) == sorted((key, key) for key in keys)
    assert pull([(key, key, f"d{n}", "upsert", False) for n, key in enumerate(keys)]).unchanged == len(keys)
