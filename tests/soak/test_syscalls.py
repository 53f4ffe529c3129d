"""T2 and T3: killed at, or failed by, the system calls of `guiji run`, wherever they touch our files or the network.

A first run under strace tells which calls there are; then one run for each position (a sample at every commit).
"""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.flow.processes import Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.survival import copied, recovers
from tests.soak.tiers import amount, sampled
from tests.soak.tracing import ERRORS, Call, calls, need_strace, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
SHARES = amount(1, 8, 16)
NIGHTS = (1, 2)


Counted = Callable[[int], list[Call]]


@pytest.fixture(scope="module")
def counted(zygote: Zygote, standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """The calls of a night's run, counted once."""

    @cache
    def count(night: int) -> list[Call]:
        need_strace()
        with copied(standing(night), tmp_path_factory.mktemp("counting") / "home") as at:
            found = calls(zygote, at)
        assert len(found) > 200
        assert {"openat", "fsync", "rename", "connect", "sendto", "recvfrom"} <= {call.name for call in found}
        return found

    return count


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("night", NIGHTS)
def test_killed_at_any_system_call(
    zygote: Zygote, standing: Standing, counted: Counted, tmp_path: Path, night: int, share: int
) -> None:  # fmt: skip
    every = counted(night)
    points = sampled(every, amount(6))[share::SHARES]
    found, killed = [], 0
    for number, call in enumerate(points):
        with copied(standing(night), tmp_path / f"kill{number}") as at:
            outcome = run(zygote, at, "-o", "/dev/null", "-e", call.killing())
            killed += outcome.killed
            found += [f"{call}: {words}" for words in recovers(at, zygote)]
    tell("T2", f"SIGKILL at a system call, night {night} (of {len(every)})", killed, len(found))
    assert killed >= len(points) * 0.8, "calls were not where the counting run saw them"
    assert found == []


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("night", NIGHTS)
def test_any_system_call_fails(
    zygote: Zygote, standing: Standing, counted: Counted, tmp_path: Path, night: int, share: int
) -> None:  # fmt: skip
    every = counted(night)
    cases = [
        (call, error, lasting)
        for lasting in (False, True)
        for error, names in ERRORS.items()
        for call in every
        if call.name in names and not (lasting and error in ("EINTR", "EMFILE"))
    ]
    chosen = sampled(cases, amount(5, len(every)))[share::SHARES]
    found, ends = [], Counter[int]()
    for number, (call, error, lasting) in enumerate(chosen):
        with copied(standing(night), tmp_path / f"fail{number}", timeout=2) as at:
            first = run(zygote, at, "-o", "/dev/null", "-e", call.failing(error, lasting))
            ends[first.code] += 1
            if first.code == 70:
                found.append(f"{call} {error}: said to be a defect of ours: {first.words[-200:]}")
            found += [f"{call} {error}{' from there on' if lasting else ''}: {words}" for words in recovers(at, zygote)]
    print(f"exit statuses: {dict(ends)}")
    tell("T3", f"a system call fails ({' '.join(ERRORS)}), night {night}", len(chosen), len(found))
    assert sum(code != 0 for code in ends) > 0
    assert found == []
