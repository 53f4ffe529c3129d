"""Files that are written once: whole or absent after a crash, and never over another's."""

import os
import uuid
from pathlib import Path


class EvidenceError(Exception):
    """Evidence cannot be made: what, where, and what to do."""

    def __init__(self, message: str, where: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.where, self.remedy = message, where, remedy


def write_new(path: Path, data: bytes, mode: int) -> bool:
    """Write, fsync, link into place, fsync the folder. False, and nothing written, when the name is taken already."""
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.link(partial, path)  # unlike a rename, fails when another came first
    except FileExistsError:
        return False
    finally:
        partial.unlink()
    sync_folder(path.parent)
    return True


def make_folder(folder: Path) -> None:
    """For its owner alone, and durable: each new folder is synced in the one that holds it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what appeared in a folder, or went from it, durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
