"""A file's place is the last date in its name; what has none comes last, by its arrival."""

import pytest

from connectors.file_names import in_order, place


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xzcf_20260302.csv", "20260302000000"),
        ("xzcf-2026-03-02_2.csv", "20260302000000"),
        ("2026.03.02处罚.csv", "20260302000000"),
        ("xzcf_20260302_2.csv", "20260302000000"),
        ("xzcf_20260302021500.csv", "20260302021500"),
        ("xzcf_202603020215.csv", "20260302021500"),
        ("20260201-20260228.csv", "20260228000000"),
        ("11530000MB1A023654_20260302.csv", "20260302000000"),
        ("xzcf_20261302.csv", ""),
        ("xzcf_2026-0302.csv", ""),
        ("xzcf_115300202603021234567.csv", ""),
        ("xzcf_10.csv", ""),
        ("data.csv", ""),
    ],
)
def test_the_place_of_a_name(name: str, expected: str) -> None:
    assert place(name) == expected


def test_dates_go_before_names_and_what_has_no_date_comes_last() -> None:
    names = ["a.csv", "a_20260303.csv", "b_20260302.csv", "a_20260302.csv"]
    assert sorted(names, key=in_order) == ["a_20260302.csv", "b_20260302.csv", "a_20260303.csv", "a.csv"]
