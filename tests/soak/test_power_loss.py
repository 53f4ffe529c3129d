"""T4: the power fails in the middle of a run; what was not synced is gone, torn or out of order. Then it runs again.

One run under strace gives the calls; from them the states of the disk (power.py), each with the receivers as they were
at that moment. A state counts once, however many ways lead to it.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS
from tests.flow.processes import FEED, Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.power import KINDS, STRACE, Disk, Found, laid, steps
from tests.soak.scenarios import Infected
from tests.soak.survival import BATCH, ROWS, recovers
from tests.soak.tiers import SEED, amount, drawn
from tests.soak.tracing import need_strace, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(8 * 3600)]
SHARES = amount(1, 8, 16)
NIGHTS = (1,) if amount(1, 2, 2) == 1 else (1, 2)
UNSYNCED = "the file not synced before a rename"
Recorded = Callable[[int, str], "Recording"]


@dataclass(frozen=True)
class Recording:
    """A traced run: what stood before it, its calls, and where each call that matters is."""

    before: Path
    folder: Path
    places: tuple[str, ...]
    keys: tuple[str, ...]

    def disk(self) -> Iterator[tuple[int, str, Disk]]:
        """After each call that matters: its number, its name, the disk."""
        disk, number = Disk(self.before / "var", self.folder / "home/var"), 0
        for call in steps(self.folder / "log"):
            if disk.step(*call):
                number += 1
                yield number, call[0], disk

    def found(self, wanted: Sequence[tuple[int, str]]) -> Iterator[tuple[str, Found, tuple[str, ...]]]:
        """Each different state of those: its name, the files, the keys of the deliveries that had not left."""
        kinds, seen = dict[int, list[str]](), set[bytes]()
        for number, kind in wanted:
            kinds.setdefault(number, []).append(kind)
        for number, name, disk in self.disk():
            for kind in kinds.get(number, ()):
                state, unsent = disk.lost(kind, Random(f"{SEED}/{number}/{kind}")), self.keys[len(disk.sent) :]
                known = sorted(
                    (path, mode, content and sha256(content).hexdigest()) for path, (mode, content) in state.items()
                )
                mark = sha256(repr((known, unsent)).encode()).digest()
                if mark not in seen:
                    seen.add(mark)
                    yield f"{kind}, after {name} {number}", state, unsent


@pytest.fixture(scope="module")
def recorded(zygote: Zygote, standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One traced run of a night, with a planted bug or without."""

    @cache
    def record(night: int, bug: str) -> Recording:
        need_strace()
        folder = tmp_path_factory.mktemp("recording")
        shutil.copytree(standing(night), folder / "home")
        with installed(folder / "home", ROWS, BATCH, only=FEED) as at:
            outcome = run(Infected(zygote, bug), at, *STRACE, "-o", str(folder / "log"))
            assert outcome.code == 0, outcome.words
        names, keys = [], list[str]()
        for _, name, disk in Recording(standing(night), folder, (), ()).disk():
            names.append(name)
            keys = disk.sent
        return Recording(standing(night), folder, tuple(names), tuple(keys))

    return record


def digest(state: Found, unsent: Sequence[str]) -> bytes:
    known = sorted((path, content and sha256(content).digest()) for path, (_, content) in state.items())
    return sha256(repr((known, unsent)).encode()).digest()


def recovered(zygote: Zygote, recording: Recording, home: Path, state: Found, unsent: Sequence[str]) -> list[str]:
    """What is wrong after the state was found and run again, the receivers as they were at that moment."""
    shutil.copytree(recording.before, home, ignore=shutil.ignore_patterns("var", "receiver_*"))
    laid(state, home / "var")
    for code in RECEIVERS:
        name = f"sandbox/receiver_{code}.sqlite"
        shutil.copy(recording.folder / "home" / name, home / name)
        forget(home / name, unsent)
    with installed(home, ROWS, BATCH, only=FEED) as at:
        found = recovers(at, zygote)
    shutil.rmtree(home, ignore_errors=True)
    return found


def forget(log: Path, keys: Sequence[str]) -> None:
    """A receiver as it was before these deliveries came."""
    with closing(sqlite3.connect(log)) as base, base:
        for key in keys:
            base.execute("DELETE FROM applied WHERE key = ?", (key,))
            base.execute("DELETE FROM answers WHERE key = ?", (key,))
        base.execute("DELETE FROM standing")
        base.execute(
            "INSERT OR REPLACE INTO standing SELECT record_type, cd_id, revision, operation <> 'd', line FROM applied "
            "ORDER BY number"
        )


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("night", NIGHTS)
def test_the_power_fails(zygote: Zygote, recorded: Recorded, tmp_path: Path, night: int, share: int) -> None:
    recording = recorded(night, "")
    assert recording.keys, "nothing was sent"
    assert {"fsync", "rename", "pwrite64", "mkdir"} <= set(recording.places)
    every = [(number, kind) for number in range(1, len(recording.places) + 1) for kind in KINDS]
    found, tried = [], Counter[str]()
    for name, state, unsent in recording.found(drawn(every, amount(9, 1200), f"power {night}")[share::SHARES]):
        tried[name.split(",")[0]] += 1
        wrong = recovered(zygote, recording, tmp_path / f"state{tried.total()}", state, unsent)
        found += [f"{name}: {wrong[:2]}"] if wrong else []
    print(f"states: {dict(tried)}")
    tell("T4", f"the power fails, night {night} (after {len(recording.places)} calls)", tried.total(), len(found))
    assert found == []


def test_a_file_that_is_not_synced_is_noticed(zygote: Zygote, recorded: Recorded, tmp_path: Path) -> None:
    """With the bug: after the first delivery left, its file has a name and is empty."""
    recording = recorded(1, UNSYNCED)
    first = recording.places.index("sendto") + 1
    ((_, state, unsent),) = recording.found([(first, "names without data")])
    found = recovered(zygote, recording, tmp_path / "state", state, unsent)
    tell("T4", "a missing fsync, planted", 1, int(not found))
    assert found, "a delivery that is gone went unnoticed"
