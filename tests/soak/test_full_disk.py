"""T3 with real disks: the folder of an installation is a small disk that fills up, and later a larger one."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flow.processes import FEED, Outcome, Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.survival import copied, recovers
from tests.soak.tiers import amount, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
KIBIBYTES = tuple(range(48, 2600, 64))


def mounted(*words: str) -> bool:
    return subprocess.run(["mount", "-t", "tmpfs", *words], check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[None]:
    """Skips where we may not mount."""
    if os.geteuid() != 0 or not mounted("-o", f"size={kibibytes}k,mode=0755", "tmpfs", str(folder)):
        pytest.skip("NO DISK WAS FILLED: mounting one needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def unsaid(first: Outcome) -> list[str]:
    """A full disk must be said to be one, with what to do, and end as "try again later"."""
    if first.code == 0 or (
        first.code == 75 and "no room is left on the disk (ENOSPC); free: GUIJI_HOME" in first.words
    ):
        return []
    return [f"ended with {first.code}: {first.words[-300:]}"]


def test_the_disk_fills_up(zygote: Zygote, standing: Standing, tmp_path: Path) -> None:
    sizes = sampled(KIBIBYTES, amount(3))
    found, ends = [], Counter[int]()
    for size in sizes:
        with copied(standing(1), tmp_path / f"disk{size}") as at, small_disk(at.home, size):
            first = zygote.guiji(at, "run", FEED, "--date", at.day.isoformat())
            ends[first.code] += 1
            found += [f"{size} KiB: {words}" for words in unsaid(first)]
            assert mounted("-o", "remount,size=256m", "tmpfs", str(at.home))
            found += [f"{size} KiB: {words}" for words in recovers(at, zygote)]
    print(f"exit statuses: {dict(ends)}")
    tell("T3", f"a disk of {sizes[0]} to {sizes[-1]} KiB fills up", len(sizes), len(found))
    assert found == []
    assert sum(ends.values()) > ends[0], "no disk was small enough"
