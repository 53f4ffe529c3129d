"""A COMMIT whose answer never comes: done, lost, or done later; the delivery is there once, whichever it was."""

from collections.abc import Iterator
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.registry import open_target
from schemas.errors import ReceiverUnreachable
from schemas.exchange import Sealed, Target
from tests.connectors.exchange_platform import ACCESS, WHERE, Platform, held
from tests.soak.wire import CommitWire

TURN = {"postgresql": 2, "mysql": 1}  # the driver makes one before, for its settings


@pytest.fixture(params=TURN)
def server(request: pytest.FixtureRequest) -> Iterator[Platform]:
    made = Platform(request.getfixturevalue({"postgresql": "postgres", "mysql": "maria"}[request.param]), ACCESS)
    made.make()
    yield made
    made.engine.dispose()


def far(platform: Platform) -> tuple[str, int]:
    at = urlsplit(platform.access["url"])
    return str(at.hostname), at.port or 0


def through(platform: Platform, wire: CommitWire) -> Target:
    """Reached over the wire; its numbers of turns have nothing to do with the way."""
    at = urlsplit(platform.access["url"])
    netloc = f"{at.username}@127.0.0.1:{wire.port}"
    extra: dict[str, Any] = {"query": "sslmode=disable"} if platform.dialect == "postgresql" else {}
    return open_target(ACCESS | {"url": at._replace(netloc=netloc, **extra).geturl()}, WHERE)


@pytest.mark.parametrize("done", [True, False])
def test_its_answer_never_comes(server: Platform, delivery: Sealed, done: bool) -> None:
    with CommitWire(far(server), TURN[server.dialect], done) as wire, pytest.raises(ReceiverUnreachable) as told:
        through(server, wire).send(delivery)
    assert told.value.sent is True, "whether it was done is not known"
    assert wire.over.wait(10)
    answer = server.target().inquire(delivery.key)
    assert (answer is not None) == done
    assert server.target(timeout=5).send(delivery).status == 202
    controls, rows = held(server)
    assert (len(controls), len(rows)) == (1, 2)


def test_it_is_done_after_we_asked_and_sent_again(server: Platform, delivery: Sealed) -> None:
    """The first copy waits at the server with its key taken: the second cannot pass it."""
    late = Event()
    with CommitWire(far(server), TURN[server.dialect], late=late) as wire:
        with pytest.raises(ReceiverUnreachable):
            through(server, wire).send(delivery)
        assert server.target().inquire(delivery.key) is None
        with pytest.raises(ReceiverUnreachable, match="locked") as told:
            server.target().send(delivery)
        assert told.value.sent is False
        late.set()
        assert wire.over.wait(10)
    before = held(server)
    assert server.target().send(delivery).status == 202
    assert held(server) == before
    assert (len(before[0]), len(before[1])) == (1, 2)
