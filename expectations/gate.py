"""The gate: whether a batch may go on, from its counts alone.

Too much held back means the source or the mapping changed, not the records; too many known keys gone means a broken
sweep, not deletions. Either way nothing of the batch is sent until a person has looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Shares are fractions of 1. Below `min_rows_for_share` rows a share says nothing and is not judged."""

    max_held_share: float = 0.2
    max_vanished_share: float = 0.05
    min_rows_for_share: int = 20


@dataclass(frozen=True, slots=True)
class GateDecision:
    """`reason_code` is in the registry of findings, or empty; the words carry counts, never values."""

    hold: bool
    reason_code: str = ""
    words_zh: str = ""
    words_en: str = ""


def decide(
    pulled: int, held: int, limits: GateLimits, vanished: int = 0, known: int = 0, empty: Sequence[str] = ()
) -> GateDecision:
    """Judge one batch. `vanished`: known keys a complete sweep did not bring; `known`: keys known before it.

    `empty`: names of files without a single byte.
    """
    for name, count in {"pulled": pulled, "held": held, "vanished": vanished, "known": known}.items():
        if count < 0:
            raise ValueError(f"{name} is {count}: a count is never negative")
    if empty:
        return _without_a_byte(empty)
    if known > 0 and pulled == 0 and vanished >= known:
        return _empty(known)
    if pulled >= limits.min_rows_for_share and held > limits.max_held_share * pulled:
        return _held(pulled, held, limits.max_held_share)
    if pulled and held == pulled:
        return _held(pulled, held, limits.max_held_share)
    if known >= limits.min_rows_for_share and vanished > limits.max_vanished_share * known:
        return _vanished(known, vanished, limits.max_vanished_share)
    return GateDecision(hold=False)


def _without_a_byte(names: Sequence[str]) -> GateDecision:
    some = "、".join(names[:3]) + ("…" if len(names) > 3 else "")
    return GateDecision(
        True,
        "GATE_EMPTY_FILE",
        f"有 {len(names)} 个文件为空（0 字节）：{some}；整批扣留，请部门重新放入",
        f"{len(names)} file(s) hold not a single byte: the batch is held, have the department deliver again",
    )


def _empty(known: int) -> GateDecision:
    return GateDecision(
        True,
        "GATE_EMPTY_SWEEP",
        f"全量比对未取到任何记录，而此前已有 {known} 条；整批扣留，不作删除",
        f"a complete sweep brought nothing where {known} records were known: the batch is held, nothing is deleted",
    )


def _held(pulled: int, held: int, limit: float) -> GateDecision:
    return GateDecision(
        True,
        "GATE_TOO_MANY_HELD",
        f"本批 {pulled} 条中有 {held} 条不合格，超过上限 {limit:.0%}；整批扣留",
        f"{held} of {pulled} records are held, more than the limit of {limit:.0%}: the whole batch is held",
    )


def _vanished(known: int, vanished: int, limit: float) -> GateDecision:
    return GateDecision(
        True,
        "GATE_TOO_MANY_VANISHED",
        f"已知 {known} 条中有 {vanished} 条在源端消失，超过上限 {limit:.0%}；整批扣留，不作删除",
        f"{vanished} of {known} known records vanished, more than the limit of {limit:.0%}: held, nothing is deleted",
    )
