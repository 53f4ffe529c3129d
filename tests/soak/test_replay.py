"""A batch of an earlier night enters again: newer versions stand, and what was revoked stays so, killed or not."""

from pathlib import Path

import pytest

from exchange.cli.looking import status_facts
from tests.flow.processes import FEED, Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.survival import again, copied, look
from tests.soak.tiers import amount, sampled

pytestmark = pytest.mark.slow


def entered(zygote: Zygote, home: Path, standing: Path, **env: str) -> tuple[bool, list[str]]:
    """Let night 1's batch enter again after night 2: whether that was killed, and what is wrong after the next run."""
    with copied(standing, home) as at:
        site = at.site()
        told = status_facts(site, [FEED])[FEED]
        site.ledger.engine.dispose()
        assert isinstance(told, dict)
        assert again(at, zygote) == []
        done = zygote.guiji(at, "replay", str(told["batch_id"]), "--date", at.day.isoformat(), env=env)
        return done.killed, [*again(at, zygote), *look(at)]


def test_killed_while_a_batch_enters_again(zygote: Zygote, standing: Standing, tmp_path: Path) -> None:
    """T1's fourth night: a replay dies at each of its durable steps, and the next run makes an end of it."""
    log = tmp_path / "passed"
    assert entered(zygote, tmp_path / "recording", standing(2), GUIJI_CRASH_LOG=str(log)) == (False, [])
    steps = sorted(set(log.read_text(encoding="utf-8").split()))
    points, found = sampled(steps, amount(3)), []
    for number, point in enumerate(points):
        killed, wrong = entered(zygote, tmp_path / f"kill{number}", standing(2), GUIJI_CRASH_AT=f"{point}:1")
        found += [f"{point}: {words}" for words in wrong] if killed else [f"{point}: was never reached"]
    tell("T1", f"SIGKILL at a durable step of a replay (of {len(steps)})", len(points), len(found))
    assert found == []


def test_what_was_revoked_since_stays_revoked(zygote: Zygote, standing: Standing, tmp_path: Path) -> None:
    with copied(standing(2), tmp_path / "home") as at:
        site = at.site()
        told = status_facts(site, [FEED])[FEED]
        site.ledger.engine.dispose()
        assert isinstance(told, dict)
        assert again(at, zygote) == look(at) == []
        zygote.guiji(at, "replay", str(told["batch_id"]), "--date", at.day.isoformat())
        assert [words for words in look(at) if "not closed" not in words] == []
