"""Killed by SIGKILL at every durable step, from the pull to the closed balance, then run again until done.

Each step is hit at its first, second and last passing on a first night (everything is new), at its first and last on
a second one (changes and deletions), and behind `make soak` on a third (what changed changes back). Receivers that
are not reached by REST: the steps round their delivery here, all of them in tests/soak/test_transports.py.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.connectors.conftest import absent
from tests.flow.conftest import installed
from tests.flow.killing import BATCH, ROWS, kills, survive
from tests.flow.processes import FEED, Zygote
from tests.flow.transports import TRANSPORTS
from tests.soak.figures import tell
from tests.soak.tiers import TIER

pytestmark = pytest.mark.slow
SHARES = 4
Make = Callable[[str], Path]


@pytest.fixture
def make(tmp_path: Path, zygote: Zygote, night: int) -> Make:
    """Folders for installations; on a later night each starts as a copy of one whose nights before were good."""
    template = tmp_path / "template"
    if night > 1:
        with installed(template, ROWS, BATCH, only=FEED) as at:
            for following in range(2, night + 1):
                assert zygote.run(at)[0].words == "done"
                at.world.advance_to(following)

    def made(name: str) -> Path:
        if template.exists():
            shutil.copytree(template, tmp_path / name)
        return tmp_path / name

    return made


@pytest.mark.parametrize("night", [1, 2] if TIER == "C" else [1, 2, 3])
@pytest.mark.parametrize("share", range(SHARES))
def test_killed_anywhere_nothing_is_lost_or_doubled(make: Make, zygote: Zygote, night: int, share: int) -> None:
    with installed(make("recording"), ROWS, BATCH, only=FEED) as at:
        every = kills(at, zygote)
    assert len(every) >= 30
    found, points = [], every[share::SHARES]
    for number, point in enumerate(points):
        with installed(make(f"kill{number}"), ROWS, BATCH, only=FEED) as at:
            found += [f"{point}: {words}" for words in survive(at, zygote, point)]
    print(f"night {night}: killed {len(points)} times: {' '.join(points)}")
    tell("T1", f"SIGKILL at a durable step, night {night} (of {len(every)})", len(points), len(found))
    assert found == []


@pytest.mark.parametrize("transport", [name for name in TRANSPORTS if name != "rest"])
def test_killed_while_another_transport_carries(tmp_path: Path, zygote: Zygote, transport: str) -> None:
    """At each step of its own, once; the province's deliveries go out before."""
    if not TRANSPORTS[transport].there():
        absent(transport)
    found, points = [], TRANSPORTS[transport].points
    for number, step in enumerate(points):
        with installed(tmp_path / f"kill{number}", ROWS, 20, only=FEED, transport=transport) as at:
            found += [f"{step}: {words}" for words in survive(at, zygote, step)]
    print(f"{transport}: killed {len(points)} times: {' '.join(points)}")
    assert points
    assert found == []
