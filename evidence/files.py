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
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
