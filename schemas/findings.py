"""What is wrong with a record: findings, in columns, and the registry of their codes.

A finding carries a code, a field and the row it speaks of; never the value itself. The registry
(`finding_codes/*.csv`) gives each code its severity and its plain words in Chinese and English.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Severity = Literal["error", "warning"]
CODES_FOLDER = Path(__file__).parent / "finding_codes"


@dataclass(frozen=True, slots=True)
class Flag:
    """Rows of one chunk that share one finding. `rows`: int64 positions within the chunk, ascending."""

    code: str
    field: str
    rows: "npt.NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class FindingCode:
    """One entry of the registry. `error` holds the record back, `warning` lets it pass and counts it."""

    code: str
    severity: Severity
    title_zh: str
    title_en: str
    remedy_zh: str
    remedy_en: str


@cache
def registry() -> dict[str, FindingCode]:
    """All codes by name. Raises ValueError when two files define the same code."""
    codes: dict[str, FindingCode] = {}
    for path in sorted(CODES_FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["code"] in codes:
                    raise ValueError(f"{path.name}: finding code {row['code']} is defined twice")
                codes[row["code"]] = FindingCode(**_typed(row))
    return codes


def _typed(row: dict[str, str]) -> dict[str, Any]:
    if row["severity"] not in ("error", "warning"):
        raise ValueError(f"finding code {row['code']}: severity is {row['severity']!r}, not error or warning")
    return dict(row)


def severity(code: str) -> Severity:
    """The code's severity. A code outside the registry is a programming error: KeyError."""
    return registry()[code].severity


def held_rows(flags: Iterable[Flag], rows: int) -> "npt.NDArray[np.bool_]":
    """Mask over a chunk of `rows` records: True where any flag of severity error stands."""
    import numpy as np

    mask = np.zeros(rows, dtype=bool)
    for flag in flags:
        if severity(flag.code) == "error":
            mask[flag.rows] = True
    return mask
