"""Owns the counting: each soak test says how often it tried what and what it found; `make soak` makes a table of it."""

import json
import os
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.soak.tiers import SEED, TIER

HEAD = "| test | what | tried | lost, doubled, wrong or stuck |\n|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: the test programme's number, what was tried, how often, how many went wrong."""

    test: str
    what: str
    tried: int
    wrong: int


def tell(test: str, what: str, tried: int, wrong: int) -> None:
    """Print a figure, and add it to the file that GUIJI_SOAK_FIGURES names."""
    print(f"{test} {what}: {tried} tried, {wrong} wrong (tier {TIER}, seed {SEED})")
    if path := os.environ.get("GUIJI_SOAK_FIGURES"):
        with Path(path).open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(Figure(test, what, tried, wrong)), ensure_ascii=False) + "\n")


def table(path: Path) -> str:
    """The figures of one run as Markdown, summed over the shares of a test."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        one = Figure(**json.loads(line))
        sums[one.test, one.what][0] += one.tried
        sums[one.test, one.what][1] += one.wrong
    rows = sorted(sums.items(), key=lambda item: (int(item[0][0].strip("T")), item[0][1]))
    return HEAD + "".join(f"| {test} | {what} | {tried:,} | {wrong} |\n" for (test, what), (tried, wrong) in rows)
