"""Owns the HTTP server that departments and receivers share: threads, keep-alive, no delay, quick stop."""

import json
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; JSON answers; nothing printed."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def log_message(self, format: str, *args: Any) -> None:
        """The servers keep their own logs; nothing goes to the terminal."""

    def answer(self, status: int, body: object) -> None:
        """One JSON answer."""
        self.answer_bytes(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

    def answer_bytes(
        self, status: int, body: bytes, declared: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """An answer whose declared length may be made to lie."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body) if declared is None else declared))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def read_body(self) -> bytes:
        """The request's body, of known length or in chunks."""
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def hang_up(self) -> None:
        """Break the connection with a reset, as a falling server does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        self.open_sockets: set[socket.socket] = set()
        self.lock = Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.lock:
            self.open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own affair."""

    def drop_connections(self) -> None:
        """Wake the threads that wait on idle keep-alive connections."""
        with self.lock:
            waiting = list(self.open_sockets)
        for each in waiting:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class LocalServer:
    """One HTTP server on loopback in threads of this process; a wanted port that is taken is replaced by a free one."""

    def __init__(self, handler: type[Handler], port: int = 0) -> None:
        try:
            self._server = _Server(("127.0.0.1", port), handler)
        except OSError:
            self._server = _Server(("127.0.0.1", 0), handler)
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """No new connection, no old one; returns when the listening thread has ended."""
        self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()
        self._thread.join(5)
