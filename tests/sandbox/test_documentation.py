"""docs/sandbox.md names every column, every class of dirt and every fault."""

from pathlib import Path

import pytest

from sandbox.generator.dirt import FATAL, REPAIRABLE
from sandbox.generator.layouts import LAYOUTS
from sandbox.receivers import FAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("feed", sorted(LAYOUTS))
def test_every_column_is_in_the_table_of_its_feed(feed: str) -> None:
    section = PAGE.split(f"### {feed}\n")[1].split("\n### ")[0]
    assert [name for name in LAYOUTS[feed].columns.values() if f"| `{name}` |" not in section] == []


def test_every_class_of_dirt_and_every_fault_is_named() -> None:
    names = [one.name for one in (*FATAL, *REPAIRABLE)] + list(FAULTS)
    assert [name for name in names if f"| {name} |" not in PAGE] == []
