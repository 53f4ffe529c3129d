"""A site with one night in its ledger, written by the ledger's own calls; its receiver and its keys are hostile."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from exchange.canonical import CanonicalFile, CanonicalWriter
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.loads import Loads
from exchange.ledger.outbox import Outbox
from exchange.ledger.registration import register
from exchange.site import Site
from schemas.exchange import RecordVerdict
from schemas.findings import Flag

DAY = date(2026, 3, 2)
FEED = "market/penalty"
HOSTILE = "<script>document.title = 'owned'; alert(1)</script><img src=https://example.invalid/x onerror=alert(2)>"
SECRET = "某某人民币壹佰元"  # stands for a value of a record


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Three rows pulled: two new, one held. The province took one and sent one back; the nation was sent nothing."""
    site = Site(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: datetime(2026, 3, 2, 1, tzinfo=UTC))
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, DAY, lease)
    loads.landed(load, "b" * 64, {"time": "t1"}, True, lease)
    _write(site, load)
    held = np.array([False, False, True])
    register(
        site.ledger, loads.get(load), CanonicalFile(site, load).staging_chunks(held),
        [Flag("TEXT_MOJIBAKE", "", np.array([2], dtype=np.int64))], keep_last=False, standard="enforcement/1.0",
        receivers=("province", "nation"), gate=lambda _: None, lease=lease,
    )  # fmt: skip
    _send(site, load)
    yield site
    site.ledger.engine.dispose()


def _write(site: Site, load: int) -> None:
    rows = {
        "_key": ["k1", "k2", "k3"], "_ref": ["1", "2", "3"], "_digest": ["d1", "d2", "d3"],
        "_operation": ["upsert"] * 3, "_raw_digest": [None, None, "raw3"], "_part": [0] * 3, "_row": [0, 1, 2],
        "value": [SECRET] * 3,
    }  # fmt: skip
    with CanonicalWriter(site, load, pa.schema([("value", pa.string())])) as writer:
        writer.write(pa.table({f.name: pa.array(rows[f.name], f.type) for f in writer.schema}))


def _send(site: Site, load: int) -> None:
    book, lease = Deliveries(site.ledger), site.ledger.take(f"{FEED}>province")
    versions = Outbox(site.ledger).pending(FEED, "province")["version"].to_pylist()
    key = delivery_key("province", "p@1", [b"k1", b"k2"], "body")
    item = Delivery(key, "province", FEED, 1, load, len(versions), "body", "sealed", 0)
    book.seal(item, "p@1", versions, lease)
    verdicts = [RecordVerdict(0, "accepted"), RecordVerdict(1, "rejected", "1001", HOSTILE + "\x1b[2J")]
    book.file(book.intend(item, lease), "R1", 200, "f", "acked", verdicts, lease)
