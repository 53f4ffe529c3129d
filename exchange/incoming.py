"""Where pulls write before a batch is whole: `landing/.incoming/<name>/`, locked while its pull lives.

What a killed pull left is cleared by a later one: when its lock is free and nothing in it changed for a day. Two signs,
because a mount may keep its locks to one machine.
"""

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exchange.keyring import Keyring

STILL = 24 * 3600.0
LOCK = ".lock"


@contextmanager
def incoming(root: Path, keys: Keyring) -> Iterator[tuple[Path, str]]:
    """(an empty folder, the scope of its key) for one pull; gone afterwards, unless it was renamed into place."""
    root.mkdir(parents=True, exist_ok=True)
    _clear(root, keys)
    folder = root / uuid.uuid4().hex
    with _locked(folder) as mine:
        if not mine:
            raise BlockingIOError(f"{folder.name} is taken")
        folder.mkdir()
        try:
            yield folder, _scope(folder)
        finally:
            _drop(folder, keys)


def _clear(root: Path, keys: Keyring) -> None:
    for name in {path.name.removesuffix(LOCK) for path in root.iterdir()}:
        folder = root / name
        if _newest(folder) + STILL < time.time():
            with _locked(folder) as dead:
                if dead:
                    _drop(folder, keys)


def _drop(folder: Path, keys: Keyring) -> None:
    """The key only with its folder: a batch in its place goes by the same one."""
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        keys.forget(_scope(folder))


def _scope(folder: Path) -> str:
    return f"batch-{folder.name}"


def _newest(folder: Path) -> float:
    """When the folder, its lock, or anything in it was touched last; now, where that cannot be seen."""
    lock = folder.with_name(folder.name + LOCK)
    try:
        return max(path.stat().st_mtime for path in (folder, lock, *folder.glob("*")) if path.exists())
    except (OSError, ValueError):
        return time.time()


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Whether the folder's lock is ours; the lock's file goes with it."""
    path = folder.with_name(folder.name + LOCK)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        yield False
        return
    try:
        yield True
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
        os.close(handle)
