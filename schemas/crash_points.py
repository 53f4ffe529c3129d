"""The named points where the tests kill us, for every layer that makes something durable."""

import os
import signal
from pathlib import Path

_seen: dict[str, int] = {}


def crash_point(name: str) -> None:
    """Die here, as by kill -9, when GUIJI_CRASH_AT is `name` or `name:n` (the n-th passing). Nothing otherwise.

    GUIJI_CRASH_LOG names a file to which every point passed is added, so that the tests know what there is to hit.
    """
    if log := os.environ.get("GUIJI_CRASH_LOG"):
        with Path(log).open("a", encoding="utf-8") as passed:
            passed.write(f"{name}\n")
    wanted = os.environ.get("GUIJI_CRASH_AT", "")
    if not wanted:
        return
    point, _, turn = wanted.partition(":")
    if point == name:
        _seen[name] = _seen.get(name, 0) + 1
        if _seen[name] == int(turn or 1):
            os.kill(os.getpid(), signal.SIGKILL)
