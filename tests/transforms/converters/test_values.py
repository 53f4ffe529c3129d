"""Values as public pages and departments' exports have them, and what a careful clerk makes of each.

`values.csv` was written before it was run. `says`: clean (that value, nothing found), doubted (that value and a
warning), held (no value and an error), none (no value, nothing found). Names and persons' numbers are invented.
"""

import csv
import json
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest

from transforms.converters.cli_form import convert_lines

with Path(__file__).with_name("values.csv").open(encoding="utf-8", newline="") as lines:
    ROWS = list(csv.DictReader(lines))
GROUPS = [
    (converter, parameter, list(rows))
    for (converter, parameter), rows in groupby(
        sorted(ROWS, key=lambda row: (row["converter"], row["parameter"])),
        key=lambda row: (row["converter"], row["parameter"]),
    )
]
AMOUNTS = {"money", "fine_from_text", "confiscation_from_text"}


def expected(row: dict[str, str]) -> tuple[object, str]:
    if row["says"] in ("held", "none"):
        return None, row["says"]
    if row["converter"] in AMOUNTS:
        return Decimal(row["value"]), row["says"]
    return row["value"], row["says"]


def answered(row: dict[str, str], line: str) -> tuple[object, str]:
    answer = json.loads(line)
    value, found = answer["value"], {finding["severity"] for finding in answer["findings"]}
    if value is None:
        return None, "held" if found else "none"
    shown = Decimal(value) if row["converter"] in AMOUNTS else str(value)
    return shown, "doubted" if found else "clean"


@pytest.mark.parametrize(("converter", "parameter", "rows"), GROUPS, ids=[f"{g[0]} {g[1]}".strip() for g in GROUPS])
def test_values(converter: str, parameter: str, rows: list[dict[str, str]]) -> None:
    given = dict([parameter.split("=")]) if parameter else {}
    texts = [json.dumps(row["text"]) for row in rows]
    wrong = {
        row["text"]: (said, wanted)
        for row, line in zip(rows, convert_lines(converter, texts, given), strict=True)
        if (said := answered(row, line)) != (wanted := expected(row))
    }
    assert wrong == {}
