"""Owns the words for what fails beneath us: this machine's disk and limits, and the ledger's database.

Asked at the edge of each program (exchange/cli/main.py, exchange/tasks.py), so that no step has to expect it: whatever
step it struck is done again by the next run. No message carries the error's own text, which may hold a record.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage

from schemas.catalog import HOUSE
from schemas.errors import ConfigurationError, FileDamaged, GuijiError, LedgerUnreachable, LocalFailure

_ROOM = "make room there, then run again"
_LIMIT = "raise the limit of open files (ulimit -n, LimitNOFILE), or end what holds them; then run again"
_FAILS = {
    errno.ENOSPC: ("no room is left on the disk", _ROOM),
    errno.EDQUOT: ("the quota of this account is used up", _ROOM),
    errno.EIO: ("the disk gives errors", "look at the system's log: is the disk sound? then run again"),
    errno.EROFS: ("it can only be read", "find out why it was mounted so, mount it for writing, then run again"),
    errno.ESTALE: ("the network disk went away", "mount it again, then run again"),
    errno.EMFILE: ("this process may open no more files", _LIMIT),
    errno.ENFILE: ("this machine may open no more files", _LIMIT),
    errno.ENOMEM: ("no memory is left", "give this machine or its container more, then run again"),
}
_DENIED = (errno.EACCES, errno.EPERM)
_LEDGER_DISK = {
    sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_NOMEM: errno.ENOMEM,
    sqlite3.SQLITE_READONLY: errno.EROFS,
}  # fmt: skip
_LEDGER_BUSY = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip


def trouble(error: BaseException) -> GuijiError | None:
    """What to say of an error that is none of ours; None when it is a defect."""
    for one in _chain(error):
        if found := _disk(one) or _ledger(one):
            return found
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came of or in the middle of."""
    one: BaseException | None = error
    for _ in range(8):
        if one is not None:
            yield one
            one = one.__cause__ or one.__context__


def _disk(error: BaseException) -> GuijiError | None:
    if not isinstance(error, OSError):
        return None
    where, code = _where(error), error.errno or 0
    if code in _DENIED:
        return ConfigurationError(
            f"this account may not use it ({errno.errorcode[code]})", where=where, remedy="correct its owner and rights"
        )
    return _said(code, where)


def _said(code: int, where: str) -> LocalFailure | None:
    if code not in _FAILS:
        return None
    words, remedy = _FAILS[code]
    room = f"; free: {_room()}" if remedy == _ROOM else ""
    return LocalFailure(f"{words} ({errno.errorcode[code]}){room}", where=where, remedy=remedy)


def _ledger(error: BaseException) -> GuijiError | None:
    """SQLite says by number what it is; PostgreSQL's operational errors are all its own, never our statements'."""
    if code := getattr(getattr(error, "orig", error), "sqlite_errorcode", 0) & 0xFF:
        if code in _LEDGER_DISK:
            return _said(_LEDGER_DISK[code], "GUIJI_LEDGER")
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return FileDamaged("is damaged", where="GUIJI_LEDGER", remedy="restore it with GUIJI_HOME from the backup")
        return unreachable("SQLite") if code in _LEDGER_BUSY else None
    if not type(error).__module__.startswith("sqlalchemy"):
        return None
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return unreachable("PostgreSQL") if lost or isinstance(error, OperationalError | InterfaceError) else None


def unreachable(name: str) -> LedgerUnreachable:
    """What was committed stands; whether the last COMMIT was, the next run sees."""
    return LedgerUnreachable(
        f"the ledger's database cannot be reached, or broke off ({name})",
        where="GUIJI_LEDGER",
        remedy="see that it runs, that the address is right and its disk has room; then run again",
    )


def _places() -> dict[str, Path]:
    home = Path(os.environ.get("GUIJI_HOME") or HOUSE / "var").resolve()
    return {"GUIJI_HOME": home, "temporary files": Path(os.environ.get("TMPDIR") or "/tmp")}  # noqa: S108


def _where(error: OSError) -> str:
    """The folder of ours that the error names, never the file: its name may be a person's choice."""
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    for name, place in _places().items() if path else ():
        if path and path.is_relative_to(place):
            inside = path.relative_to(place).parts[:-1][:1]
            return "/".join((name, *inside)) if name == "GUIJI_HOME" else f"{name} ({place})"
    return "a file outside GUIJI_HOME" if path else "GUIJI_HOME"


def _room() -> str:
    found = []
    for name, place in _places().items():
        with suppress(OSError):
            found.append(f"{name} {disk_usage(place).free // 2**20} MiB")
    return ", ".join(found)
