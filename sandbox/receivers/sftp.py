"""Owns the SFTP door of a receiver that takes files: a real server on loopback, with what can go wrong behind it."""

import asyncio
from pathlib import Path
from threading import Event, Thread
from typing import Any

import asyncssh

from sandbox.receivers.faults import Faults

USER, PASSWORD = "guiji", "sandbox-only"
DOOR_FAULTS = (
    "login_refused", "hang_up_early", "no_right", "no_right_to_read", "quota", "disk_full", "wrong_bytes", "no_fsync",
    "rename_refused", "rename_hang_up_before", "rename_hang_up_after", "rename_said_no", "stale", "slow", "mute",
)  # fmt: skip
"""Of renames the first is the data file's, the second the manifest's. `stale`: what is there is said not to be."""


class Door:
    """The server in a thread of its own; `root` is all it shows.

    Its `host_key` and the `user_key` that it lets in, beside the password, lie in `state` and outlive it.
    """

    def __init__(self, state: Path, root: Path, faults: Faults) -> None:
        self.root, self.faults, self.port = root, faults, 0
        for name in ("host_key", "user_key"):
            if not (state / name).exists():
                made = asyncssh.generate_private_key("ssh-ed25519")
                made.write_public_key(str(state / f"{name}.pub"))
                made.write_private_key(str(state / name))
        self.key, self.user_key = asyncssh.read_private_key(str(state / "host_key")), state / "user_key"
        self._ready = Event()

    @property
    def host_key(self) -> str:
        """As receiver.yaml pins it."""
        return self.key.export_public_key().decode().strip()

    def start(self) -> None:
        self._ready.clear()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        open_ones: set[asyncssh.SSHServerConnection] = set()
        server = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: _Login(self, open_ones), server_host_keys=[self.key],
            sftp_factory=lambda chan: _Files(chan, self.root, self.faults),
        )  # fmt: skip
        self.port = server.get_port()
        self._ready.set()
        await self._stop.wait()
        server.close()
        for each in list(open_ones):
            each.abort()


class _Login(asyncssh.SSHServer):
    def __init__(self, door: Door, open_ones: set[asyncssh.SSHServerConnection]) -> None:
        self._door, self._faults, self._open = door, door.faults, open_ones

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._open.add(conn)
        if self._faults.take("hang_up_early"):
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self._conn)

    def password_auth_supported(self) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == asyncssh.read_public_key(f"{self._door.user_key}.pub")

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD) and not self._faults.take("login_refused")


class _Files(asyncssh.SFTPServer):
    """The folder, and the faults."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], root: Path, faults: Faults) -> None:
        super().__init__(chan, chroot=str(root).encode())
        self._chan, self._faults = chan, faults

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        writing = bool(pflags & asyncssh.FXF_WRITE)
        if self._faults.take("no_right" if writing else "no_right_to_read"):
            raise asyncssh.SFTPPermissionDenied("\x1b[31mno\x1b[0m")
        return super().open(path, pflags, attrs)

    async def lstat(self, path: bytes) -> Any:
        if self._faults.take("slow"):
            await asyncio.sleep(self._faults.seconds)
        if self._faults.take("mute"):
            await asyncio.sleep(10**6)
        found = super().lstat(path)
        if self._faults.take("stale"):
            raise asyncssh.SFTPNoSuchFile("stale")
        return found

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self._faults.take("quota"):
            raise asyncssh.SFTPQuotaExceeded("quota")
        if self._faults.take("disk_full"):
            super().write(file_obj, offset, data[: len(data) // 2])
            raise asyncssh.SFTPNoSpaceOnFilesystem("full")
        if self._faults.take("wrong_bytes"):
            data = data[:-2] + bytes((data[-2] ^ 1,)) + data[-1:]
        written: Any = super().write(file_obj, offset, data)
        return int(written)

    async def fsync(self, file_obj: object) -> None:
        if self._faults.take("no_fsync"):
            raise asyncssh.SFTPOpUnsupported("none")
        super().fsync(file_obj)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._faults.take("rename_refused"):
            raise asyncssh.SFTPFailure("refused")
        if self._faults.take("rename_hang_up_before"):
            self._hang_up()
        super().rename(oldpath, newpath)
        if self._faults.take("rename_said_no"):
            raise asyncssh.SFTPFailure("refused")
        if self._faults.take("rename_hang_up_after"):
            self._hang_up()

    def _hang_up(self) -> None:
        self._chan.get_connection().abort()
        raise asyncssh.SFTPConnectionLost("gone")
