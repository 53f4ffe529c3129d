"""Killed by SIGKILL at every durable step, from the pull to the closed balance, then run again until done.

The steps are not listed here: a recording run tells which there are and how often each is passed. Each is hit at its
first, second and last passing on a first night (everything is new), at its first and last on a second one (changes
and deletions).
"""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange import days
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.flow.processes import FEED, Zygote

pytestmark = pytest.mark.slow
ROWS, BATCH, SHARES, RERUNS = 40, 10, 4, 3
STEPS = (
    "lease", "load.open", "load.landed", "register", "seal", "withhold", "intent", "receipt", "load.close",
    "rung", "day", "key", "file", "folder", "send",
)  # fmt: skip
Make = Callable[[str], Path]


@pytest.fixture
def make(tmp_path: Path, zygote: Zygote, night: int) -> Make:
    """Folders for installations; on the second night each starts as a copy of one that had a good first night."""
    template = tmp_path / "template"
    if night == 2:
        with installed(template, ROWS, BATCH, only=FEED) as at:
            assert zygote.run(at)[0].words == "done"
            at.world.advance_to(2)

    def made(name: str) -> Path:
        if template.exists():
            shutil.copytree(template, tmp_path / name)
        return tmp_path / name

    return made


def kills(at: Installation, zygote: Zygote) -> list[str]:
    """Every durable step of one undisturbed run."""
    log = at.home / "passed"
    assert zygote.run(at, GUIJI_CRASH_LOG=str(log))[0].words == "done"
    passed = Counter(log.read_text(encoding="utf-8").split())
    assert {name.rsplit(".", 1)[0] for name in passed} | {"withhold"} == set(STEPS)
    second = 2 if at.world.night == 1 else 1
    turns = {name: sorted({1, min(second, times), times}) for name, times in sorted(passed.items())}
    return [f"{name}:{turn}" for name in turns for turn in turns[name]]


def survive(at: Installation, zygote: Zygote, point: str) -> list[str]:
    """Kill there, run again until done, let a second night pass; what the receivers' logs say against us."""
    if not zygote.run(at, GUIJI_CRASH_AT=point)[0].killed:
        return ["was never reached"]
    words = "not run"
    for _ in range(RERUNS):
        words = zygote.run(at)[0].words
        if words == "done":
            break
    found = [] if words == "done" else [f"not done after {RERUNS} more runs: {words}"]
    found += look(at)
    if at.world.night == 2:
        return found
    at.world.advance_to(2)
    words = zygote.run(at)[0].words
    return found + look(at) if words == "done" else [*found, f"next night: {words}"]


def look(at: Installation) -> list[str]:
    """Both receivers, the balance, and the day."""
    found = [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, at.world.night)]
    balance, site = at.balance(FEED), at.site()
    if days.closed_through(site, FEED) != at.day:
        found.append("the day is not closed")
    site.ledger.engine.dispose()
    return found if balance.whole and balance.state == "closed" else [*found, f"load {balance.state}, not closed"]


@pytest.mark.parametrize("night", [1, 2])
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
    assert found == []
