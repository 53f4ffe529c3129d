"""The annual layouts: no column that was not seen, no mark better than what was seen, every kind in one column."""

import re
from pathlib import Path

import pytest
import yaml

from schemas.annual_layouts import FOLDER, MARKS, ORDERS, figures, layout, layouts, seen_rows
from schemas.errors import ConfigurationError
from transforms.law.severity import ORDERS as KNOWN_ORDERS
from transforms.law.severity import penalty_kinds


def test_the_orders_are_those_that_can_be_counted_by() -> None:
    assert ORDERS == KNOWN_ORDERS


def test_every_column_that_was_seen_stands_for_at_least_one_figure() -> None:
    used = {(table, figure.of) for table, group in figures().items() for figure in group.values()}
    assert used == set(seen_rows())


def test_every_figure_is_asked_for_by_some_layout() -> None:
    asked = {(t.name, f.name) for code in layouts() for t in layout(code).tables for f in t.figures}
    assert asked == {(table, name) for table, group in figures().items() for name in group}


def test_no_figure_is_surer_than_the_column_it_stands_for() -> None:
    for table, group in figures().items():
        for figure in group.values():
            assert MARKS.index(figure.verified) <= MARKS.index(seen_rows()[table, figure.of]["verified"])


@pytest.mark.parametrize("code", layouts())
def test_a_kind_counts_in_one_column_only_and_every_ranked_kind_in_one(code: str) -> None:
    one = layout(code)
    kinds = [kind for table in one.tables for f in table.figures if f.rule for kind in f.rule.heaviest]
    assert len(kinds) == len(set(kinds))
    if one.severity_order:
        assert set(penalty_kinds().steps[one.severity_order]) | {"其他"} == set(kinds)


def test_what_is_split_and_counted_in_which_unit_is_what_the_sources_say() -> None:
    def names(code: str) -> list[str]:
        return [figure.name for figure in layout(code).tables[0].figures]

    assert "warning_criticism" in names("zhejiang_2024")
    assert {"warning", "criticism"} < set(names("datong_2021"))
    assert [code for code in layouts() if "confiscation_gains" in names(code)] == ["shandong_2021"]
    assert [code for code in layouts() if layout(code).amount_unit == "元"] == ["datong_2021"]
    assert [code for code in layouts() if layout(code).revoked] == ["guangdong"]


MISTAKES = {
    "key": ("amount_unit: 元", "amount_unitt: 元", "amount_unitt", "amount_unit"),
    "unit": ("amount_unit: 元", "amount_unit: 千元", "amount_unit", "元, 万元"),
    "order": ("severity_order: 2021_datong", "severity_order: 2021", "severity_order", "2021_datong"),
    "mark": ("verified: partial", "verified: true", "verified", "partial"),
    "table": ("  permit:", "  permits:", "tables.permits", "permit"),
    "figure": ("[warning, criticism", "[warnings, criticism", "tables.penalty", "warning"),
    "missing": ("title_en:", "# title_en:", "datong", "title_en"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_layout_of_ones_own_is_checked(name: str, tmp_path: Path) -> None:
    right, wrong, key, remedy = MISTAKES[name]
    text = (FOLDER / "layouts" / "datong_2021.yaml").read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / "datong.yaml"
    path.write_text(text.replace(right, wrong), encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        layout(str(path))

    assert "datong.yaml" in caught.value.where
    assert key in f"{caught.value.where} {caught.value.message}"
    assert remedy in caught.value.remedy


def test_a_layout_of_ones_own_counts_like_ours(tmp_path: Path) -> None:
    path = tmp_path / "county.yaml"
    path.write_text((FOLDER / "layouts" / "datong_2021.yaml").read_text(encoding="utf-8"), encoding="utf-8")

    assert layout(str(path)).tables == layout("datong_2021").tables
    assert layout(str(path)).code == "county"


def test_an_unknown_layout_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="datong_2021"):
        layout("datong")


def test_the_table_of_columns_is_shipped_as_it_was_seen() -> None:
    """Marks are words of the house, and the yaml beside it says nothing under a name the table does not have."""
    assert {row["verified"] for row in seen_rows().values()} <= set(MARKS)
    data = yaml.safe_load((FOLDER / "figures.yaml").read_text(encoding="utf-8"))
    assert set(data) == {table for table, _ in seen_rows()}
    assert all(re.fullmatch(r"[a-z_]+", name) for group in data.values() for name in group)
