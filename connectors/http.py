"""HTTP as we use it: one session without the environment's proxies, no redirects, no retries inside, sizes bounded."""

import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Timer

import requests
from requests.adapters import HTTPAdapter

from schemas.exchange import Answer

MAX_BODY = 256 * 1024**2
MAX_SECONDS = 1800.0
TRIES = 3


class TooLarge(Exception):
    """An answer longer than we are ready to hold."""


def new_session() -> requests.Session:
    """A session for one source or receiver."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(max_retries=0))
    session.mount("https://", HTTPAdapter(max_retries=0))
    return session


def read_answer(response: requests.Response, limit: int = MAX_BODY, seconds: float = MAX_SECONDS) -> Answer:
    """Status, headers and the whole body, up to the limit and within the time. Raises TooLarge, requests.Timeout.

    The session's timeout is for each read only: an answer that crawls would hold a run for as long as it likes.
    """
    late = Event()

    def cut() -> None:
        late.set()
        with suppress(RuntimeError, ValueError):  # it came to its end this very moment
            response.raw.shutdown()  # whoever reads sees the end

    watch = Timer(seconds, cut)
    watch.daemon = True
    body = bytearray()
    with response:
        watch.start()
        try:
            for block in response.iter_content(1 << 18):
                body += block
                if len(body) > limit:
                    raise TooLarge
        finally:
            watch.cancel()
    if late.is_set():
        raise requests.Timeout
    return Answer(response.status_code, dict(response.headers), bytes(body))


def pause(headers: Mapping[str, str], tried: int) -> None:
    """Wait before reading again: what Retry-After asks for, at most 30 seconds, else 0.2 s, 0.4 s, …"""
    asked = headers.get("Retry-After", "")
    time.sleep(min(int(asked), 30) if asked.isdigit() else 0.2 * 2**tried)
