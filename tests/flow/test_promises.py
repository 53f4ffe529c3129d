"""What each kind of receiver is promised (docs/delivery-guarantee.md): keys not honoured, or nobody to be asked."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.receiver_rest import RestTarget
from exchange import flow
from sandbox.server import Handler, LocalServer
from schemas.errors import ReceiverUnreachable, Terminal, Unfinished
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.oracle import faults
from tests.flow.processes import FEED

YAML = "receivers/nation/receiver.yaml"


def simple_minded(install: Install, *, asked: bool) -> Installation:
    """The nation applies whatever comes as often as it comes; it can be asked by key, or not."""
    at = install(batch=10, timeout=2, only=FEED)
    edit(at.root / YAML, "idempotency: honoured", "idempotency: none")
    if not asked:
        edit(at.root / YAML, "inquiry: by_key", "inquiry: none")
    at.world.nation.stop()
    at.world.nation.honours_keys = False
    at.world.nation.start()
    return at


def whole(at: Installation) -> bool:
    return faults(at.world, at.world.nation, FEED, at.world.night) == []


def later(at: Installation) -> None:
    """The whole flow, an hour from now by our clock."""
    flow.run(replace(at.site(), clock=lambda: datetime.now(UTC) + timedelta(hours=1)), FEED, at.day)


def test_keys_not_honoured_what_arrived_is_found_by_asking(install: Install) -> None:
    at = simple_minded(install, asked=True)
    at.world.nation.faults.set("error_500_after", 1)
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)
    at.run(FEED)
    assert whole(at)


@pytest.mark.parametrize("fault", ["timeout_before", "applies_late", "inquiry_forgets"])
def test_keys_not_honoured_nothing_is_sent_again_before_it_has_settled(install: Install, fault: str) -> None:
    at = simple_minded(install, asked=True)
    at.world.nation.faults.set(fault, 1, seconds=60)
    if fault == "inquiry_forgets":
        at.world.nation.faults.set("error_500_after", 1)
    for _ in range(2):
        with pytest.raises(ReceiverUnreachable):
            at.run(FEED)
    at.world.nation.faults.let_go.set()
    while at.world.nation.faults.late:
        time.sleep(0.02)
    assert sum(one.method == "POST" for one in at.world.nation.attempts()) == 1, "sent again too early"
    later(at)
    assert whole(at)


def test_neither_honoured_nor_asked_it_is_held_and_never_sent_again(install: Install) -> None:
    at = simple_minded(install, asked=False)
    at.world.nation.faults.set("error_500_after", 1)
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)
    with pytest.raises(Terminal, match="cannot be found out"):
        at.run(FEED)
    with pytest.raises(Unfinished):
        later(at)
    sent = [one.key for one in at.world.nation.attempts() if one.method == "POST"]
    assert len(sent) == len(set(sent)), "a delivery went out twice"
    assert faults(at.world, at.world.province, FEED, 1) == []


def test_honoured_but_not_to_be_asked_the_same_bytes_go_again_under_the_same_key(install: Install) -> None:
    at = install(batch=10, only=FEED)
    edit(at.root / YAML, "inquiry: by_key", "inquiry: none")
    at.world.nation.faults.set("error_500_after", 1)
    with pytest.raises(ReceiverUnreachable):
        at.run(FEED)
    at.run(FEED)
    assert whole(at)
    assert not any(one.method == "GET" for one in at.world.nation.attempts())


def test_an_answer_that_crawls_does_not_hold_us_up() -> None:
    class Crawls(Handler):
        def do_GET(self) -> None:
            self.answer_bytes(200, b"", declared=1_000_000)
            for _ in range(50):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
            self.hang_up()

    server = LocalServer(Crawls)
    secret = {"scheme": "gjgxjhpt", "requester": "guiji", "secret": "0" * 32}
    target = RestTarget(
        {"method": "rest", "url": server.url, "signing": secret, "service": "s", "timeout": 0.3}, "crawl"
    )
    begin = time.monotonic()
    try:
        with pytest.raises(ReceiverUnreachable):
            target.inquire("0" * 64)
    finally:
        server.stop()
    assert time.monotonic() - begin < 1.5
