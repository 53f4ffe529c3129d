"""Every part of the programme has a row, and the page can be written anew from a run's figures."""

import json
from pathlib import Path

from tests.soak.figures import BEGIN, END, PARTS, table, written

PAGE = Path(__file__).parents[2] / "docs/delivery-guarantee.md"


def parts(text: str) -> set[int]:
    return {int(line.split("|")[1].strip(" T")) for line in text.splitlines() if line.startswith("| T")}


def test_figures_are_summed_and_every_part_has_a_row(tmp_path: Path) -> None:
    shares = [{"test": "T2", "what": "killed", "tried": tried, "wrong": tried % 2} for tried in (4, 5)]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(one) + "\n" for one in shares), encoding="utf-8")
    made = table(tmp_path / "f.jsonl")
    assert "| T2 | killed | 9 | 1 |\n" in made
    assert "| T3 | **not run** |" in made
    assert parts(made) == set(range(1, PARTS + 1))


def test_the_page_has_every_part_under_its_heading() -> None:
    page = PAGE.read_text(encoding="utf-8")
    inside = page.split(BEGIN)[1].split(END)[0]
    assert parts(inside) == set(range(1, PARTS + 1))
    assert written(written(page, "x\n"), f"{inside.strip()}\n") == page
