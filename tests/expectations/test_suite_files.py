"""Suite files: every mistake is refused with file and key before a record is judged."""

from typing import Any

import pytest

from expectations.suite_files import FOLDER, parse_suite, read_suite
from schemas.errors import StandardError
from schemas.findings import registry
from schemas.standard import standard

GOOD: dict[str, Any] = {
    "id": "decision_date_not_future",
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "decision_date", "max_value": {"$PARAMETER": "business_date"}},
    "severity": "critical",
    "title_zh": "甲",
    "title_en": "a",
}


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        ({"type": "expect_column_values_to_be_betwen"}, "type", "did you mean expect_column_values_to_be_between"),
        ({"kwargs": {"column": "decision_date", "maximum": 3}}, "kwargs", "no kwarg maximum"),
        ({"kwargs": {"max_value": 3}}, "kwargs", "refuses its kwargs"),
        ({"severity": "info"}, "decision_date_not_future", "critical or warning"),
        ({"severity": "warning"}, "decision_date_not_future", "not in the registry"),
        ({"id": "unheard_of"}, "unheard_of", "not in the registry"),
        (
            {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "\\d"}},
            "regex",
            "cannot be used",
        ),
    ],
)
def test_a_mistake_names_file_and_key(change: dict[str, Any], place: str, said: str) -> None:
    with pytest.raises(StandardError, match=said) as refusal:
        parse_suite([GOOD | change], "suites/penalty.yaml")
    assert refusal.value.where.startswith("suites/penalty.yaml[0]")
    assert place in refusal.value.where


def test_shape_and_repeated_ids_are_refused() -> None:
    assert [item.id for item in parse_suite([GOOD], "here")] == ["decision_date_not_future"]
    with pytest.raises(StandardError, match="used twice"):
        parse_suite([GOOD, GOOD], "here")
    with pytest.raises(StandardError, match="a list"):
        parse_suite({"expectations": []}, "here")
    with pytest.raises(StandardError, match="other keys"):
        parse_suite([GOOD | {"note": "x"}], "here")
    with pytest.raises(StandardError, match="did you mean penalty"):
        read_suite("penalties")


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_every_column_is_in_the_standard_and_every_title_in_the_registry(name: str) -> None:
    record = standard("enforcement", "1.0").record_types[name]
    for item in read_suite(name):
        assert set(item.columns) <= set(record.names)
        assert (registry()[item.code].title_zh, registry()[item.code].title_en) == (item.title_zh, item.title_en)
