"""Nights through files, in a folder and over SFTP: from the pull to the receipt; judged late, badly, or not at all."""

from pathlib import Path

import asyncssh
import pytest

from evidence.verify import check
from exchange import held
from exchange.evidence import Evidence
from schemas.errors import AwaitingVerdicts, GuijiError, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable, Terminal
from tests.exchange.evidence.asked import trust
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.killing import look
from tests.flow.processes import FEED
from tests.flow.test_table import again, states

YAML = "receivers/nation/receiver.yaml"
SHOWN: dict[str, tuple[int, type[GuijiError] | None]] = {
    "late": (0, None), "tidied": (0, None), "rename_said_no": (1, None), "half_receipt": (0, ReceiverUnreachable),
    "rename_hang_up_after": (1, ReceiverUnreachable), "disk_full": (1, ReceiverUnreachable),
    "wrong_bytes": (0, ReceiverUnreachable), "two_receipts": (0, ReceiptMismatch), "wrong_digest": (0, ReceiptMismatch),
    "spoiled": (0, ReceiverRefused), "no_right": (0, ReceiverRefused),
}  # fmt: skip


@pytest.mark.parametrize("transport", ["folder-csv", "sftp-xlsx"])
def test_two_nights_and_their_proof(install: Install, transport: str) -> None:
    at = install(batch=20, only=FEED, transport=transport)
    for night in (1, 2):
        at.world.advance_to(night)
        at.run(FEED)
        assert look(at) == []
    assert {one.outcome for one in at.world.nation.attempts()} == {"judged"}
    proof = Evidence(at.site())
    assert proof.checkpoint()
    _, raw = proof.bundle(at.world.nation.applied()[-1].key)
    assert [finding.holds for finding in check(raw, trust(proof))] == [True] * 11


def test_what_goes_wrong_in_one_night_is_right_in_the_end(install: Install) -> None:
    """A fault a night, over SFTP; where a person is needed, the receiver's people mend it and we run again."""
    at = install(batch=4, only=FEED, transport="sftp")
    edit(at.root / YAML, "wait: 20", "wait: 5")
    at.run(FEED)
    for fault, (skip, kind) in SHOWN.items():
        at.world.advance_to(at.world.night + 1)
        at.world.nation.faults.set(fault, 1, seconds=0.3, skip=skip)
        if kind is None:
            at.run(FEED)
        else:
            with pytest.raises((kind, AwaitingVerdicts)) as told:  # that it lies there may be all the first run knows
                at.run(FEED)
            assert type(told.value) in (kind, AwaitingVerdicts), fault
            assert told.value.where.startswith(YAML), fault
            at.world.nation.mend()
            again(at)
        assert not at.world.nation.faults.left(), fault
        assert look(at) == [], fault


def test_judged_days_later(install: Install) -> None:
    """All deliveries lie there in order meanwhile, a second night's revocations behind the first night's records."""
    at = install(batch=20, only=FEED, transport="folder-csv")
    edit(at.root / YAML, "wait: 20", "wait: 0")
    at.world.nation.faults.set("late", 1000, seconds=10**6)
    for night in (1, 2):
        at.world.advance_to(night)
        for _ in range(2):
            with pytest.raises(AwaitingVerdicts):
                at.run(FEED)
        assert set(states(at)) == {("unknown", 1)}
    assert at.world.nation.applied() == []
    at.world.nation.hurry()
    again(at)
    assert look(at) == []
    assert set(states(at)) == {("acked", 2)}


PROMISE = "idempotency: honoured, inquiry: by_key"


@pytest.mark.parametrize("promise", [PROMISE, "idempotency: honoured"])
def test_what_lay_there_and_is_gone_is_for_two_persons(install: Install, promise: str) -> None:
    at = install(batch=20, only=FEED, transport="folder")
    edit(at.root / YAML, PROMISE, promise)
    at.world.nation.faults.set("taken_and_gone", 1)
    edit(at.root / YAML, "wait: 20", "wait: 1")
    with pytest.raises(AwaitingVerdicts):
        at.run(FEED)
    with pytest.raises(Terminal, match="gone without its verdicts"):
        at.run(FEED)
    site = at.site()
    (one,) = held.deliveries(site)
    held.propose(site, one.key, "arrived", "平台电话确认已入库", "甲")
    held.confirm(site, one.key, ("arrived",), "乙")
    site.ledger.engine.dispose()
    at.run(FEED)
    assert look(at) == []


def test_what_was_seen_there_is_asked_about_whatever_is_promised(install: Install) -> None:
    at = install(batch=20, only=FEED, transport="folder")
    edit(at.root / YAML, "wait: 20", "wait: 0")
    edit(at.root / YAML, PROMISE, "idempotency: none")
    at.world.nation.faults.set("late", 1000, seconds=10**6)
    with pytest.raises(AwaitingVerdicts):
        at.run(FEED)
    at.world.nation.hurry()
    again(at)
    assert look(at) == []


def test_another_host_key_lets_nothing_out(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    at = install(batch=20, only=FEED, transport="sftp")
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with monkeypatch.context() as changed:
        changed.setenv("GUIJI_NATION_HOST_KEY", other)
        with pytest.raises(ReceiverRefused, match="another host key"):
            at.run(FEED)
    assert {state for state, _ in states(at)} == {"sealed"}
    assert list(incoming(at).iterdir()) == []
    at.run(FEED)
    assert look(at) == []


def incoming(at: Installation) -> Path:
    folder: Path = at.world.nation.incoming
    return folder
