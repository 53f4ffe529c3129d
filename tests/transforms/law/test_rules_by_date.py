"""The page on rules by date says what the tables say, with the same marks."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.standard import code_list
from schemas.version_files import version_file
from transforms.law.deadlines import publication_clock
from transforms.law.publicity import publicity, publicity_columns
from transforms.law.severity import article_9_item

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


def test_tables_are_those_of_the_newest_version_unless_one_is_named(tmp_path, monkeypatch):
    own = tmp_path / "standards" / "enforcement" / "7.0"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2090-01-01}\n', encoding="utf-8")
    words = "{zh: 甲, en: a}"
    lists = ("publicity_period_rules", "deadlines", "penalty_kind")
    explained = "".join(f"  {name}: {{added: {{x: {words}}}}}\n" for name in lists)
    (own / "upgrade.yaml").write_text(f"code_lists:\n{explained}", encoding="utf-8")
    for name in lists:
        rows = version_file("enforcement", "1.0", f"codes/{name}.csv").read_text(encoding="utf-8")
        for old, new in (("3 years", "4 years"), ("决定公开,20", "决定公开,21"), ("detention,5,", "detention,6,")):
            rows = rows.replace(old, new)
        (own / "codes" / f"{name}.csv").write_text(rows, encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    decision = date(2026, 5, 6)
    days, classes = pa.array([decision]), pa.array(["严重"])
    assert publicity(decision, "严重", decision).latest_end == date(2030, 5, 6)
    assert publicity_columns(days, classes, "1.1")["latest_end"].to_pylist() == [date(2029, 5, 6)]
    assert (publication_clock("inspection").limit, publication_clock("inspection", "1.0").limit) == ("21", "20")
    assert (article_9_item("行政拘留"), article_9_item("行政拘留", "1.1")) == (6, 5)
