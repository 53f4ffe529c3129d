"""T1 by exchange table and by file, and their faults (T5): killed at every durable step where the nation is not REST.

A case is a night of its own. What the platform did wrong is mended by its people; then a run comes to its end.
"""

import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from exchange import held, quarantine
from exchange.site import Site
from sandbox.receivers.files import JUDGE_FAULTS
from sandbox.receivers.sftp import DOOR_FAULTS
from sandbox.receivers.table import TABLE_FAULTS
from schemas.errors import GuijiError
from tests.connectors.conftest import absent
from tests.flow.conftest import installed
from tests.flow.installation import Installation, edit
from tests.flow.killing import BATCH, ROWS, kills, survive
from tests.flow.killing import look as judged
from tests.flow.processes import FEED, Zygote
from tests.flow.transports import TRANSPORTS
from tests.soak.figures import tell
from tests.soak.test_concurrency import outlived
from tests.soak.tiers import TIER, amount, drawn, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
SOME = [name for name in TRANSPORTS if name != "rest" and (TIER != "C" or "-" not in name)]
DOORS = {"table": TABLE_FAULTS, "files.place": JUDGE_FAULTS, "sftp": JUDGE_FAULTS + DOOR_FAULTS}
"""A durable step → what can go wrong where it is one."""
SHARES = amount(1, 4, 4)
UNTOLD = ("partial_accept", "taken_and_gone")  # nobody could say truly that all of it arrived
RUNS, YAML = 6, "receivers/nation/receiver.yaml"


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("transport", SOME)
def test_killed_at_every_step(tmp_path: Path, zygote: Zygote, transport: str, share: int) -> None:
    if not TRANSPORTS[transport].there():
        absent(transport)
    with installed(tmp_path / "recording", ROWS, BATCH, only=FEED, transport=transport) as at:
        every = kills(at, zygote, transport)
    points, found = sampled(every, amount(1))[share::SHARES], []
    for number, point in enumerate(points):
        home = tmp_path / f"kill{number}"
        with installed(home, ROWS, BATCH, only=FEED, transport=transport) as at:
            found += [f"{point}: {words}" for words in survive(at, zygote, point)]
        shutil.rmtree(home)
    tell("T1", f"SIGKILL at a durable step, the nation by {transport} (of {len(every)})", len(points), len(found))
    assert found == []


@pytest.mark.parametrize("transport", SOME)
def test_a_stopped_owner_wakes_while_another_sends(tmp_path: Path, zygote: Zygote, transport: str) -> None:
    """T8 where it touches the receiver: two owners of one delivery, and it is there once."""
    if not TRANSPORTS[transport].there():
        absent(transport)
    near, found = {"intent", "send", "receipt", *TRANSPORTS[transport].steps}, []
    with installed(tmp_path / "home", ROWS, BATCH, only=FEED, transport=transport) as at:
        every = [one for one in kills(at, zygote, transport) if one.rsplit(".", 1)[0] in near]
        points = sampled(every, amount(1))
        for point in points:
            at.world.advance_to(at.world.night + 1)
            found += [f"{point}: {words}" for words in outlived(at, zygote, point.rsplit(":", 1)[0] + ":1")[0]]
    tell("T8", f"an owner stopped at the receiver and outlived ({transport})", len(points), len(found))
    assert found == []


def run(at: Installation) -> str | None:
    """What our error says; anything that is not ours goes up."""
    try:
        at.run(FEED)
    except GuijiError as error:
        return f"{type(error).__name__}: {error}"
    return None


def turned_away(site: Site) -> list[quarantine.Rejection]:
    """For no fault of ours."""
    return [one for one in quarantine.rejections(site) if one.code == "9001"]


def settle(at: Installation) -> Iterator[str]:
    """The platform's people mend, ours decide what is held and send again what was turned away; runs until done."""
    for _ in range(RUNS):
        at.world.nation.mend()
        site = at.site()
        for one in held.deliveries(site):
            held.propose(site, one.key, "arrived", "平台电话确认", "甲")
            held.confirm(site, one.key, ("arrived",), "乙")
        for away in turned_away(site):
            quarantine.resend(site, away.delivery, away.position, "系统恢复", "tester")
        words = run(at)
        left = turned_away(site)
        site.ledger.engine.dispose()
        if words is None and not left:
            return
    yield f"not done after {RUNS} more runs: {words}"


def live(at: Installation, faults: tuple[str, ...], skip: int) -> list[str]:
    for fault in faults:
        at.world.nation.faults.set(fault, 1, seconds=0.3, skip=skip)
    run(at)
    return [*settle(at), *judged(at)]


def lived(transport: str, cases: list[tuple[tuple[str, ...], int]], home: Path) -> list[str]:
    """One night after the other in one installation."""
    found = []
    with installed(home, ROWS, 4, only=FEED, transport=transport) as at:
        edit(at.root / YAML, "timeout: 30", "timeout: 1" if "table" in TRANSPORTS[transport].steps else "timeout: 5")
        edit(at.root / YAML, "wait: 20", "wait: 1")
        for faults, skip in cases:
            found += [f"{' '.join(faults)} at {skip}: {words}" for words in live(at, faults, skip)]
            at.world.advance_to(at.world.night + 1)
    return found


def faults_of(transport: str) -> tuple[str, ...]:
    return next(faults for step, faults in DOORS.items() if step in TRANSPORTS[transport].steps)


@pytest.mark.parametrize("transport", SOME)
def test_everything_a_platform_may_do_wrong(tmp_path: Path, transport: str) -> None:
    if not TRANSPORTS[transport].there():
        absent(transport)
    known = faults_of(transport)
    cases = [((fault,), place) for place, fault in product((0, 1, 2), known)]
    chosen = drawn(cases, amount(2), f"faults of {transport}")
    found = lived(transport, chosen, tmp_path / "nights")
    tell("T5", f"one of {len(known)} faults of a receiver by {transport}", len(chosen), len(found))
    assert found == []


@pytest.mark.parametrize("transport", SOME)
def test_two_things_a_platform_does_wrong(tmp_path: Path, transport: str) -> None:
    if not TRANSPORTS[transport].there():
        absent(transport)
    known = faults_of(transport)
    pairs = [((one, two), 0) for one, two in product(known, known) if one < two and (one, two) != UNTOLD]
    chosen = drawn(pairs, amount(1), f"pairs of {transport}")
    found = lived(transport, chosen, tmp_path / "nights")
    tell("T5", f"two faults of a receiver by {transport} (of {len(pairs)} pairs)", len(chosen), len(found))
    assert found == []
