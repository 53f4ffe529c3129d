"""What the receiver's own table does not take is held back before the seal, by code and field, and the rest goes."""

import json
import shutil
from pathlib import Path

import pytest

from exchange import flow
from exchange.ledger.balance import load_balance
from exchange.seal import Sealer
from exchange.site import Site
from sandbox.departments.market import MarketDepartment
from sandbox.generator import make_night
from sandbox.generator.tables import FIRST_NIGHT
from schemas.catalog import HOUSE, Catalog
from schemas.errors import ConfigurationError

FEED = "market/penalty"
TABLE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"XK_WSH": {"type": "string"}},
    "required": [],
}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    root = tmp_path / "catalog"
    for name in ("departments", "receivers"):
        shutil.copytree(HOUSE / name, root / name)
    return root


def sealed(tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Site, list[tuple[str, str, str]]]:
    market = MarketDepartment(tmp_path / "market.sqlite")
    market.load(make_night(1, rows=200))
    monkeypatch.setenv("GUIJI_MARKET_URL", market.url)
    site = Site(tmp_path / "home", f"sqlite:///{tmp_path / 'ledger.db'}", Catalog(catalog))
    flow.pull_and_land(site, FEED, FIRST_NIGHT)
    flow.normalize_and_validate(site, FEED)
    lease = site.ledger.take(f"{FEED}>province")
    Sealer(site, site.catalog.feed(FEED), site.catalog.receiver("province"), lease).run()
    with site.ledger.read() as connection:
        rows = connection.exec_driver_sql("SELECT code, disposition, field FROM withheld").all()
    site.ledger.engine.dispose()
    return site, [(code, disposition, field) for code, disposition, field in rows]


def test_a_value_too_long_for_the_receivers_table_is_held_back_and_counted(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    column = next(iter(Catalog(catalog).receiver("province").profiles["penalty"]["fields"]))
    table = {**TABLE, "properties": {column: {"type": ["string", "null"], "maxLength": 14}}}
    (catalog / "receivers" / "province" / "penalty.schema.json").write_text(json.dumps(table), encoding="utf-8")
    site, withheld = sealed(tmp_path, catalog, monkeypatch)
    against = [row for row in withheld if row[0] == "OUTGOING_AGAINST_TABLE"]
    assert against
    assert set(against) == {("OUTGOING_AGAINST_TABLE", "quarantined", f"{column} (FIELD_TOO_LONG)")}
    balance = load_balance(site.ledger, 1, ("province",))
    balance.check()
    assert balance.receivers[0].quarantined == len(against)
    assert balance.receivers[0].awaiting > 0
    site.ledger.engine.dispose()


def test_a_table_that_is_no_json_is_named(tmp_path: Path, catalog: Path) -> None:
    (catalog / "receivers" / "province" / "penalty.schema.json").write_text("[", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"receivers/province/penalty\.schema\.json"):
        Catalog(catalog).receiver("province")
