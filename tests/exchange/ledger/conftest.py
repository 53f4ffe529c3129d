"""A ledger on each database, and a hand-made pull to register."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from exchange.ledger.database import Ledger
from exchange.ledger.loads import Load, Loads
from exchange.ledger.registration import Counts, register
from schemas.findings import Flag

DAY = date(2026, 3, 2)
Row = tuple[str | None, str | None, str, str, bool]  # key, ref, digest, operation, held


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    book = Ledger(ledger_url, lambda: datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    yield book
    book.engine.dispose()


@pytest.fixture
def pull(ledger: Ledger) -> Callable[..., Counts]:
    """pull(rows, complete=…, flags=…, keep_last=…, replay_of=…): one load from landing to registration."""

    def _pull(
        rows: list[Row],
        *,
        complete: bool = True,
        flags: list[Flag] | None = None,
        keep_last: bool = False,
        replay_of: Load | None = None,
        gate: Callable[[Counts], None] = lambda _: None,
    ) -> Counts:
        loads, lease = Loads(ledger), ledger.take("d/penalty")
        if replay_of:
            load_id = loads.replay(replay_of, DAY, lease)
        else:
            load_id = loads.open("d/penalty", DAY, lease)
            loads.landed(load_id, f"{load_id:064x}", {"time": f"t{load_id}"}, complete, lease)
        return register(
            ledger, loads.get(load_id), [staging_table(rows)], flags or [], keep_last=keep_last,
            standard="enforcement/1.0", receivers=("province", "nation"), gate=gate, lease=lease,
        )  # fmt: skip

    return _pull


def staging_table(rows: list[Row]) -> pa.Table:
    """Rows as a registration stages them."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), ()]
    text = [pa.array(columns[i], pa.string()) for i in range(4)]
    return pa.table(
        {
            "ordinal": pa.array(range(len(rows)), pa.int64()),
            "business_key": text[0],
            "source_ref": text[1],
            "digest": text[2],
            "operation": text[3],
            "held": pa.array([int(h) for h in columns[4]], pa.int8()),
            "raw_digest": pa.array([f"raw-{row[2]}" if row[4] else None for row in rows], pa.string()),
        }
    )
