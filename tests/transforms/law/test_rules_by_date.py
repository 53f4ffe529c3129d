"""The page on rules by date says what the tables say, with the same marks."""

from pathlib import Path

import pytest

from schemas.standard import code_list

PAGE = Path(__file__).parents[3] / "docs" / "rules-by-date.md"
PERIODS = ("from", "to", "class_zh", "publish", "min_publicity", "max_publicity", "verified")
KINDS = ("name_zh", "art9_item", "severity_2019_layout", "severity_2021_datong", "severity_2021_shandong", "verified")


def _table(heading):
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "codes", "columns"),
    [("How long", "publicity_period_rules", PERIODS), ("The heaviest", "penalty_kind", KINDS)],
)
def test_tables_are_those_of_the_standard(heading, codes, columns):
    assert _table(heading) == [[row[name] or "–" for name in columns] for row in code_list("enforcement", "1.0", codes)]


def test_terms_are_those_of_the_standard():
    wanted = [
        [
            row["id"],
            row["what_zh"],
            row["limit"] if row["unit"] == "date" else f"{row['limit']} {row['unit']}",
            row["counted_from"],
            row["basis"],
            row["verified"],
        ]
        for row in code_list("enforcement", "1.0", "deadlines")
    ]
    assert _table("Terms") == wanted
