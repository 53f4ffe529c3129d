"""Suite files: every mistake is refused with file and key before a record is judged."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.suite_files import FOLDER, parse_suite, read_suite
from schemas.errors import StandardError
from schemas.findings import registry
from schemas.standard import standard
from schemas.version_files import version_file

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


def test_a_suite_speaks_the_words_of_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "standards" / "enforcement" / "1.2"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2030-01-01}\n', encoding="utf-8")
    words = {"zh": "说明", "en": "meaning"}
    names = {"party_category": "party_sort", "authority_code": "office", "decision_number": "number"}
    change: dict[str, Any] = {"renamed": {old: {"to": new, **words} for old, new in names.items()}}
    change["removed"] = {"party_tax_number": words}
    text = {"record_types": {"penalty": change}, "code_lists": {"counterparty_category": {"added": {"港商": words}}}}
    (own / "upgrade.yaml").write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
    rows = version_file("enforcement", "1.0", "codes/counterparty_category.csv").read_text(encoding="utf-8")
    (own / "codes" / "counterparty_category.csv").write_text(f"{rows},港商,x,,no\n", encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    old, new = (standard("enforcement", version).record_types["penalty"] for version in ("1.0", "1.2"))
    before = {item.id: item for item in read_suite("penalty", old)}
    after = {item.id: item for item in read_suite("penalty", new)}
    assert before.keys() == after.keys()
    assert before["party_category_known"].columns == ("party_category",)
    assert after["party_category_known"].columns == ("party_sort",)
    assert after["party_category_known"].kwargs["value_set"] == [
        *before["party_category_known"].kwargs["value_set"], "港商"
    ]  # fmt: skip
    pairs = [item.columns for item in after.values() if item.unique]
    assert ("office", "number") in pairs
    read = {column for item in after.values() for column in item.columns}
    assert read <= set(new.names)


def test_a_code_list_in_a_pattern_is_written_out_and_its_signs_are_escaped() -> None:
    item: dict[str, Any] = GOOD | {
        "id": "penalty_kinds_known",
        "severity": "warning",
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "penalty_kinds", "regex": {"$CODES": "x", "like": "^(@)$"}},
    }
    (made,) = parse_suite([item], "here", lambda _: ["甲.乙", "丙"])
    assert made.kwargs["regex"] == r"^(甲\.乙|丙)$"
    item["kwargs"] = {"column": "penalty_kinds", "regex": {"$CODES": "x", "likes": "^(@)$"}}
    with pytest.raises(StandardError, match=r"kwargs\.regex: is not"):
        parse_suite([item], "here")


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_every_column_is_in_the_standard_and_every_title_in_the_registry(name: str) -> None:
    record = standard("enforcement", "1.0").record_types[name]
    for item in read_suite(name):
        assert set(item.columns) <= set(record.names)
        assert (registry()[item.code].title_zh, registry()[item.code].title_en) == (item.title_zh, item.title_en)
