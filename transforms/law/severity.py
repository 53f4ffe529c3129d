"""Which kind of a penalty counts: severity orders (处罚种类轻重) of the annual report, and the items of article 9.

A decision with several kinds counts once, under its heaviest; a named kind beats 其他. Three published layouts order
the kinds differently (`penalty_kind.csv`): the order is always named by the caller, there is no default. A kind
that an order has no step for leaves the decision without a heaviest kind, and is said in `unranked`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa

from schemas.errors import ConfigurationError
from schemas.standard import rows_of
from transforms.law.distinct import coded
from transforms.law.tables import table

Order = Literal["2019_layout", "2021_datong", "2021_shandong"]
ORDERS: tuple[Order, ...] = get_args(Order)
OTHER = "其他"


@dataclass(frozen=True, slots=True)
class Heaviest:
    """The heaviest kind; `kinds` has several where the layout puts them on one step (没收违法所得、没收非法财物).

    `step`: its place in the layout, 1 the lightest; None for 其他, which stands outside the steps. `kinds` is empty
    when there is no kind at all, or when some are `unranked`.
    """

    kinds: tuple[str, ...] = ()
    step: int | None = None
    unranked: tuple[str, ...] = ()


@dataclass(frozen=True)
class PenaltyKinds:
    """The list: steps by order, items of article 9, and the mark of each row."""

    steps: dict[str, dict[str, int]]
    items: dict[str, int]
    verified: dict[str, str]


def penalty_kinds(version: str = "") -> PenaltyKinds:
    """The list of one version of the standard, or of the newest."""
    return _kinds(table("penalty_kind", version))


@cache
def _kinds(path: Path) -> PenaltyKinds:
    rows = rows_of(path)
    return PenaltyKinds(
        steps={o: {r["name_zh"]: int(r[f"severity_{o}"]) for r in rows if r[f"severity_{o}"]} for o in ORDERS},
        items={row["name_zh"]: int(row["art9_item"]) for row in rows},
        verified={row["name_zh"]: row["verified"] for row in rows},
    )


def heaviest(kinds: str | None, order: Order, version: str = "") -> Heaviest:
    """The kind under which a decision with `kinds`, joined by ;, counts. Raises ConfigurationError for the order."""
    steps = _steps(order, version)
    given = split(kinds)
    named = [kind for kind in given if not is_other(kind)]
    unranked = tuple(kind for kind in named if kind not in steps)
    if unranked:
        return Heaviest(unranked=unranked)
    if not named:
        return Heaviest(kinds=given)
    top = max(steps[kind] for kind in named)
    return Heaviest(tuple(kind for kind in named if steps[kind] == top), top)


def heaviest_columns(column: pa.Array, order: Order, version: str = "") -> pa.Table:
    """Columns kind (several on one step joined by 、), step, unranked (joined by ;); found once a distinct text."""
    codes = coded(column)
    found = [heaviest(text, order, version) for text in codes.dictionary.to_pylist()]
    columns = pa.table(
        {
            "kind": pa.array(["、".join(f.kinds) or None for f in found], pa.string()),
            "step": pa.array([f.step for f in found], pa.int32()),
            "unranked": pa.array([";".join(f.unranked) or None for f in found], pa.string()),
        }
    )
    return columns.take(codes.indices)


def article_9_item(kind: str, version: str = "") -> int | None:
    """The item of 《行政处罚法》(2021) art. 9 that one kind falls under; 其他-… under item 6; None when not known."""
    return penalty_kinds(version).items.get(OTHER if is_other(kind) else kind)


def article_9_items(column: pa.Array) -> pa.Array:
    """Items of each decision's kinds, as list<int32> in the order written; null inside for a kind that is not known."""
    codes = coded(column)
    found = [[article_9_item(kind) for kind in split(text)] for text in codes.dictionary.to_pylist()]
    return pa.array(found, pa.list_(pa.int32())).take(codes.indices)


def split(kinds: str | None) -> tuple[str, ...]:
    """The kinds of a text joined by ; without repeats, in the order written."""
    parts = (part.strip() for part in (kinds or "").replace("；", ";").split(";"))
    return tuple(dict.fromkeys(part for part in parts if part))


def is_other(kind: str) -> bool:
    """Whether this is 其他, bare or with its kind named (其他-补办)."""
    return kind == OTHER or kind.startswith(f"{OTHER}-")


def _steps(order: str, version: str) -> dict[str, int]:
    steps = penalty_kinds(version).steps.get(order)
    if steps is None:
        raise ConfigurationError(
            f"severity order {order} does not exist",
            where="penalty_kind.csv",
            remedy=f"use one of: {', '.join(ORDERS)}",
        )
    return steps
