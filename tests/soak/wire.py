"""Owns a wire between us and a server: it counts the bytes that come back, and cuts or stops at one of them."""

import socket
from contextlib import suppress
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
