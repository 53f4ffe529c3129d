"""Owns the question after a disturbance: does it come to its end when it is run again, and is everything there, once?

Judged from outside: the receivers' own logs beside the generator's truth, and what `guiji status --json` says.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange.cli.batches import abandon
from exchange.cli.looking import status_facts
from schemas.errors import GuijiError
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.flow.processes import FEED, Zygote
from tests.soak.tiers import TIER

ROWS, BATCH, RERUNS = 40, 10, 3


def template(home: Path, night: int, zygote: Zygote) -> Path:
    """An installation that stands before `night`, the nights before it done."""
    with installed(home, ROWS, BATCH, only=FEED) as at:
        for earlier in range(1, night):
            at.world.advance_to(earlier)
            assert zygote.run(at)[0].words == "done"
        at.world.advance_to(night)
    return home


@contextmanager
def copied(original: Path, home: Path, timeout: float = 30, batch: int = BATCH) -> Iterator[Installation]:
    """A copy of a template, started; thrown away when nothing went wrong."""
    shutil.copytree(original, home)
    for path in (home / "catalog/receivers").glob("*/receiver.yaml"):
        text = path.read_text(encoding="utf-8").replace("timeout: 30", f"timeout: {timeout:g}")
        path.write_text(text.replace(f"max_records: {BATCH}", f"max_records: {batch}"), encoding="utf-8")
    with installed(home, ROWS, BATCH, only=FEED) as at:
        yield at
    shutil.rmtree(home, ignore_errors=True)


def look(at: Installation, night: int | None = None) -> list[str]:
    """What both receivers hold against the truth, and whether the ledger says that all is done."""
    found = [
        words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, night or at.world.night)
    ]
    site = at.site()
    told = status_facts(site, [FEED])[FEED]
    site.ledger.engine.dispose()
    assert isinstance(told, dict)
    return found if told["whole"] and told["state"] == "closed" else [*found, f"load {told['state']}, not closed"]


def recovers(at: Installation, zygote: Zygote) -> list[str]:
    """Run again until done, then look; behind `make soak` let a night pass, and look again."""
    found = [*again(at, zygote), *look(at)]
    if TIER == "C":
        return found
    at.world.advance_to(at.world.night + 1)
    return [*found, *again(at, zygote), *look(at)]


def again(at: Installation, zygote: Zygote) -> list[str]:
    """Run until done, at most RERUNS times."""
    words = ""
    for _ in range(RERUNS):
        words = zygote.run(at)[0].words
        if words == "done":
            return []
    return [f"not done after {RERUNS} more runs: {words[-300:]}"]


def said(at: Installation, feed: str) -> GuijiError | None:
    """What a run of the feed complains of."""
    try:
        at.run(feed)
    except GuijiError as error:
        return error
    return None


def give_up_unread(at: Installation, feed: str, reason: str) -> None:
    """What landed and cannot be read is given up by a person."""
    site = at.site()
    told = status_facts(site, [feed])[feed]
    site.ledger.engine.dispose()
    if isinstance(told, dict) and told["state"] == "landed":
        abandon(told["load_id"], reason, "tester")
