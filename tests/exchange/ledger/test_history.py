"""The history is a chain: a changed, removed or slipped-in line is found, and the database refuses to make one."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from exchange.ledger.history import ADDED_ONLY, BEGINNING, Chain, verify_chain


def chain(ledger) -> Chain:
    with ledger.read() as connection:
        return verify_chain(connection)


def write(ledger, *statements):
    with ledger.write("test") as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def lines(ledger):
    for number in range(1, 5):
        with ledger.write("note") as connection:
            ledger.note(connection, "tried", f"subject {number}", "理由", "Li")
    return ledger


def disarm(ledger):
    """As whoever owns the database could."""
    kind = ledger.engine.dialect.name
    names = ("event_update", "event_delete") if kind == "sqlite" else ("event_only_added ON event",)
    write(ledger, *(f"DROP TRIGGER {name}" for name in names))


def test_an_empty_and_an_untouched_history_hold(ledger, lines):
    found = chain(ledger)
    assert (found.lines, found.broken) == (4, None)
    assert found.last != BEGINNING


def test_nobody_wrote_yet(ledger):
    assert chain(ledger) == Chain(0, BEGINNING, None)


@pytest.mark.parametrize(
    ("fraud", "first"),
    [
        ("UPDATE event SET person = 'Wang' WHERE id = 2", 2),
        ("UPDATE event SET detail = 'other' WHERE id = 4", 4),
        ("DELETE FROM event WHERE id = 2", 3),
        ("DELETE FROM event WHERE id = 1", 2),
        (
            "INSERT INTO event (id, at, person, what, subject, detail, hash) "
            "SELECT 9, at, person, what, subject, detail, hash FROM event WHERE id = 4",
            9,
        ),
    ],
)
def test_the_first_line_that_does_not_fit_is_named(lines, fraud, first):
    disarm(lines)
    write(lines, fraud)
    assert chain(lines).broken == first


@pytest.mark.parametrize("table", ADDED_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_what_is_only_added_to_cannot_be_changed(ledger, lines, table, change):
    write(
        ledger,
        "INSERT INTO attempt VALUES ('k', 1, 'now', 1)",
        "INSERT INTO receipt (delivery_key, attempt, number, status, file_digest, verdict, filed_at) "
        "VALUES ('k', 1, 'R', 200, 'd', 'acked', 'now')",
    )
    column = {"event": "person", "attempt": "epoch", "receipt": "status"}[table]
    with pytest.raises(DatabaseError):
        write(ledger, change.format(table, column, column))
    with ledger.read() as connection:
        assert connection.scalar(text(f"SELECT COUNT(*) FROM {table}")) > 0


def test_many_writers_at_once_make_one_chain(ledger):
    def work(who):
        for _ in range(5):
            with ledger.write("note") as connection:
                ledger.note(connection, "tried", "x", "", who)

    threads = [threading.Thread(target=work, args=(f"writer {n}",)) for n in range(4)]
    _ = ledger.engine  # tables first
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (chain(ledger).lines, chain(ledger).broken) == (20, None)
