"""One night of two feeds, with foreign words planted where people write freely, and a real browser to read it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text

from exchange import flow
from exchange.evidence import Evidence
from exchange.report.nightly import write_report
from exchange.site import Site
from sandbox.world import World
from schemas.errors import GuijiError, ReceiverUnreachable

PLANTED = "<script>alert(1)</script><img src=http://outside.example/x onerror=alert(2)>"
REJECT = """
UPDATE delivery_member SET outcome = 'rejected', code = :code, text = :said
WHERE position = 0 AND receiver = 'nation' AND delivery IN (SELECT id FROM delivery WHERE feed = 'market/penalty')
"""


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page: market/penalty is done, market/licence lacks the province, the others never started."""
    home = tmp_path_factory.mktemp("night")
    with pytest.MonkeyPatch.context() as patch, World(home / "sandbox", rows=40) as world:
        for name, value in world.env().items():
            patch.setenv(name, value)
        site, day = Site(home / "var", f"sqlite:///{home / 'ledger.db'}"), world.business_date()
        flow.run(site, "market/penalty", day)
        Evidence(site).checkpoint()
        world.province.stop()
        with pytest.raises(ReceiverUnreachable):
            flow.run(site, "market/licence", day)
        with site.ledger.engine.begin() as connection:
            connection.execute(text(REJECT), {"code": "E<b>1</b>", "said": PLANTED})
            connection.execute(text("UPDATE load SET reason = :said WHERE feed = 'market/licence'"), {"said": PLANTED})
        yield write_report(site, day)
        site.ledger.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the machine. Where there is none the tests are skipped with a word, and fail in CI."""
    program = os.environ.get("GUIJI_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        word = "no chromium on this machine: the report was not read in a browser (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            raise GuijiError(word)
        pytest.skip(word)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()
