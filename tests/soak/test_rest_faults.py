"""T7 for interfaces: what may go wrong at a REST source, over real HTTP; put right again, all must be there."""

import pytest

from sandbox.receivers.rules import party_unknown
from schemas.errors import GuijiError
from tests.flow.conftest import Install
from tests.flow.conftest import install as install
from tests.flow.installation import RECEIVERS, Installation, edit
from tests.flow.oracle import applied_of, cd_id, faults, wanted
from tests.soak.figures import tell
from tests.soak.rest_faults import REST_FAULTS, Front, RestFault
from tests.soak.survival import give_up_unread, said
from tests.soak.tiers import amount, sampled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
FEED = "water/penalty"


def look(at: Installation) -> list[str]:
    return [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, at.world.night)]


def expected(fault: RestFault, error: GuijiError | None, more: list[int], came: list[str]) -> bool:
    """`more`: new versions at each receiver; `came`: operations of the row's new versions at the nation."""
    return {
        "whole": error is None and more == [0, 0],
        "sent": error is None and came == ["u"],
        "revoked": error is None and came == ["d"],
        "refused": error is not None and more == [0, 0],
        "either": error is None and came in ([], ["u"]),
        "later": error is None and "d" not in came,
    }[fault.expect]


def happened(at: Installation, front: Front, fault: RestFault, serial: int) -> list[str]:
    """Let it happen, run, compare with what must follow; put it right, run, look."""
    before = {code: len(at.receiver(code).applied()) for code in RECEIVERS}
    versions = len(applied_of(at.world.nation, FEED)[serial])
    front.turn = 0
    fault.before(front)
    front.spoil = fault.spoil
    error = said(at, FEED)
    more = [len(at.receiver(code).applied()) - before[code] for code in RECEIVERS]
    came = [one.operation for one in applied_of(at.world.nation, FEED)[serial][versions:]]
    found = (
        [] if expected(fault, error, more, came) else [f"not {fault.expect}: {error}, {more} more, {came} of the row"]
    )
    front.spoil = lambda front, turn, page: None
    front.hold()
    give_up_unread(at, FEED, "接口已改正")
    error = said(at, FEED)
    return [*found, *(f"afterwards: {words}" for words in ([str(error)] if error else look(at)))]


def test_what_may_go_wrong_at_an_interface(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    at = install(40, only=FEED)
    edit(at.root / "departments/water/penalty.yaml", "size: 500", "size: 7")
    edit(at.root / "departments/water/department.yaml", "method: rest", "method: rest\n  timeout: 1")
    at.run(FEED)
    rows = at.world.truth().feeds[FEED].rows
    sound = [
        (serial, one.row)
        for serial, one in wanted(at.world, FEED, 1).items()
        if one.state == "present" and not one.dirt and not party_unknown(cd_id(FEED, one.row))
    ]
    serial, row = sound[len(sound) // 2]
    front, found, chosen = Front(at.world.water, rows, row), [], sampled(REST_FAULTS, amount(9))
    monkeypatch.setenv("GUIJI_WATER_URL", front.url)
    for fault in chosen:
        wrong = happened(at, front, fault, serial)
        print(f"{fault.name}: {wrong or fault.expect}", flush=True)
        found += [f"{fault.name}: {words}" for words in wrong]
    front.stop()
    tell("T7", f"source faults at an interface (of {len(REST_FAULTS)})", len(chosen), len(found))
    assert found == []
