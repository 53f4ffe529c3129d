"""Nights through an exchange table: from the pull to the receipt, judged at once, later, never, or lost on the way."""

from datetime import date

import pytest
from sqlalchemy import text

from evidence.verify import check
from exchange import asof, held
from exchange.evidence import Evidence
from schemas.errors import AwaitingVerdicts, GuijiError, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable, Terminal
from tests.connectors.conftest import absent
from tests.exchange.evidence.asked import trust
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation, edit
from tests.flow.oracle import faults
from tests.flow.processes import FEED
from tests.flow.test_digests import compare
from tests.flow.transports import TRANSPORTS

YAML = "receivers/nation/receiver.yaml"


def base(at: Installation, statement: str) -> list[tuple[object, ...]]:
    """The platform's people at work; the rows of a SELECT."""
    engine = at.world.nation.engine
    with engine.begin() as connection:
        done = connection.execute(text(statement))
        return [tuple(row) for row in done] if done.returns_rows else []


def look(at: Installation) -> list[str]:
    night = at.world.night
    return [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, night)]


@pytest.mark.parametrize("transport", [name for name, one in TRANSPORTS.items() if "table" in one.steps])
def test_two_nights_and_their_proof(install: Install, transport: str) -> None:
    if not TRANSPORTS[transport].there():
        absent(transport)
    at = install(batch=20, only=FEED, transport=transport)
    for night in (1, 2):
        at.world.advance_to(night)
        at.run(FEED)
        assert look(at) == []
        assert at.balance(FEED).state == "closed"
    assert compare(at) == []
    assert all(one.outcome == "judged" for one in at.world.nation.attempts())
    changed = (
        "UPDATE gj_penalty SET penalty_content = '改过' WHERE gj_state = '2' AND gj_seq = 3 AND cd_operation <> 'd'"
    )
    base(at, changed)
    assert {one.kind for one in compare(at)} == {"altered"}
    site = at.site()
    counted = asof.counts(site, "nation", date(2099, 1, 1), FEED)
    assert [row[1] for row in counted] == [len(at.world.nation.current("penalty"))]
    site.ledger.engine.dispose()
    proved(at)


def proved(at: Installation) -> None:
    """The last delivery's bundle holds in every point, its receipts read by the verifier."""
    site = at.site()
    proof = Evidence(site)
    assert proof.checkpoint()
    _, raw = proof.bundle(at.world.nation.applied()[-1].key)
    assert [finding.holds for finding in check(raw, trust(proof))] == [True] * 11
    site.ledger.engine.dispose()


def states(at: Installation) -> list[tuple[str, int]]:
    """State of each delivery to the nation, and the answers filed for it."""
    query = "SELECT d.state, COUNT(r.id) FROM delivery d LEFT JOIN receipt r ON r.delivery_key = d.key "
    site = at.site()
    with site.ledger.read() as connection:
        rows = connection.execute(text(f"{query}WHERE d.receiver = 'nation' GROUP BY d.id ORDER BY d.id"))
        found = [(row[0], row[1]) for row in rows]
    site.ledger.engine.dispose()
    return found


def test_judged_days_later(install: Install) -> None:
    """All deliveries lie there in order meanwhile, a second night's revocations behind the first night's records."""
    at = install(batch=20, only=FEED, transport="table")
    edit(at.root / YAML, "wait: 20", "wait: 0")
    at.world.nation.faults.set("late", 1000, seconds=10**6)
    for night in (1, 2):
        at.world.advance_to(night)
        for _ in range(2):
            with pytest.raises(AwaitingVerdicts):
                at.run(FEED)
        assert set(states(at)) == {("unknown", 1)}
        assert base(at, "SELECT COUNT(*) FROM gj_control") == [(len(states(at)),)]
    assert at.world.nation.applied() == []
    at.world.nation.hurry()
    again(at)
    assert look(at) == []
    assert set(states(at)) == {("acked", 2)}
    proved(at)


def again(at: Installation, most: int = 3) -> None:
    """Run until done."""
    for _ in range(most):
        try:
            at.run(FEED)
            return
        except ReceiverUnreachable as error:
            last = error
    raise last


SHOWN: dict[str, type[GuijiError] | None] = {
    "half_judged": None, "odd_status": ReceiptMismatch, "batch_refused": ReceiverRefused,
    "row_gone": ReceiptMismatch, "control_gone": ReceiptMismatch, "locked": ReceiverUnreachable,
}  # fmt: skip


@pytest.mark.parametrize("fault", SHOWN)
def test_the_platform_goes_wrong_once(install: Install, fault: str) -> None:
    at = install(batch=20, only=FEED, transport="table")
    edit(at.root / YAML, "timeout: 30", "timeout: 0.2")
    edit(at.root / YAML, "wait: 20", "wait: 5")
    at.world.nation.faults.set(fault, 1, seconds=4 if fault == "locked" else 0.2)
    kind = SHOWN[fault]
    if kind is None:
        at.run(FEED)
    else:
        with pytest.raises(kind) as told:
            at.run(FEED)
        assert told.value.where.startswith("receivers/nation/receiver.yaml")
        assert "lost" in str(faults(at.world, at.world.nation, FEED, 1)) or fault in ("odd_status", "row_gone")
        at.world.nation.mend()
        again(at)
    assert look(at) == []
    assert at.balance(FEED).state == "closed"
    assert faults(at.world, at.world.province, FEED, 1) == []


def test_what_lay_there_and_is_gone_is_for_two_persons(install: Install) -> None:
    at = install(batch=20, only=FEED, transport="table")
    at.world.nation.faults.set("taken_and_gone", 1)
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
    assert at.balance(FEED).state == "closed"
