"""Quality measures: counts over counts, nothing that was not observed."""

from typing import Any

from expectations.measures import INDICATORS, OF_CODE, OF_EXPECTATION, BatchCounts, measures, rule_places
from expectations.suite_masks import UNEXPECTED
from schemas.findings import registry
from schemas.standard import standard

PENALTY = standard("enforcement", "1.0").record_types["penalty"]
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


def measured(
    counts: BatchCounts, findings: dict[str, int], outcomes: list[dict[str, Any]]
) -> dict[str, tuple[int, int]]:
    return {m.indicator: (m.numerator, m.denominator) for m in measures(counts, PENALTY, findings, outcomes)}


def test_counts_are_summed_over_rules_and_expectations() -> None:
    outcomes = [{"type": PAIR, "evaluated": 90, "unexpected": 4}, {"type": PAIR, "evaluated": 10, "unexpected": 1}]
    found = measured(BatchCounts(100, held=7, duplicates=3, in_time=80, due=90), {"FIELD_REQUIRED": 6}, outcomes)
    required = sum(field.required for field in PENALTY.fields)
    assert found["0201"] == (100 * required - 6, 100 * required)
    assert found["0202"] == (93, 100)
    assert found["0303"] == (3, 100)
    assert found["0305"] == (7, 100)
    assert found["0502"] == (80, 90)
    assert found["0503"] == (95, 100)


def test_what_was_not_observed_is_left_out_and_nothing_is_divided_by_zero() -> None:
    found = measures(BatchCounts(0, held=0), PENALTY, {}, [])
    assert not {"0502", "0503", "0304"} & {measure.indicator for measure in found}
    assert {measure.text for measure in found} == {"0/0"}


def test_a_share_never_stands_without_its_counts() -> None:
    dirty = next(m for m in measures(BatchCounts(8, held=1), PENALTY, {}, []) if m.indicator == "0305")
    assert (dirty.text, dirty.better) == ("1/8 (12.50%)", "lower")


def test_every_code_and_expectation_leads_to_an_indicator() -> None:
    assert set(OF_EXPECTATION) >= set(UNEXPECTED)
    assert set(OF_CODE.values()) | set(OF_EXPECTATION.values()) <= set(INDICATORS)
    assert set(rule_places(PENALTY)) == set(OF_CODE) <= set(registry())
    assert rule_places(PENALTY)["FIELD_CONDITION"] >= 8
