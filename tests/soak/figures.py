"""Owns the counting: each soak test says how often it tried what and what it found; `make soak` makes a table of it.

The programme has twenty parts; what another place tries has its row all the same, and what nobody tries says so.
"""

import json
import os
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.soak.tiers import SEED, TIER

HEAD = "| test | what | tried | lost, doubled, wrong or stuck |\n|---|---|---|---|\n"

PARTS = 20
ELSEWHERE = {
    13: ("bad inputs", "`make test`: `tests/exchange/`, `tests/schemas/`, `tests/transforms/`; no fuzzing"),
    14: ("planted people, looked for in all that is written", "`make test`: `tests/flow/test_privacy.py`"),
    15: ("forged and damaged bundles", "`make test`: `tests/evidence/`"),
    17: ("security gates", "`make test`, CI"),
    18: ("the operators' interface", "there is none but commands"),
    19: ("many nights, many records", "`make nights`, `make bench`"),
    20: ("a drill by an outsider", "not done"),
}
"""What does not run here: part → (what, who tries it)."""
BEGIN, END = "### The figures\n", "### How it was tried\n"


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
    """The figures of one run as Markdown, summed over the shares of a test; every part of the programme has a row."""
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        one = Figure(**json.loads(line))
        sums[int(one.test.strip("T")), one.what][0] += one.tried
        sums[int(one.test.strip("T")), one.what][1] += one.wrong
    rows = [(part, f"| T{part} | {what} | {tried:,} | {wrong} |") for (part, what), (tried, wrong) in sums.items()]
    for part in set(range(1, PARTS + 1)) - {part for part, _ in rows}:
        what, where = ELSEWHERE.get(part, ("**not run**", ""))
        rows.append((part, f"| T{part} | {what} | {where} | |"))
    return HEAD + "".join(f"{row}\n" for _, row in sorted(rows))


def written(page: str, found: str) -> str:
    """A page with the figures between its two headings."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{found}\n{END}{rest.split(END)[1]}"
