"""A folder behind SFTP. The server's host key is pinned; an unknown one is refused before we say who we are."""

import asyncio
import logging
import stat
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, unquote

import asyncssh

from connectors.file_places import broke_off, no_file, no_folder, no_right, no_room
from schemas.crash_points import crash_point
from schemas.errors import ConfigurationError, GuijiError, ReceiverRefused

BLOCK = 1 << 20
T = TypeVar("T")
PLAIN = (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
ROOM = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
RIGHT = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect)
ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
logging.getLogger("asyncssh").setLevel(logging.WARNING)


class SftpPlace:
    """One connection. What the server says in words is never repeated: only the kind of its answer is."""

    def __init__(self, url: SplitResult, access: Mapping[str, Any], where: str) -> None:
        """Raises ReceiverUnreachable, ReceiverRefused (host key, login) or ConfigurationError (keys that are none)."""
        self.where, self.timeout = where, float(access.get("timeout", 60))
        options = _options(url, access, self.timeout, where)
        self._loop = asyncio.new_event_loop()  # in a thread of its own: the caller's may have a loop that runs
        self._thread = Thread(target=self._loop.run_forever, name="sftp", daemon=True)
        self._thread.start()
        self._connection: asyncssh.SSHClientConnection | None = None
        try:
            crash_point("sftp.before_connect")
            self._connection = self._do(asyncssh.connect(**options), "connect", 2)
            self._sftp = self._do(self._connection.start_sftp_client(), "connect")
            crash_point("sftp.after_connect")
        except BaseException:
            self.close()
            raise

    def check(self, folder: str) -> None:
        if not self._do(self._sftp.isdir(folder), "look"):
            raise no_folder(self.where)

    def read(self, path: str, most: int) -> bytes | None:
        try:
            found = self._do(self._sftp.lstat(path), "look", told=False)
            if not _plain(found):
                raise no_file(self.where)
            stream = self._do(self._sftp.open(path, "rb", encoding=None), "read", told=False)
        except ABSENT:
            self.check(path.rpartition("/")[0] or "/")
            return None
        except GuijiError:
            raise
        except Exception as error:
            raise self._told(error, "read") from None
        try:
            content = bytearray()
            while len(content) <= most:
                block = self._do(stream.read(min(BLOCK, most + 1 - len(content)), len(content)), "read")
                if not block:
                    break
                content += cast(bytes, block)
        finally:
            self._shut(stream)
        return bytes(content)

    def write(self, path: str, content: bytes) -> None:
        stream = self._do(self._sftp.open(path, "xb", encoding=None), "write")
        try:
            for start in range(0, len(content), BLOCK):
                self._do(stream.write(content[start : start + BLOCK], start), "write")
            try:
                self._do(stream.fsync(), "write", told=False)
            except asyncssh.SFTPOpUnsupported:
                pass  # not offered: reading back is what remains
            except Exception as error:
                raise self._told(error, "write") from None
            self._do(stream.close(), "write")
        except BaseException:
            self._shut(stream)
            self.discard(path)
            raise

    def discard(self, path: str) -> None:
        with suppress(GuijiError):
            self._do(self._sftp.remove(path), "write")

    def place(self, path: str, final: str) -> bool:
        """The plain rename, which refuses a name that is taken; posix-rename would overwrite."""
        try:
            self._do(self._sftp.rename(path, final), "rename", told=False)
        except GuijiError:
            raise
        except Exception as error:
            if isinstance(error, asyncssh.SFTPError) and self._do(self._sftp.lexists(final), "look"):
                return False
            raise self._told(error, "rename") from None
        return True

    def close(self) -> None:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(self.timeout)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self.timeout)
        if not self._thread.is_alive():
            self._loop.close()

    async def _end(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def _shut(self, stream: asyncssh.SFTPClientFile) -> None:
        """After a failure the server may not answer this either."""
        with suppress(GuijiError):
            self._do(stream.close(), "read")

    def _do(self, work: Awaitable[T], doing: str, times: int = 1, told: bool = True) -> T:
        """One request, its answer in time. Without `told` the library's own errors go up."""

        async def in_time() -> T:
            return await asyncio.wait_for(work, self.timeout * times)

        try:
            return asyncio.run_coroutine_threadsafe(in_time(), self._loop).result()
        except (OSError, asyncssh.Error, TimeoutError) as error:
            if told or not isinstance(error, asyncssh.SFTPError):
                raise self._told(error, doing) from None
            raise

    def _told(self, error: Exception, doing: str) -> GuijiError:
        at = f"{self.where}: access"
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return ReceiverRefused(
                "the server shows another host key than the one written down",
                where=f"{at}.host_key",
                remedy="nothing was sent; ask the receiver by telephone before you write down another",
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return ReceiverRefused("the login was refused", where=at, remedy="check user, key file and password")
        if isinstance(error, RIGHT):
            return no_right(self.where, doing)
        if isinstance(error, ROOM):
            return no_room(self.where)
        if isinstance(error, ABSENT):
            return no_folder(self.where)
        if isinstance(error, asyncssh.Error | OSError | TimeoutError):
            return broke_off(self.where, doing, type(error).__name__)
        raise error


def _plain(found: asyncssh.SFTPAttrs) -> bool:
    """A server of version 3 tells the kind by the permissions, or not at all."""
    if found.permissions is not None and stat.S_IFMT(found.permissions):
        return stat.S_ISREG(found.permissions)
    return found.type in PLAIN


def _options(url: SplitResult, access: Mapping[str, Any], timeout: float, where: str) -> dict[str, Any]:
    """Nothing of this machine's own SSH: no configuration, no agent, no keys or known hosts but those named."""
    pinned = access["host_key"]
    try:
        hosts = [asyncssh.import_public_key(key) for key in ([pinned] if isinstance(pinned, str) else pinned)]
    except (asyncssh.KeyImportError, TypeError):
        raise ConfigurationError(
            "is no host key", where=f"{where}: access.host_key", remedy="write it as in known_hosts: ssh-ed25519 AAAA…"
        ) from None
    keys = None
    if access.get("key_file"):
        try:
            keys = [asyncssh.read_private_key(str(access["key_file"]), access.get("passphrase"))]
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            raise ConfigurationError(
                "the private key cannot be read", where=f"{where}: access.key_file",
                remedy="check path, rights and passphrase",
            ) from None  # fmt: skip
    return {
        "host": url.hostname, "port": url.port or 22, "username": unquote(url.username or ""), "config": None,
        "known_hosts": (hosts, [], []), "client_keys": keys, "password": access.get("password"), "agent_path": None,
        "connect_timeout": timeout, "login_timeout": timeout, "keepalive_interval": max(timeout / 3, 1),
    }  # fmt: skip
