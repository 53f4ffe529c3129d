"""HTTP as we use it: one session without the environment's proxies, no redirects, no retries inside, sizes and times
bounded: requests' own timeout is for each read only, and who crawls would hold a run for as long as he likes.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer, local
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

from schemas.errors import ConfigurationError
from schemas.exchange import Answer

MAX_BODY = 256 * 1024**2
MAX_SECONDS = 1800.0
TRIES = 3
_now = local()


class TooLarge(Exception):
    """An answer longer than we are ready to hold."""


class _Watch:
    """Ends the exchange that this thread has under way when its time is over: whoever reads or writes sees the end."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self.handle: socket.socket | None = None
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def _cut(self) -> None:
        self.late = True
        with suppress(OSError):  # it came to its end this very moment
            if self.handle:
                self.handle.shutdown(socket.SHUT_RDWR)

    def hold(self, connection: HTTPConnection, handle: socket.socket | None) -> None:
        """A second handle of the connection's socket, which neither TLS nor the end of the request takes away."""
        self.let_go()
        self.handle = handle
        if self.late:
            raise ConnectTimeoutError(connection, "late")

    def let_go(self) -> None:
        if self.handle:
            self.handle.close()
        self.handle = None

    def __enter__(self) -> "_Watch":
        _now.watch = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        _now.watch = None
        self.let_go()
        if self.late and (kind is None or issubclass(kind, requests.RequestException)):
            raise requests.Timeout from None


class _Watched(HTTPConnection):
    """A connection of which the watch of its thread knows, from before TLS and at each request."""

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        if watch := getattr(_now, "watch", None):
            watch.hold(self, made.dup())
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:
        """As the library's; on a connection kept from an earlier request the watch takes hold here."""
        watch = getattr(_now, "watch", None)
        if watch and not watch.handle and self.sock:
            watch.hold(self, socket.socket(fileno=socket.dup(self.sock.fileno())))
        super().request(*args, **kwargs)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same behind TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As the library's, with connections that are watched."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def new_session(ca: str = "", where: str = "") -> requests.Session:
    """A session for one source or receiver. `ca`: a PEM file of the authorities it is believed on, instead of the
    public ones. Raises ConfigurationError when there is no such file.
    """
    session = requests.Session()
    if ca:
        if not Path(ca).is_file():
            raise ConfigurationError("there is no such file", where=f"{where}: access.ca", remedy="a PEM file of CAs")
        session.verify = ca
    session.trust_env = False
    session.mount("http://", _Adapter(max_retries=0))
    session.mount("https://", _Adapter(max_retries=0))
    return session


def ask(
    session: requests.Session, method: str, url: str, *, seconds: float, limit: int = MAX_BODY, **how: Any,
) -> Answer:  # fmt: skip
    """Status, headers and the whole body, up to `limit` bytes; all of the exchange within `seconds`.

    Raises TooLarge, requests.Timeout and the other requests.RequestException.
    """
    body = bytearray()
    with (
        _Watch(seconds),
        session.request(method, url, allow_redirects=False, stream=True, **how) as response,
    ):
        for block in response.iter_content(1 << 18):
            body += block
            if len(body) > limit:
                raise TooLarge
    return Answer(response.status_code, dict(response.headers), bytes(body))


def pause(headers: Mapping[str, str], tried: int) -> None:
    """Wait before reading again: what Retry-After asks for, at most 30 seconds, else 0.2 s, 0.4 s, …"""
    asked = headers.get("Retry-After", "")
    time.sleep(min(int(asked), 30) if asked.isdigit() else 0.2 * 2**tried)
