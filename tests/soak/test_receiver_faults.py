"""T5 and T6: everything a receiver may do wrong, at the first, second and third delivery, in pairs, and with kills.

Each case is a night on which both receivers fail, each in its own way. The run says so in our words, a later one comes
to its end, and then both hold exactly what they should.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path

import pytest

from exchange import quarantine
from sandbox.receivers import FAULTS
from sandbox.receivers.faults import INQUIRY
from schemas.errors import GuijiError
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.processes import Zygote
from tests.soak.conftest import Standing
from tests.soak.figures import tell
from tests.soak.survival import again, copied, look
from tests.soak.tiers import TIER, amount, drawn, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
HARMLESS = ("slow", "partial_accept", "dripping_answer", "second_answer", "reversed_receipt")
WORST = (
    "timeout_after", "error_500_after", "applies_late", "hang_up_after", "reset_mid_body", "truncated_answer",
    "wrong_key_receipt", "inquiry_forgets", "inquiry_500", "reset_mid_request", "maintenance_503", "second_answer",
)  # fmt: skip
NIGHTS, RUNS, TIMEOUT = 7, 6, 0.5
PLACES = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What one receiver does wrong tonight: the faults, from which delivery on."""

    code: str
    faults: tuple[str, ...]
    place: int

    def show(self, at: Installation) -> None:
        """An inquiry is only made where an outcome is not known."""
        receiver = at.receiver(self.code)
        for fault in self.faults:
            late = fault == "applies_late"
            receiver.faults.set(fault, 1, TIMEOUT * 1.5 if late else 0.01, 0 if fault in INQUIRY else self.place)
        if set(self.faults) & set(INQUIRY):
            receiver.faults.set("error_500_after", 1, skip=self.place)


def shared(cases: Sequence[Wrong]) -> Iterator[list[Wrong]]:
    """One case for each receiver a night."""
    by = [[one for one in cases if one.code == code] for code in RECEIVERS]
    for number in range(max(map(len, by))):
        yield [one[number] for one in by if number < len(one)]


def live(at: Installation, tonight: list[Wrong]) -> list[str]:
    """Tonight all of this goes wrong; what there is to complain of in the end."""
    for wrong in tonight:
        wrong.show(at)
    told = [run(at)]
    while told[-1] is not None and len(told) < RUNS:
        told.append(run(at))
    found = [] if told[-1] is None else [f"not done after {RUNS} runs: {told[-1]}"]
    if told[0] is None and not {fault for wrong in tonight for fault in wrong.faults} <= set(HARMLESS):
        found.append("went unnoticed")
    return [*found, *settle(at), *look(at)]


def run(at: Installation) -> str | None:
    """What our error says; anything that is not ours goes up."""
    try:
        at.run("market/penalty")
    except GuijiError as error:
        return f"{type(error).__name__}: {error}"
    return None


def settle(at: Installation) -> list[str]:
    """What a receiver turned away for no fault of ours is sent again, as a person would have it."""
    late = time.monotonic() + 5
    shown = {code: at.receiver(code).faults for code in RECEIVERS}
    while any(faults.late for faults in shown.values()) and time.monotonic() < late:
        time.sleep(0.02)
    left = [f"{code} never showed {faults.left()}" for code, faults in shown.items() if faults.left()]
    for faults in shown.values():
        faults.clear()
    site = at.site()
    away = [one for one in quarantine.rejections(site) if one.code == "9001"]
    for one in away:
        quarantine.resend(site, one.delivery, one.position, "系统恢复", "tester")
    site.ledger.engine.dispose()
    word = run(at) if away else None
    return left if word is None else [*left, word]


def lived(cases: Sequence[Wrong], original: Path, tmp_path: Path) -> list[str]:
    """All cases, seven nights to an installation."""
    nights, found = list(shared(cases)), []
    for first in range(0, len(nights), NIGHTS):
        with copied(original, tmp_path / f"nights{first}", TIMEOUT, batch=4) as at:
            for tonight in nights[first : first + NIGHTS]:
                found += [f"{tonight}: {words}" for words in live(at, tonight)]
                at.world.advance_to(at.world.night + 1)
    return found


def singles() -> list[Wrong]:
    if TIER == "C":
        return [Wrong(RECEIVERS[n % 2], (fault,), PLACES[n % 3]) for n, fault in enumerate(FAULTS)]
    return [Wrong(code, (fault,), place) for fault, place, code in product(FAULTS, PLACES, RECEIVERS)]


def test_everything_a_receiver_may_do_wrong(standing: Standing, tmp_path: Path) -> None:
    cases = singles()
    found = lived(cases, standing(2), tmp_path)
    tell("T5", f"one of {len(FAULTS)} receiver faults at a delivery", len(cases), len(found))
    assert found == []


def test_two_things_go_wrong_one_after_the_other(standing: Standing, tmp_path: Path) -> None:
    pairs = [(one, two) for one, two in permutations(FAULTS, 2) if not {one, two} <= {*INQUIRY, *HARMLESS}]
    chosen = drawn(pairs, amount(4, 300), "pairs of faults")
    cases = [Wrong(RECEIVERS[number % 2], pair, 0) for number, pair in enumerate(chosen)]
    found = lived(cases, standing(2), tmp_path)
    tell("T5", f"two receiver faults (of {len(pairs)} pairs)", len(cases), len(found))
    assert found == []


def test_a_receiver_fails_and_we_are_killed(standing: Standing, tmp_path: Path, zygote: Zygote) -> None:
    with copied(standing(2), tmp_path / "recording", batch=4) as at:
        log = at.home / "passed"
        assert zygote.run(at, GUIJI_CRASH_LOG=str(log))[0].words == "done"
        passed = log.read_text(encoding="utf-8").split()
    names = [f"{name}:{passed[: place + 1].count(name)}" for place, name in enumerate(passed)]
    points = sampled([name for name in names if not name.startswith("load")], 15)
    cases = drawn(list(product(WORST, points)), amount(3), "faults and kills")
    found = []
    for number, (fault, point) in enumerate(cases):
        with copied(standing(2), tmp_path / f"both{number}", TIMEOUT, batch=4) as at:
            for code in RECEIVERS:
                Wrong(code, (fault,), number % 2).show(at)
            zygote.run(at, GUIJI_CRASH_AT=point)
            zygote.run(at)
            found += [f"{fault} {point}: {words}" for words in [*again(at, zygote), *look(at)]]
    tell("T6", f"a receiver fault and SIGKILL at a named point (of {len(WORST) * len(points)})", len(cases), len(found))
    assert found == []
