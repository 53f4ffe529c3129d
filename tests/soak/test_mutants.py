"""T16: every planted bug of the protocol is noticed by the scenario that stands beside it, and by none without it."""

from pathlib import Path

import pytest

from tests.flow.processes import Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.mutants import ELSEWHERE, MUTANTS, ROOT, Mutant
from tests.soak.scenarios import Scenarios
from tests.soak.tiers import TIER, amount, sampled
from tests.soak.tracing import need_strace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CHOSEN = sampled(MUTANTS, amount(4))


def complaints(zygote: Zygote, bug: str, caught_by: tuple[str, ...], standing: Standing, tmp_path: Path) -> list[str]:
    if caught_by[0] == "synced":
        need_strace()
    scenario, *words = caught_by
    found: list[str] = getattr(Scenarios(zygote, bug, standing, tmp_path), scenario)(*words)
    return found


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_bug_can_still_be_planted(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    compile(mutant.applied(source), mutant.file, "exec")


def test_the_programme_is_whole() -> None:
    assert len(MUTANTS) + len(ELSEWHERE) >= 32
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", CHOSEN, ids=lambda mutant: mutant.name)
def test_the_bug_is_noticed(mutant: Mutant, zygote: Zygote, standing: Standing, tmp_path: Path) -> None:
    found = complaints(zygote, mutant.name, mutant.caught_by, standing, tmp_path)
    print(f"{mutant.name} · {' '.join(mutant.caught_by)}: {found[:2]}")
    tell("T16", "bugs planted in the protocol", 1, int(not found))
    assert found, "it lives"


@pytest.mark.parametrize(
    "caught_by", sorted({mutant.caught_by for mutant in (CHOSEN if TIER == "C" else MUTANTS)}), ids=" ".join
)
def test_without_the_bug_there_is_nothing_to_notice(
    caught_by: tuple[str, ...], zygote: Zygote, standing: Standing, tmp_path: Path
) -> None:  # fmt: skip
    assert complaints(zygote, "", caught_by, standing, tmp_path) == []
