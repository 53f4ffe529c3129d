"""Two nights of one feed wait unsealed for a receiver: what the second withdraws is not shown there at all."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from exchange import flow
from exchange.seal import Sealer
from exchange.site import Site
from sandbox.departments.market import MarketDepartment
from sandbox.generator import make_night
from sandbox.generator.tables import FIRST_NIGHT

FEED = "market/penalty"


def test_a_record_withdrawn_before_its_first_seal_is_withheld_with_its_withdrawal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = MarketDepartment(tmp_path / "market.sqlite")
    market.load(make_night(1, rows=200))
    monkeypatch.setenv("GUIJI_MARKET_URL", market.url)
    site = Site(tmp_path / "home", f"sqlite:///{tmp_path / 'ledger.db'}")
    for night in range(2):
        flow.pull_and_land(site, FEED, FIRST_NIGHT + timedelta(night))
        flow.normalize_and_validate(site, FEED)
        with closing(sqlite3.connect(tmp_path / "market.sqlite")) as source, source:
            source.execute("DELETE FROM xzcf WHERE id IN (SELECT id FROM xzcf ORDER BY id LIMIT 5)")
    lease = site.ledger.take(f"{FEED}>province")
    Sealer(site, site.catalog.feed(FEED), site.catalog.receiver("province"), lease).run()
    with site.ledger.read() as connection:
        revoked = connection.exec_driver_sql("SELECT COUNT(*) FROM record_version WHERE operation = 'revoke'").scalar()
        sent = connection.exec_driver_sql(
            "SELECT COUNT(*) FROM delivery_member m JOIN record_version v ON v.id = m.version "
            "JOIN record_current c ON c.business_key = v.business_key "
            "WHERE c.operation = 'revoke' AND m.receiver = 'province'"
        ).scalar()
        withheld = connection.exec_driver_sql("SELECT code, COUNT(*) FROM withheld GROUP BY code").all()
    site.ledger.engine.dispose()
    assert revoked
    assert sent == 0
    assert {row[0]: row[1] for row in withheld} == {"NEVER_ACCEPTED": revoked, "REVOKED_SINCE": revoked}
