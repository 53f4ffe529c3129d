"""互联网+监管 profiles: the receiver's own columns, each from the field that the standard drew from it."""

import csv

import pytest

from schemas.catalog import HOUSE, Catalog
from schemas.standard import FOLDER, standard
from transforms.outgoing import compile_profile

TYPES = standard("enforcement", "1.0").record_types
RECEIVER = Catalog(HOUSE).receiver("hlwjg")
TABLES = {"inspection": "xzjc_hlwjg", "coercion": "xzqz_hlwjg", "other_act": "qtxw_hlwjg", "penalty": "xzcf_hlwjg"}


def _columns(table: str) -> list[str]:
    with (FOLDER / "enforcement" / "1.0" / "fields" / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return [row["field_code"] for row in csv.DictReader(lines)]


def test_the_profiles_are_the_four_acts() -> None:
    assert set(RECEIVER.profiles) == set(TABLES)


@pytest.mark.parametrize("name", ["inspection", "coercion", "other_act"])
def test_a_profile_has_the_columns_of_the_table_in_its_order_each_from_its_own_field(name: str) -> None:
    profile = compile_profile(RECEIVER.profiles[name], TYPES[name], name)
    assert [column for column, _ in profile.fields] == _columns(TABLES[name])
    for column, spec in profile.fields:
        field = TYPES[name].field(spec["from"])
        assert field.source == f"互联网+监管 {column}"
        assert spec["as"] == ("date" if field.kind == "date" else "text")


def test_the_penalty_sends_known_columns_only_and_no_amount_without_a_unit() -> None:
    profile = compile_profile(RECEIVER.profiles["penalty"], TYPES["penalty"], "penalty")
    columns = [column for column, _ in profile.fields]
    assert set(columns) < set(_columns("xzcf_hlwjg"))
    assert not {"punish_amount", "close_paid_amount"} & set(columns)


def test_no_feed_sends_to_a_receiver_that_nobody_has_connected() -> None:
    assert all("hlwjg" not in feed.receivers for feed in Catalog(HOUSE).feeds.values())
