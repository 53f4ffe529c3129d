"""Three nights over all six feeds: nothing lost, nothing doubled, nothing wrong, told by the receivers' own logs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from exchange.ledger.balance import LoadBalance
from sandbox.generator import FEEDS
from sandbox.generator.layouts import LAYOUTS
from sandbox.receivers.log import Applied
from sandbox.receivers.rules import party_unknown
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import answers, applied_of, faults, wanted

pytestmark = pytest.mark.xdist_group("nights")
NIGHTS = (1, 2, 3)
BOTH = pytest.mark.parametrize("code", RECEIVERS)
EVERY = pytest.mark.parametrize("feed", FEEDS)


@dataclass
class Nights:
    """The installation after three nights, and what was seen after each of them."""

    at: Installation
    faults: dict[tuple[int, str, str], list[str]] = field(default_factory=dict)
    balances: dict[tuple[int, str], LoadBalance] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)

    def live(self, night: int) -> None:
        """One night, all feeds; then look."""
        self.at.world.advance_to(night)
        for feed in FEEDS:
            self.at.run(feed)
            self.balances[night, feed] = self.at.balance(feed)
            for code in RECEIVERS:
                self.faults[night, feed, code] = faults(self.at.world, self.at.receiver(code), feed, night)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with installed(tmp_path_factory.mktemp("nights"), rows=60) as at:
        seen = Nights(at)
        for night in NIGHTS:
            seen.live(night)
        for code in RECEIVERS:
            seen.applied[code] = len(at.receiver(code).applied())
            seen.attempts[code] = len(at.receiver(code).attempts())
        yield seen


@BOTH
@EVERY
@pytest.mark.parametrize("night", NIGHTS)
def test_receivers_hold_what_was_planted(nights: Nights, night: int, feed: str, code: str) -> None:
    assert nights.faults[night, feed, code] == []


@EVERY
@pytest.mark.parametrize("night", NIGHTS)
def test_the_balance_closes(nights: Nights, night: int, feed: str) -> None:
    balance = nights.balances[night, feed]
    balance.check()
    assert balance.whole
    assert balance.state == "closed"
    assert all(one.quarantined == one.excluded == 0 for one in balance.receivers)


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if not feed.startswith("transport")])
@pytest.mark.parametrize("night", NIGHTS)
def test_unreadable_rows_are_held_and_counted(nights: Nights, night: int, feed: str) -> None:
    balance, truth = nights.balances[night, feed], nights.at.world.truth(night).feeds[feed]
    held, either = truth.count("held"), truth.count("either")
    originals = sum(one.dirt == "duplicate_conflict" for one in truth.truth.values())
    assert balance.pulled == len(truth.rows)
    assert held > 0
    assert balance.quarantined is not None
    assert held + originals <= balance.quarantined <= held + either


@BOTH
@EVERY
def test_there_and_back_arrives_as_three(nights: Nights, feed: str, code: str) -> None:
    truth, came = nights.at.world.truth(3).feeds[feed], applied_of(nights.at.receiver(code), feed)
    backs = [serial for serial, one in wanted(nights.at.world, feed, 3).items() if _operation(nights, feed, one.row)]
    assert backs
    assert truth.rows
    versions = [came[serial] for serial in backs if not party_unknown(came[serial][0].cd_id)]
    assert versions
    assert all([one.revision for one in each] == [1, 2, 3] for each in versions)
    assert all(_content(each[0]) == _content(each[2]) != _content(each[1]) for each in versions)


@BOTH
@EVERY
def test_revocations_arrive(nights: Nights, feed: str, code: str) -> None:
    came = applied_of(nights.at.receiver(code), feed)
    absent = [serial for serial, one in wanted(nights.at.world, feed, 3).items() if one.state == "absent"]
    assert len(absent) >= 4
    assert all(came[serial][-1].operation == "d" for serial in absent if serial in came)
    assert any(serial in came for serial in absent)


@BOTH
def test_the_receivers_count_agrees(nights: Nights, code: str) -> None:
    receiver = nights.at.receiver(code)
    results = [line["status"] for answer in answers(receiver) for line in answer["results"]]
    told = [one for b in nights.balances.values() for one in b.receivers if one.receiver == code]
    assert results.count("accepted") == len(receiver.applied()) == sum(one.accepted for one in told)
    assert results.count("rejected") == sum(one.rejected for one in told) > 0


def test_the_same_night_again_sends_nothing(nights: Nights) -> None:
    for feed in FEEDS:
        nights.at.run(feed)
        balance = nights.at.balance(feed)
        assert balance.state == "closed"
        assert balance.new == balance.vanished == 0
    for code in RECEIVERS:
        assert len(nights.at.receiver(code).applied()) == nights.applied[code]
        assert len(nights.at.receiver(code).attempts()) == nights.attempts[code]


def _operation(nights: Nights, feed: str, row: dict[str, str | None]) -> bool:
    truth = nights.at.world.truth(3).feeds[feed].truth.get(str(row[LAYOUTS[feed].key]))
    return truth is not None and truth.operation == "revert"


def _content(one: Applied) -> object:
    line = json.loads(one.line)
    names = ("penalty_content", "licence_content", "CF_NR", "XK_NR")
    return next(line[name] for name in names if name in line)
