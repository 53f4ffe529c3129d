"""Owns the killing of a run at its durable steps: which there are, and what is wrong after one was hit.

The steps are not listed beforehand: a recording run tells which there are and how often each is passed.
"""

from collections import Counter

from exchange import days
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.flow.processes import FEED, Zygote
from tests.flow.transports import TRANSPORTS

ROWS, BATCH, RERUNS = 40, 10, 3
STEPS = {
    "lease", "load.open", "load.landed", "register", "seal", "withhold", "intent", "receipt", "load.close",
    "rung", "day", "key", "file", "folder", "send",
}  # fmt: skip


def kills(at: Installation, zygote: Zygote, transport: str = "rest") -> list[str]:
    """Every durable step of one undisturbed run: each at its first, second and last passing, by name and turn."""
    log, by = at.home / "passed", TRANSPORTS[transport]
    assert zygote.run(at, GUIJI_CRASH_LOG=str(log))[0].words == "done"
    passed = Counter(log.read_text(encoding="utf-8").split())
    assert {name.rsplit(".", 1)[0] for name in passed} | {"withhold"} == STEPS - by.without | by.steps
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
    if at.world.night > 1:
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
