"""Owns how much is tried: a sample at each commit (C, `make test`), all of it in `make soak` (N nightly, R release).

Whatever is drawn at random is drawn from a seed that is printed: GUIJI_SOAK_SEED repeats it.
"""

import os
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")
TIER = os.environ.get("GUIJI_SOAK_TIER", "C")
SEED = int(os.environ.get("GUIJI_SOAK_SEED", "7"))
EVERYTHING = 1_000_000
MOST = int(os.environ.get("GUIJI_SOAK_MOST", EVERYTHING))


def amount(c: int, n: int = EVERYTHING, r: int = EVERYTHING) -> int:
    """How many in this tier; GUIJI_SOAK_MOST caps it where there is less time."""
    return min({"C": c, "N": n, "R": r}[TIER], MOST)


def sampled(items: Sequence[T], most: int) -> list[T]:
    """At most `most` of them, spread evenly from the first to the last."""
    if len(items) <= most:
        return list(items)
    if most < 2:
        return list(items[len(items) // 2 :][:most])
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def drawn(items: Sequence[T], most: int, name: str) -> list[T]:
    """At most `most` of them, drawn by the seed and a name of the drawing, in their old order."""
    if len(items) <= most:
        return list(items)
    places = Random(f"{SEED}/{name}").sample(range(len(items)), most)
    return [items[place] for place in sorted(places)]
