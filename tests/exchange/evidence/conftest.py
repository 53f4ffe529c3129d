"""A night that was really delivered: the nation was down at first, so that it came into a second checkpoint."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.evidence import Evidence
from exchange.site import Site
from schemas.catalog import Catalog
from schemas.errors import ReceiverUnreachable
from tests.exchange.evidence.asked import FEED
from tests.flow.conftest import installed


@dataclass(frozen=True)
class Night:
    """What a night left. Its sandbox has ended, and its environment with it."""

    home: Path
    root: Path


@pytest.fixture(scope="session")
def night(tmp_path_factory) -> Night:
    place = tmp_path_factory.mktemp("night")
    with installed(place, 60, batch=30, only=FEED) as made:
        made.world.nation.stop()
        with suppress(ReceiverUnreachable):
            made.run(FEED)
        assert Evidence(made.site()).checkpoint()
        made.world.nation.start()
        made.run(FEED)
        assert Evidence(made.site()).checkpoint()
        return Night(made.home, made.root)


@pytest.fixture
def site(night, tmp_path) -> Iterator[Site]:
    """A copy of the night's home, to spoil."""
    shutil.copytree(night.home, tmp_path / "var")
    made = Site(tmp_path / "var", f"sqlite:///{tmp_path / 'var' / 'ledger.db'}", Catalog(night.root))
    yield made
    made.ledger.engine.dispose()


@pytest.fixture
def evidence(site) -> Evidence:
    return Evidence(site)


@pytest.fixture
def guiji(site, tmp_path):
    """The command, in a folder of its own."""

    def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        known = {"GUIJI_HOME": str(site.home), "GUIJI_LEDGER": site.ledger_url, "GUIJI_CATALOG": str(site.catalog.root),
                 "PYTHONPATH": str(Path(__file__).parents[3])}  # fmt: skip
        command = [sys.executable, "-m", "exchange.cli.main", *words]
        return subprocess.run(command, cwd=tmp_path, env=known | env, capture_output=True, text=True)

    return run
