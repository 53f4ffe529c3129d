"""T12: many nights in one process, no Airflow: two departments, two receivers, and faults drawn at random from a seed.

What is simulated is the world around the flow. The flow is the real one, over real HTTP and a real ledger, but for the
suite's judgement, which is left out for speed: it has its own tests. A seed that fails prints itself; GUIJI_SOAK_SEED
and the night's number bring it back.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest

from exchange import flow, prepare
from exchange.site import Site
from expectations.suites import Suite, SuiteResult
from sandbox.receivers import FAULTS
from schemas import crash_points
from schemas.catalog import Catalog
from schemas.errors import GuijiError
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.soak.figures import tell
from tests.soak.tiers import SEED, amount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
FEEDS = ("market/penalty", "transport/licence")
SLOW = ("timeout_before", "timeout_after", "applies_late", "slow", "partial_accept", "endless_answer", "inquiry_empty")
QUICK = [name for name in FAULTS if name not in SLOW]
POINTS = (
    "load.open", "load.landed", "register", "seal", "intent", "receipt", "load.close", "lease",
)  # fmt: skip
NIGHTS, RUNS = 8, 8
SHARES = amount(1, 8, 16)


class Killed(BaseException):
    """Instead of SIGKILL, in this process."""


def disturb(rng: Random, at: Installation, patch: pytest.MonkeyPatch, how: Counter[str]) -> None:
    """Tonight's bad luck: faults at the receivers, a department that is gone, a kill at a named point."""
    for code in RECEIVERS:
        if rng.random() < 0.4:
            fault = rng.choice(QUICK)
            at.receiver(code).faults.set(fault, rng.randint(1, 2), skip=rng.randint(0, 3))
            how[f"fault {fault}"] += 1
    if rng.random() < 0.3:
        point = f"{rng.choice(POINTS)}.{rng.choice(('before', 'after'))}_commit:{rng.randint(1, 6)}"
        patch.setenv("GUIJI_CRASH_AT", point)
        how["kill"] += 1
    elif rng.random() < 0.3:
        patch.setenv("GUIJI_CRASH_AT", f"file.{rng.choice(('before', 'after'))}_rename:{rng.randint(1, 9)}")
        how["kill"] += 1


def run(at: Installation, site: Site, feed: str) -> str | None:
    """The flow's steps without the report's page; what it complained of."""
    crash_points._seen.clear()
    words: list[str] = []
    steps = [
        lambda: flow.pull_and_land(site, feed, at.day),
        lambda: flow.normalize_and_validate(site, feed),
        *((lambda code=code: flow.seal_and_deliver(site, feed, code)) for code in RECEIVERS),
    ]
    for step in steps:
        try:
            step()
        except Killed:
            return "killed"
        except GuijiError as error:
            words.append(f"{type(error).__name__}: {error}")
    try:
        words += [] if words else flow.reconcile(site, feed, site.ledger.take(feed))
    except Killed:
        return "killed"
    return words[0] if words else None


def live(rng: Random, at: Installation, site: Site, patch: pytest.MonkeyPatch, how: Counter[str]) -> list[str]:
    """One night of both feeds, until both are done; what is wrong then."""
    disturb(rng, at, patch, how)
    for feed in FEEDS:
        run(at, site, feed)
    patch.delenv("GUIJI_CRASH_AT", raising=False)
    found = []
    for feed in FEEDS:
        words: str | None = "not run"
        for _ in range(RUNS):
            words = run(at, site, feed) if words else None
        found += [f"{feed} not done: {words}"] if words else []
        found += [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), feed, at.world.night)]
    for code in RECEIVERS:
        at.receiver(code).faults.clear()
    return found


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    def killed(*_: object) -> None:
        raise Killed

    def passed(self: Suite, chunks: Iterator[pa.Table], *, business_date: date) -> SuiteResult:
        return SuiteResult(self.record_type, business_date, (), flags=[[] for _ in chunks])

    with pytest.MonkeyPatch.context() as made:
        made.setattr(crash_points.os, "kill", killed)
        made.setattr(prepare.Suite, "judge", passed)
        yield made


@pytest.mark.parametrize("share", range(SHARES))
def test_nights_of_bad_luck(tmp_path: Path, patch: pytest.MonkeyPatch, share: int) -> None:
    wanted, lived, number = max(16, amount(16, 4000, 40_000) // SHARES), 0, 0
    found: list[str] = []
    how: Counter[str] = Counter()
    while lived < wanted and not found:
        number += 1
        rng = Random(f"{SEED}/{share}/{number}")
        with installed(tmp_path / f"world{number}", 40, batch=rng.choice((3, 10, 50))) as at:
            site = Site(at.home, at.env()["GUIJI_LEDGER"], Catalog(at.root))
            for night in range(1, NIGHTS + 1):
                at.world.advance_to(night)
                found += [
                    f"{SEED}/{share}/{number} night {night}: {words}" for words in live(rng, at, site, patch, how)
                ]
                lived += 1
            site.ledger.engine.dispose()
    tell("T12", "simulated nights of bad luck", lived, len(found))
    print(f"seeds {SEED}/{share}/1 to {SEED}/{share}/{number}; {how.total()} disturbances, {how['kill']} of them kills")
    assert found == []
