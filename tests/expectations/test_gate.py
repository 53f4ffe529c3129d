"""The gate: too much held, too many vanished, an empty sweep; and every reason is in the registry."""

import pytest

from expectations.gate import GateLimits, decide
from schemas.findings import registry

LIMITS = GateLimits()


@pytest.mark.parametrize(
    ("pulled", "held", "vanished", "known", "reason"),
    [
        (100, 20, 0, 0, ""),
        (100, 21, 0, 0, "GATE_TOO_MANY_HELD"),
        (19, 10, 0, 0, ""),
        (19, 19, 0, 0, "GATE_TOO_MANY_HELD"),
        (20, 5, 0, 0, "GATE_TOO_MANY_HELD"),
        (100, 0, 5, 100, ""),
        (100, 0, 6, 100, "GATE_TOO_MANY_VANISHED"),
        (10, 0, 9, 19, ""),
        (0, 0, 3, 3, "GATE_EMPTY_SWEEP"),
        (0, 0, 0, 3, ""),
        (0, 0, 0, 0, ""),
    ],
)
def test_a_batch_is_held_just_above_its_limit(pulled: int, held: int, vanished: int, known: int, reason: str) -> None:
    decision = decide(pulled, held, LIMITS, vanished=vanished, known=known)
    assert (decision.hold, decision.reason_code) == (bool(reason), reason)
    assert bool(decision.words_zh) == bool(decision.words_en) == bool(reason)


def test_every_reason_is_registered() -> None:
    for pulled, held, vanished in ((0, 0, 50), (50, 50, 0), (50, 0, 50)):
        assert registry()[decide(pulled, held, LIMITS, vanished=vanished, known=50).reason_code].severity == "error"


def test_limits_move_the_gate() -> None:
    assert not decide(100, 90, GateLimits(max_held_share=0.9)).hold
    assert decide(5, 2, GateLimits(min_rows_for_share=5)).hold


def test_a_negative_count_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="held"):
        decide(1, -1, LIMITS)
