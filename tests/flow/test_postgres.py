"""The same department on PostgreSQL, and the ledger on PostgreSQL: two nights, judged by the receivers' own logs."""

from pathlib import Path

import pytest

from exchange import flow
from exchange.site import Site
from sandbox.world import World
from schemas.catalog import Catalog
from tests.flow.installation import catalog_root
from tests.flow.oracle import faults

FEED = "market/penalty"


def test_a_department_and_the_ledger_on_postgresql(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, source = catalog_root(tmp_path / "catalog"), postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with World(tmp_path / "sandbox", rows=60, market_url=source) as world:
        for night in (1, 2):
            world.advance_to(night)
            for name, value in world.env().items():
                monkeypatch.setenv(name, value)
            site = Site(tmp_path / "var", postgres_url, Catalog(root))
            flow.run(site, FEED, world.business_date())
            site.ledger.engine.dispose()
            for receiver in (world.province, world.nation):
                assert faults(world, receiver, FEED, night) == []
