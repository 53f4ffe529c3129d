"""Owns the wires between us and a server: one counts the bytes that come back, and cuts or stops at one of them; the
other sees COMMITs pass, and breaks at one.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType


class Wire:
    """A TCP proxy on a free port of loopback. With `cut` it breaks all connections after so many bytes from the server.

    With `hold` it stops there instead, once, until `go_on` is set; `held` tells that it did.
    """

    def __init__(self, host: str, port: int, cut: int | None = None, hold: int | None = None) -> None:
        self._far = (host, port)
        self.cut, self.hold = cut, hold
        self.held, self.go_on = Event(), Event()
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._far)
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while block := source.recv(512 if back else 65536):
                if back:
                    self._count(len(block))
                    if self.cut is not None and self.passed > self.cut:
                        break
                target.sendall(block)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _count(self, size: int) -> None:
        self.passed += size
        if self.hold is not None and self.passed > self.hold and not self.held.is_set():
            self.held.set()
            self.go_on.wait(30)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._listener.close()


class CommitWire:
    """TCP to a server's Unix socket, or to host and port. The `turn`-th COMMIT is done or lost; no answer comes back.

    `fall` is called at that moment, in place of a break. With `late` the COMMIT is done, but not before that is set.
    """

    def __init__(
        self, far: Path | tuple[str, int], turn: int = 0, done: bool = True, fall: Callable[[], None] | None = None,
        late: Event | None = None,
    ) -> None:  # fmt: skip
        self._far, self._turn, self._done, self._fall, self._late = far, turn, done, fall, late
        self.commits, self.over = 0, Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = self._reach()
                except OSError:
                    near.close()
                    continue
                Thread(target=self._out, args=(near, far), daemon=True).start()
                Thread(target=self._back, args=(far, near), daemon=True).start()

    def _reach(self) -> socket.socket:
        if isinstance(self._far, tuple):
            return socket.create_connection(self._far)
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(str(self._far))
        except OSError:
            far.close()
            raise
        return far

    def _out(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while block := near.recv(65536):
                if b"COMMIT\0" in block or block.endswith(b"\x03COMMIT"):  # as PostgreSQL says it, as MariaDB
                    self.commits += 1
                    if self.commits == self._turn:
                        self._break(block, near, far)
                        return
                far.sendall(block)
        self._close(near, far)

    def _break(self, block: bytes, near: socket.socket, far: socket.socket) -> None:
        """The way back first, so that no answer gets through."""
        near.shutdown(socket.SHUT_RDWR if self._late else socket.SHUT_WR)
        if self._late:
            self._late.wait(30)
        if self._done:
            far.sendall(block)
        if self._fall:
            self._fall()
        elif self._done:
            with suppress(OSError):
                far.shutdown(socket.SHUT_WR)  # the server answers, then sees us go
                far.settimeout(5)
                while far.recv(65536):
                    pass
        self.over.set()
        self._close(near, far)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while block := far.recv(65536):
                near.sendall(block)
        if not self._late:
            self._close(near, far)

    @staticmethod
    def _close(*ends: socket.socket) -> None:
        for one in ends:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def __enter__(self) -> "CommitWire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
