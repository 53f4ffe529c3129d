"""Owns strace: which system calls a run makes, and a run in which one of them kills it or fails.

`strace -e inject=NAME:when=N` counts the calls of one name in one thread; so do we, in the main thread.
"""

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from tests.flow.installation import Installation
from tests.flow.processes import FEED, Outcome, Zygote

PATH = "/usr/bin:/bin"
TRACED = (
    "openat", "mkdir", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "rmdir", "ftruncate",
    "close", "connect", "sendto", "recvfrom",
)  # fmt: skip
WRITES = ("write", "pwrite64", "openat", "mkdir", "rename", "fsync", "fdatasync", "unlink", "ftruncate", "close")
NETWORK = ("connect", "sendto", "recvfrom")
ERRORS = {
    "ENOSPC": ("write", "pwrite64", "openat", "mkdir", "rename", "fsync", "ftruncate"),
    "EIO": ("write", "pwrite64", "openat", "rename", "fsync", "fdatasync", "unlink", "close", "recvfrom"),
    "EDQUOT": ("write", "pwrite64", "openat", "mkdir"),
    "EMFILE": ("openat", "connect"),
    "EACCES": ("openat", "mkdir", "rename", "unlink"),
    "EINTR": ("write", "pwrite64", "openat", "fsync", "connect", "sendto", "recvfrom", "close"),
    "ECONNREFUSED": ("connect",),
    "ECONNRESET": ("sendto", "recvfrom"),
    "EPIPE": ("sendto",),
    "ETIMEDOUT": ("connect", "recvfrom"),
}
NETWORKED = "the network"
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclass(frozen=True, slots=True)
class Call:
    """The `turn`-th call of one name in the main thread, and what it was about."""

    name: str
    turn: int
    about: str

    def killing(self) -> str:
        return f"inject={self.name}:signal=SIGKILL:when={self.turn}"

    def failing(self, error: str, lasting: bool) -> str:
        """This call fails, or from this one on all of its name do."""
        return f"inject={self.name}:error={error}:when={self.turn}{'+' if lasting else ''}"


@cache
def need_strace() -> None:
    """Skip loudly where there is no strace; under CI it is installed first, and its absence is a failure."""
    if not there() and os.environ.get("CI"):
        install()
    if not there():
        without("there is no strace: apt-get install strace")


def there() -> bool:
    return shutil.which("strace", path=PATH) is not None


def install() -> None:
    """Where we are root and there is apt."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
        subprocess.run([*quiet, "update"], check=False)
        subprocess.run([*quiet, "install", "-y", "--no-install-recommends", "strace"], check=False)


def without(why: str) -> NoReturn:
    """NOTHING is killed or failed at a system call here; under CI that is a failure."""
    words = f"NOTHING was killed or failed at a system call: {why}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def run(zygote: Zygote, at: Installation, *words: str) -> Outcome:
    """`guiji run` of the feed tonight under strace."""
    return zygote.guiji(at, "run", FEED, "--date", at.day.isoformat(), trace=[*words])


def calls(zygote: Zygote, at: Installation) -> list[Call]:
    """Every call of interest of one undisturbed run: on our own files, and on the network."""
    log = at.home.parent / "strace.log"
    outcome = run(zygote, at, "-y", "-o", str(log), "-e", f"trace={','.join(TRACED)}")
    assert outcome.code == 0, outcome.words
    if not log.exists() or not log.stat().st_size:
        without("strace may not trace a process here")
    assert unsynced(log, at.home) == []
    return parsed(log, at.home)


def parsed(log: Path, home: Path) -> list[Call]:
    """The first thread that strace names is the main one."""
    turns: Counter[str] = Counter()
    found, main = [], ""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        read = _LINE.match(line)
        if not read:
            continue
        main = main or read[1]
        if read[1] == main:
            turns[read[2]] += 1
            about = _about(read[3], home)
            if (read[2] in NETWORK or about != NETWORKED) and not about.startswith("/outcome"):
                found.append(Call(read[2], turns[read[2]], about))
    return found


def _about(arguments: str, home: Path) -> str:
    """Which of our files; names of deliveries and batches without their digests."""
    path = re.search(re.escape(str(home)) + r"(/[^\">,]*)", arguments)
    return re.sub(r"[0-9a-f]{8,}", "…", path[1]) if path else NETWORKED


def unsynced(log: Path, home: Path) -> list[str]:
    """Renames of ours whose file was not synced before, or whose folder was not synced after; no two threads mixed up.

    What lives under reports/ is made anew at any time.
    """
    synced: set[str] = set()
    waiting: dict[str, str] = {}
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if done := re.search(r" (?:fsync|fdatasync)\(\d+<([^>]*)>", line):
            synced.add(done[1])
            waiting = {name: folder for name, folder in waiting.items() if folder != done[1]}
        elif moved := re.search(r' rename\("([^"]*)", "([^"]*)"\)', line):
            old, new = moved[1], moved[2]
            if str(home) in new and "/reports/" not in new:
                found += [] if old in synced else [f"not synced before its rename: {_about(new, home)}"]
                waiting[new] = str(Path(new).parent)
    return sorted({*found, *(f"folder not synced after a rename: {_about(name, home)}" for name in waiting)})
