"""Where files are exchanged (文件交换目录), in few words: a folder here, or one behind SFTP (connectors/sftp.py).

No folder is ever listed: every name that is opened is one of ours, so that a name made by others cannot lead anywhere.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from schemas.crash_points import crash_point
from schemas.errors import GuijiError, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL)


class Place(Protocol):
    """Paths are whole. All raise ReceiverUnreachable, ReceiverRefused (rights) or ReceiptMismatch (no plain file)."""

    def check(self, folder: str) -> None:
        """The folder is there."""
        ...

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of a plain file, cut off behind `most` + 1; None when nothing of that name is there."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """A new file of a name that nobody has, on the disk as far as the other side lets us see to it."""
        ...

    def discard(self, path: str) -> None:
        """Take an unfinished file away, if that can be done."""
        ...

    def place(self, path: str, final: str) -> bool:
        """Give a file its final name; False, and nothing done, when something of that name is there."""
        ...

    def close(self) -> None: ...


class FolderPlace:
    """A folder of this machine, or a share that is mounted here."""

    def __init__(self, where: str) -> None:
        self.where = where

    def check(self, folder: str) -> None:
        if not Path(folder).is_dir():
            raise no_folder(self.where)

    def read(self, path: str, most: int) -> bytes | None:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            self.check(str(Path(path).parent))
            return None
        except OSError as error:
            raise self._told(error, "read") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise no_file(self.where)
        with os.fdopen(handle, "rb") as stream:
            try:
                return stream.read(most + 1)
            except OSError as error:
                raise self._told(error, "read") from None

    def write(self, path: str, content: bytes) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            self.discard(path)
            raise self._told(error, "write") from None

    def discard(self, path: str) -> None:
        with suppress(OSError):
            Path(path).unlink()

    def place(self, path: str, final: str) -> bool:
        """A link refuses a name that is taken; where there are no links, we look before we rename."""
        try:
            try:
                os.link(path, final)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                if os.path.lexists(final):
                    return False
                Path(path).rename(final)
            crash_point("files.place.after_link")
            Path(path).unlink(missing_ok=True)
            self._sync(str(Path(final).parent))
        except OSError as error:
            raise self._told(error, "rename") from None
        return True

    def close(self) -> None:
        """Nothing is held."""

    @staticmethod
    def _sync(folder: str) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _told(self, error: OSError, doing: str) -> GuijiError:
        if error.errno in NO_RIGHT:
            return no_right(self.where, doing)
        if error.errno in NO_ROOM:
            return no_room(self.where)
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            return no_file(self.where)
        if error.errno == errno.ENOENT:
            return no_folder(self.where)
        return broke_off(self.where, doing, type(error).__name__)


def no_right(where: str, doing: str) -> GuijiError:
    remedy = "check the account's rights: read and write in the folder, read where receipts lie"
    return ReceiverRefused(f"we may not {doing} there", where=where, remedy=remedy)


def no_room(where: str) -> GuijiError:
    return ReceiverUnreachable("no room is left there (disk full, or quota)", where=where, remedy="ask the receiver")


def no_file(where: str) -> GuijiError:
    remedy = "ask the receiver who put a link or a folder there; have it removed"
    return ReceiptMismatch("what has the name of a delivery's file is no plain file", where=where, remedy=remedy)


def no_folder(where: str) -> GuijiError:
    return ReceiverUnreachable("the folder is not there", where=where, remedy="check the path, and the mount")


def broke_off(where: str, doing: str, kind: str) -> GuijiError:
    remedy = "the next run asks what became of it"
    return ReceiverUnreachable(f"could not {doing} there ({kind})", where=where, remedy=remedy)
