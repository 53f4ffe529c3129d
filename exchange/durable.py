"""Durable steps: files that are either whole or absent after a crash."""

import os
import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from schemas.crash_points import crash_point


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it, so that none is gone after a power loss with what was synced inside.

    A folder's own sync does not make its name last in the folder above: POSIX asks for that one's.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def write_file(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write, fsync, rename into place, fsync the folder. Returns (sha-256 hex, bytes)."""
    digest, size = sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    place_file(path, counted())
    return digest.hexdigest(), size


def place_file(path: Path, chunks: Iterable[bytes], mode: int = 0o666) -> None:
    """The same, when nobody asks for the digest of these very bytes. `mode` is what the umask leaves of it."""
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    crash_point("file.before_rename")
    partial.replace(path)
    sync_folder(path.parent)
    crash_point("file.after_rename")


def make_file(path: Path, body: bytes) -> bool:
    """Write a small file for its owner alone, unless there is one: then that one stands. Durable either way."""
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    crash_point("key.before_link")
    try:
        os.link(partial, path)
        made = True
    except FileExistsError:
        made = False
    partial.unlink()
    sync_folder(path.parent)
    crash_point("key.after_link")
    return made


def finish_file(partial: Path, path: Path) -> None:
    """Rename a file another writer filled (Parquet) into place, durably."""
    with partial.open("rb") as done:
        os.fsync(done.fileno())
    crash_point("file.before_rename")
    partial.replace(path)
    sync_folder(path.parent)
    crash_point("file.after_rename")


def finish_folder(incoming: Path, final: Path) -> bool:
    """Rename a filled folder into place; when the same content already stands there, keep the old one: False."""
    sync_folder(incoming)
    make_folder(final.parent)
    if final.exists():
        shutil.rmtree(incoming)
        return False
    crash_point("folder.before_rename")
    incoming.replace(final)
    sync_folder(final.parent)
    crash_point("folder.after_rename")
    return True
