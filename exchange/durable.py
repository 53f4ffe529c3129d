"""Durable steps: files that are either whole or absent after a crash, and the named points where tests stop us."""

import os
import shutil
import signal
from collections.abc import Iterable
from hashlib import sha256
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


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write, fsync, rename into place, fsync the folder. Returns (sha-256 hex, bytes)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest, size = sha256(), 0
    with partial.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    crash_point("file.before_rename")
    partial.replace(path)
    sync_folder(path.parent)
    crash_point("file.after_rename")
    return digest.hexdigest(), size


def finish_file(partial: Path, path: Path) -> None:
    """Rename a file another writer filled (Parquet) into place, durably."""
    with partial.open("rb") as done:
        os.fsync(done.fileno())
    crash_point("file.before_rename")
    partial.replace(path)
    sync_folder(path.parent)
    crash_point("file.after_rename")


def finish_folder(incoming: Path, final: Path) -> None:
    """Rename a filled folder into place; when the same content already stands there, keep the old one."""
    sync_folder(incoming)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        shutil.rmtree(incoming)
        return
    crash_point("folder.before_rename")
    incoming.replace(final)
    sync_folder(final.parent)
    crash_point("folder.after_rename")
