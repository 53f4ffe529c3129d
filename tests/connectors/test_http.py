"""Who crawls, at any point of an exchange, is cut off when its time is over; connections that are kept work on."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from connectors import rest
from connectors.http import TooLarge, ask, new_session
from connectors.registry import open_source, open_target
from schemas.errors import ReceiverUnreachable, SourceUnreachable
from schemas.exchange import Window

SECONDS = 0.6
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


class Crawling:
    """A server that takes what comes, says `first`, and then one byte of `then` every 50 ms, for ever."""

    def __init__(self, first: bytes, then: bytes, reads: bool = True) -> None:
        self.first, self.then, self.reads, self.over = first, then, reads, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._crawl, args=(near,), daemon=True).start()

    def _crawl(self, near: socket.socket) -> None:
        with near:
            try:
                if self.reads:
                    near.recv(65536)
                near.sendall(self.first)
                while not self.over.wait(0.05):
                    if not self.reads:
                        near.recv(16)
                    near.sendall(self.then)
            except OSError:
                return


Crawl = Callable[..., Crawling]


@pytest.fixture
def crawl() -> Iterator[Crawl]:
    made: list[Crawling] = []

    def make(first: bytes, then: bytes, reads: bool = True) -> Crawling:
        made.append(Crawling(first, then, reads))
        return made[-1]

    yield make
    for one in made:
        one.over.set()
        one._listener.close()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"H"), (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"), (HEAD, b"X-A: b\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"), (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["status line", "a header", "headers", "100", "body", "body without end", "chunks"],
)  # fmt: skip
def test_an_answer_that_crawls_is_cut_off(crawl: Crawl, first: bytes, then: bytes) -> None:
    server, begun = crawl(first, then), time.monotonic()
    with pytest.raises(requests.Timeout):
        ask(new_session(), "GET", server.url, timeout=5, seconds=SECONDS)
    assert time.monotonic() - begun < 4


def test_a_handshake_that_crawls_is_cut_off(crawl: Crawl) -> None:
    server, begun = crawl(b"\x16\x03\x03\x40\x00", b"\x02"), time.monotonic()
    with pytest.raises(requests.Timeout):
        ask(new_session(), "GET", server.url.replace("http:", "https:"), timeout=5, seconds=SECONDS)
    assert time.monotonic() - begun < 4


def test_a_body_that_is_taken_by_drops_is_cut_off(crawl: Crawl) -> None:
    server, begun = crawl(b"", b"", reads=False), time.monotonic()
    with pytest.raises(requests.Timeout):
        ask(new_session(), "POST", server.url, data=bytes(32 << 20), timeout=5, seconds=SECONDS)
    assert time.monotonic() - begun < 4


def test_a_source_and_a_receiver_that_crawl_are_said_to_be_out_of_reach(
    crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    server = crawl(HEAD, b"X-A: b\r\n")
    monkeypatch.setattr(rest, "MAX_SECONDS", SECONDS)
    signing = {"scheme": "sd", "client_id": "c", "secret": "s"}
    access = {"method": "rest", "url": server.url, "timeout": 0.2, "signing": signing}
    with pytest.raises(ReceiverUnreachable, match="no answer \\(Timeout\\)") as told:
        open_target({**access, "service": "s"}, "receivers/x/receiver.yaml").check()
    assert told.value.sent, "it may have had an effect"
    listed = {"path": "/p", "paging": "page", "rows": "rows", "total": "total", "key": "id"}
    source = open_source(access, listed, "departments/x/penalty.yaml")
    with pytest.raises(SourceUnreachable), source.pull(Window(None, True)) as pull:
        [list(part.chunks) for part in pull.parts()]


def kept_alive() -> tuple[socket.socket, list[int]]:
    """A server that answers any number of requests on one connection; how many connections it saw."""
    listener, seen = socket.create_server(("127.0.0.1", 0)), list[int]()

    def serve(near: socket.socket) -> None:
        with near:
            while near.recv(65536):
                near.sendall(HEAD + b"\r\nok")

    def listen() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            seen.append(near.fileno())
            threading.Thread(target=serve, args=(near,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    return listener, seen


def test_a_connection_is_kept_and_watched_again() -> None:
    listener, seen = kept_alive()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with new_session() as session, listener:
        assert [ask(session, "GET", url, timeout=5, seconds=5).body for _ in range(3)] == [b"ok"] * 3
        with pytest.raises(TooLarge):
            ask(session, "GET", url, timeout=5, seconds=5, limit=1)
        assert len(seen) == 1
