"""What a registration costs grows with the pull and with the tickets, never with one times the other."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import event

from exchange.ledger.database import Ledger
from exchange.ledger.loads import Loads
from exchange.ledger.registration import register
from tests.exchange.ledger.conftest import Row, staging_table

ROWS = 3000


def steps_of(path: Path, tickets: int) -> int:
    """Thousands of SQLite's own steps: rows held, sound, held otherwise, sound, gone, held as at first."""
    ledger, steps = Ledger(f"sqlite:///{path}", lambda: datetime(2026, 3, 2, tzinfo=UTC)), [0]
    loads = Loads(ledger)

    @event.listens_for(ledger.engine, "connect")
    def count(connection, _record):
        connection.set_progress_handler(lambda: steps.__setitem__(0, steps[0] + 1), 1000)

    ledger.engine.dispose()  # from here on every connection counts
    for night, complete in ((1, False), (0, False), (2, False), (0, True), (3, True), (None, True), (1, False)):
        rows: list[Row] = [
            (f"k{n}", f"r{n}", f"d{n}-{night}" if n < tickets else f"d{n}", "upsert", n < tickets and bool(night))
            for n in range(ROWS + tickets)
            if night is not None or n >= tickets
        ]
        lease = ledger.take("d/penalty")
        load = loads.open("d/penalty", date(2026, 3, 2), lease)
        loads.landed(load, f"{load:064x}", {}, complete, lease)
        register(
            ledger, loads.get(load), [staging_table(rows)], [], keep_last=False, standard="enforcement/1.0",
            receivers=("province",), gate=lambda _: None, lease=lease,
        )  # fmt: skip
    ledger.engine.dispose()
    return steps[0]


def test_tickets_do_not_make_sqlite_look_through_the_pull_one_by_one(tmp_path):
    few, many = steps_of(tmp_path / "few.db", 10), steps_of(tmp_path / "many.db", 400)
    assert many < 3 * few, (few, many)
