"""What the table of regions promises: codes, months in order, successors that exist, facts that the domain names."""

import csv
from collections import Counter

import numpy as np
import pytest

from transforms.converters.region_table import (
    EXTENSION,
    FOLDER,
    GONE,
    IN_FORCE,
    NOT_YET,
    UNKNOWN,
    extensions,
    regions,
    state,
    states,
)


def rows() -> list[dict[str, str]]:
    with (FOLDER / "table.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_row_is_a_code_with_months_in_order() -> None:
    for row in rows():
        assert len(row["code"]) == 6
        assert row["code"].isdecimal()
        assert row["absent_before"] < row["seen_from"] <= row["seen_to"]
        assert not row["gone_by"] or row["gone_by"] > row["seen_to"]
        assert row["verified"] in {"yes", "partial"}


def test_a_successor_is_there_when_it_is_needed() -> None:
    begun = {(row["code"], row["seen_from"]) for row in rows()}
    named = [(row["successor"], row["gone_by"]) for row in rows() if row["successor"]]
    assert len(named) > 2500
    assert set(named) <= begun


def test_no_code_has_two_names_at_once() -> None:
    assert doubled(202606) == set()
    assert doubled(202001) == {"130502", "130503"}  # renamed somewhere between 2019-10 and 2020-06


def doubled(month: int) -> set[str]:
    there = Counter(region.code for region in regions() if region.state(month) == IN_FORCE)
    assert len(there) > 3200
    return {code for code, names in there.items() if names > 1}


def test_changes_after_the_last_revision_are_dated_by_the_lists_between() -> None:
    (gone,) = (row for row in rows() if row["code"] == "330104" and row["seen_to"] > "2019")
    assert (gone["name_zh"], gone["seen_to"], gone["gone_by"], gone["verified"]) == (
        "江干区",
        "2020-06",
        "2021-10",
        "yes",
    )
    (new,) = (row for row in rows() if row["code"] == "330114")
    assert (new["name_zh"], new["absent_before"], new["seen_from"]) == ("钱塘区", "2020-06", "2021-10")
    wide = [row for row in rows() if (row["absent_before"], row["seen_from"]) == ("2019-04", "2026-06")]
    assert wide == []


@pytest.mark.parametrize(
    ("code", "month", "expected"),
    [
        ("310230", 201501, IN_FORCE),
        ("310230", 202001, GONE),
        ("310151", 201501, NOT_YET),
        ("330113", 202607, IN_FORCE),
        ("330103", 202607, GONE),
        ("653228", 202607, IN_FORCE),
        ("653229", 202607, IN_FORCE),
        ("441900", 202607, IN_FORCE),
        ("460400", 202607, IN_FORCE),
        ("130682", 202607, IN_FORCE),
        ("130181", 202607, IN_FORCE),
        ("133100", 202607, EXTENSION),
        ("000000", 202607, UNKNOWN),
        ("999999", 202607, UNKNOWN),
    ],
)
def test_what_the_domain_says_of_single_codes(code: str, month: int, expected: int) -> None:
    assert state(code, month) == expected
    assert states(np.array([int(code)]), month).tolist() == [expected]


def test_zones_of_the_founding_documents_are_listed_with_their_mark() -> None:
    zones = {row["name_zh"]: (row["code"], row["verified"]) for row in extensions() if row["kind"] == "zone"}
    assert zones["雄安新区"] == ("133100", "no")
    assert zones["滇中新区"] == ("", "yes")
