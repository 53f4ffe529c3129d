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
    now = Counter(region.code for region in regions() if region.state(202606) == IN_FORCE)
    assert len(now) > 3200
    doubled = {code for code, names in now.items() if names > 1}
    assert doubled == {"130502", "130503"}  # renamed somewhere between 2019-04 and 2026-06


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
