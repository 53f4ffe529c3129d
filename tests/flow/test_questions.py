"""What is asked of a ledger on PostgreSQL after two nights: days, what was held, digests, what is late, the chain."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.registry import open_target
from exchange import asof, days, flow
from exchange.digests import Comparison, comparable
from exchange.late import late
from exchange.ledger.balance import add_up, day_balances
from exchange.ledger.history import verify_chain
from exchange.site import Site
from sandbox.world import World
from schemas.catalog import Catalog, expand
from tests.flow.installation import RECEIVERS, catalog_root
from tests.flow.processes import FEED


def test_every_question_is_answered_alike(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = catalog_root(tmp_path / "catalog", only=FEED)
    with World(tmp_path / "sandbox", rows=40) as world:
        for name, value in world.env().items():
            monkeypatch.setenv(name, value)
        site = Site(tmp_path / "var", postgres_url, Catalog(root))
        for night in (1, 1, 2):
            world.advance_to(night)
            flow.run(site, FEED, world.business_date())
        first, last = world.business_date(1), world.business_date(2)
        assert [days.look(site, FEED, day).state for day in (first, last)] == ["closed", "closed"]
        assert days.closed_through(site, FEED) == last
        _twice_the_first_night(site, first)
        _holds(site, world)
        later = replace(site, clock=lambda: datetime.now(UTC) + timedelta(days=3))
        assert late(site, FEED) == []
        assert [one.what for one in late(later, FEED)] == ["stored"]
        flow.seal_and_deliver(later, FEED, "nation")
        assert late(later, FEED) == []
        days.accept(site, FEED, last + timedelta(days=1), "节假日停报", "张")
        assert days.closed_through(site, FEED) == last + timedelta(days=1)
        with site.ledger.read() as connection:
            chain = verify_chain(connection)
        assert (chain.broken, chain.lines >= 3) == (None, True)
        for one in (site, later):
            one.ledger.engine.dispose()


def _twice_the_first_night(site: Site, day: date) -> None:
    loads = day_balances(site.ledger, FEED, day.isoformat(), RECEIVERS)
    total = add_up(loads)
    total.check()
    assert (len(total.loads), total.state, total.whole) == (2, "closed", True)
    assert total.pulled == sum(load.pulled or 0 for load in loads) > 0
    assert (total.new, total.receivers[0].versions) == (loads[0].new, loads[0].new)


def _holds(site: Site, world: World) -> None:
    for receiver in (world.province, world.nation):
        present = receiver.current("penalty")
        assert asof.counts(site, receiver.code, site.today)[0][1] == len(present) > 20
        cd_id, (revision, line) = max(present.items(), key=lambda one: one[1][0])
        (found,) = asof.held(site, receiver.code, site.today, cd_id)
        assert (found.revision, asof.sent_bytes(site, found)) == (revision, line + b"\n")
        assert [step[0] for step in asof.steps(site, found.delivery, found.position)][:2] == ["sent", "receipt"]
        to = site.catalog.receiver(receiver.code)
        target = comparable(to.promise, open_target(expand(to.access, to.where), to.where), to.where)
        assert Comparison(site, site.catalog.feed(FEED), receiver.code, target).run().differences == []
