"""T8: several runs of one feed at once, and an old owner that is stopped, outlived by a new one, and wakes up.

Both on SQLite and on PostgreSQL, where nobody waits for a file.
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import postgres_server as postgres_server
from tests.flow.conftest import installed
from tests.flow.installation import Installation
from tests.flow.processes import FEED, Outcome, Running, Zygote
from tests.soak.figures import tell
from tests.soak.survival import BATCH, ROWS, again, look
from tests.soak.tiers import amount, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
SHARES, EACH = amount(1, 7, 20), amount(3, 6, 6)


def ended(run: Running) -> bool:
    """Without waiting for it."""
    try:
        state = Path(f"/proc/{run.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state in "ZX"


def passed(at: Installation, zygote: Zygote) -> list[str]:
    """Every named point of one undisturbed run, with its turn."""
    log = at.home / "passed"
    assert zygote.run(at, GUIJI_CRASH_LOG=str(log))[0].words == "done"
    names = log.read_text(encoding="utf-8").split()
    return [f"{name}:{names[: place + 1].count(name)}" for place, name in enumerate(names)]


def outlived(at: Installation, zygote: Zygote, point: str) -> tuple[list[str], Outcome | None]:
    """Stop a run there, let another one pass, wake it; what is wrong, and how the woken one ended."""
    old = zygote.start(at, {"GUIJI_CRASH_AT": point}, stops=True)
    early = old.wait()
    if early is not None:
        return ([] if early.words == "done" else [f"never stopped: {early.words}"]), None
    new, until = zygote.start(at), time.monotonic() + 4
    while not ended(new) and time.monotonic() < until:  # it waits for what the old one has locked
        time.sleep(0.01)
    old.wake()
    woken, other = old.ended(), new.ended()
    codes = [woken.code, other.code]
    found = [] if set(codes) <= {0, 1} else [f"ended with {codes}: {woken.words[-200:]} / {other.words[-200:]}"]
    return [*found, *again(at, zygote), *look(at)], woken


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> str:
    """Where the ledger is: in a file of the installation, or in PostgreSQL."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


BOTH = pytest.mark.parametrize("ledger", ["sqlite", "postgresql"], indirect=True)


@BOTH
@pytest.mark.parametrize("share", range(SHARES))
def test_a_stopped_owner_wakes_after_a_new_one_has_passed(
    zygote: Zygote, ledger: str, tmp_path: Path, share: int
) -> None:  # fmt: skip
    with installed(tmp_path / "home", ROWS, BATCH, only=FEED, ledger=ledger) as at:
        points, found, woken = [one for one in passed(at, zygote) if "load" not in one], [], Counter[str]()
        for point in sampled(points, SHARES * EACH)[share::SHARES]:
            at.world.advance_to(at.world.night + 1)
            words, end = outlived(at, zygote, point)
            found += [f"{point}: {one}" for one in words]
            woken[end.words.split(":")[0] if end else "not stopped"] += 1
    print(f"the woken ones ended with {dict(woken)}")
    tell(
        "T8",
        f"an owner stopped and outlived, ledger in {'PostgreSQL' if ledger else 'SQLite'}",
        sum(woken.values()),
        len(found),
    )
    assert found == []


@BOTH
def test_several_runs_at_once(zygote: Zygote, ledger: str, tmp_path: Path) -> None:
    found, tried = [], 0
    with installed(tmp_path / "home", ROWS, BATCH, only=FEED, ledger=ledger) as at:
        for night in range(1, 1 + amount(2, 8, 8)):
            at.world.advance_to(night)
            for times in (2, 3, 4)[: amount(1, 3)]:
                ends = zygote.run(at, times=times + night % 2)
                tried += 1
                found += [f"night {night}: {one.words[-300:]}" for one in ends if one.code not in (0, 1)]
            found += [f"night {night}: {words}" for words in [*again(at, zygote), *look(at)]]
    tell("T8", f"two to five runs at once, ledger in {'PostgreSQL' if ledger else 'SQLite'}", tried, len(found))
    assert found == []
