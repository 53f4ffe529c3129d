"""T10: nothing hangs on a clock alone: ours is wrong, leaps, runs backwards; the receiver's is wrong; an odd zone."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from exchange import flow
from sandbox import signatures
from schemas.errors import GuijiError, ReceiverRefused
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.processes import FEED
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.survival import copied, look
from tests.soak.tiers import amount, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
Clock = Callable[[], datetime]


def off(by: timedelta) -> Clock:
    """A clock that stands wrong."""
    return lambda: datetime.now(UTC) + by


def backwards() -> Clock:
    """Every look at it shows a minute earlier."""
    steps = count()
    return lambda: datetime.now(UTC) - timedelta(minutes=next(steps))


def leaping() -> Clock:
    """A day ahead, a day back, in turn."""
    steps = count()
    return lambda: datetime.now(UTC) + timedelta(days=1 if next(steps) % 2 else -1)


def standing_still() -> Clock:
    now = datetime.now(UTC)
    return lambda: now


def past_midnight() -> Clock:
    """Midnight in Shanghai passes while the run is on its way; on New Year's Eve too."""
    steps, eve = count(), datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    return lambda: eve + timedelta(seconds=next(steps))


CLOCKS: dict[str, Callable[[], Clock]] = {
    f"{words} {days} days": (lambda days=days, sign=sign: off(sign * timedelta(days=days)))  # type: ignore[misc]
    for words, sign in (("behind by", -1), ("ahead by", 1))
    for days in (1, 400, 20_000)
} | {
    "behind by 11 minutes": lambda: off(timedelta(minutes=-11)),
    "ahead by a second": lambda: off(timedelta(seconds=1)),
    "running backwards": backwards,
    "leaping to and fro": leaping,
    "standing still": standing_still,
    "midnight and the new year pass": past_midnight,
}
ZONES = ("America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Antarctica/Troll", "UTC", "Asia/Shanghai")


def run(at: Installation, clock: Clock) -> GuijiError | None:
    site = replace(at.site(), clock=clock)
    try:
        flow.run(site, FEED, at.day)
    except GuijiError as error:
        return error
    finally:
        site.ledger.engine.dispose()
    return None


def night(at: Installation, clock: Clock) -> list[str]:
    """A receiver fails, so that an attempt's time is looked at; then it goes on under the same clock."""
    for code in RECEIVERS:
        at.receiver(code).faults.set("error_500_after", 1)
    first, second = run(at, clock), run(at, clock)
    found = [] if first is not None and second is None else [f"{first} / {second}"]
    return [*found, *look(at)]


def test_our_clock_is_wrong(standing: Standing, tmp_path: Path) -> None:
    chosen, found = sampled(list(CLOCKS.items()), amount(6)), []
    for first in range(0, len(chosen), 6):
        with copied(standing(2), tmp_path / f"clocks{first}") as at:
            for name, clock in chosen[first : first + 6]:
                found += [f"{name}: {words}" for words in night(at, clock())]
                at.world.advance_to(at.world.night + 1)
    tell("T10", "our clock is wrong", len(chosen), len(found))
    assert found == []


@pytest.mark.parametrize("zone", sampled(ZONES, amount(2)))
def test_the_machine_is_in_another_zone(
    standing: Standing, tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with copied(standing(2), tmp_path / "zone") as at:
            found = night(at, off(timedelta(0)))
    finally:
        monkeypatch.undo()
        time.tzset()
    tell("T10", "the machine is in another time zone", 1, len(found))
    assert found == []


def test_the_receivers_clock_is_wrong(standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, found = signatures.now_ms, []
    with copied(standing(2), tmp_path / "skew") as at:
        for minutes, lets_in in ((9, True), (-9, True), (11, False), (-11, False)):
            monkeypatch.setattr(signatures, "now_ms", lambda minutes=minutes: ours() + minutes * 60_000)
            error = run(at, off(timedelta(0)))
            if (error is None) != lets_in or not (lets_in or isinstance(error, ReceiverRefused)):
                found.append(f"{minutes} minutes: {error}")
            monkeypatch.setattr(signatures, "now_ms", ours)
            error = run(at, off(timedelta(0)))
            found += [str(error)] if error else []
            found += [f"{minutes} minutes: {words}" for words in look(at)]
            at.world.advance_to(at.world.night + 1)
    tell("T10", "a receiver's clock is off by 9 or 11 minutes", 4, len(found))
    assert found == []
