"""Nights through files, in a folder and over SFTP: from the pull to the receipt; judged late, badly, or not at all."""

import pytest

from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.flow.processes import FEED
from tests.flow.transports import TRANSPORTS

BY_FILE = [name for name, one in TRANSPORTS.items() if "files.data" in one.steps]


def look(at: Installation) -> list[str]:
    night = at.world.night
    return [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, night)]


@pytest.mark.parametrize("transport", BY_FILE)
def test_two_nights(install: Install, transport: str) -> None:
    at = install(batch=20, only=FEED, transport=transport)
    for night in (1, 2):
        at.world.advance_to(night)
        at.run(FEED)
        assert look(at) == []
        assert at.balance(FEED).state == "closed"
    assert {one.outcome for one in at.world.nation.attempts()} == {"judged"}
