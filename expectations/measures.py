"""Quality measures (数据质量评价) by the characteristics of GB/T 36344: counts over counts, from results alone.

Each measure is X = A/B and always shows A and B. An indicator that nothing here observes is left out, never guessed:
access (可访问性) is not seen from a batch, and timeliness only when the deadlines are given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.standard import RecordType

Better = Literal["higher", "lower"]

INDICATORS: dict[str, tuple[str, str, str, str, Better]] = {
    "0103": ("规范性", "conformity", "元数据", "lengths as defined", "higher"),
    "0105": ("规范性", "conformity", "权威参考数据", "reference data", "higher"),
    "0201": ("完整性", "completeness", "数据元素完整性", "required elements filled", "higher"),
    "0202": ("完整性", "completeness", "数据记录完整性", "records passed whole", "higher"),
    "0301": ("准确性", "accuracy", "数据内容正确性", "content plausible", "higher"),
    "0302": ("准确性", "accuracy", "数据格式合规性", "form as prescribed", "higher"),
    "0303": ("准确性", "accuracy", "数据重复率", "repeated records", "lower"),
    "0304": ("准确性", "accuracy", "数据唯一性", "unique keys", "higher"),
    "0305": ("准确性", "accuracy", "脏数据出现率", "records held back", "lower"),
    "0402": ("一致性", "consistency", "关联数据一致性", "related fields agree", "higher"),
    "0502": ("时效性", "timeliness", "基于时间点的及时性", "reported in time", "higher"),
    "0503": ("时效性", "timeliness", "时序性", "order of dates", "higher"),
}

OF_CODE = {
    "FIELD_REQUIRED": "0201",
    "FIELD_TOO_LONG": "0103",
    "FIELD_TOO_SHORT": "0103",
    "FIELD_NOT_IN_LIST": "0105",
    "FIELD_PATTERN": "0302",
    "FIELD_DATE": "0302",
    "FIELD_CONDITION": "0402",
}

OF_EXPECTATION = {
    "expect_column_values_to_not_be_null": "0201",
    "expect_column_value_lengths_to_be_between": "0103",
    "expect_column_values_to_be_in_set": "0105",
    "expect_column_values_to_match_regex": "0302",
    "expect_column_values_to_not_match_regex": "0301",
    "expect_column_values_to_be_between": "0301",
    "expect_column_pair_values_a_to_be_greater_than_b": "0503",
    "expect_compound_columns_to_be_unique": "0304",
}

RULED_BY = {
    "FIELD_TOO_LONG": "maxLength",
    "FIELD_TOO_SHORT": "minLength",
    "FIELD_NOT_IN_LIST": "enum",
    "FIELD_PATTERN": "pattern",
    "FIELD_DATE": "format",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """X = numerator / denominator of one indicator."""

    indicator: str
    characteristic_zh: str
    characteristic_en: str
    name_zh: str
    name_en: str
    better: Better
    numerator: int
    denominator: int

    @property
    def text(self) -> str:
        """Both counts and, when there is something to divide, the share."""
        counts = f"{self.numerator}/{self.denominator}"
        return f"{counts} ({self.numerator / self.denominator:.2%})" if self.denominator else counts


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What the other steps counted. `findings`: by code, rows summed over fields. `due`: records with a deadline."""

    records: int
    held: int
    duplicates: int = 0
    in_time: int = 0
    due: int = 0


def measures(
    counts: BatchCounts, record_type: RecordType, findings: Mapping[str, int], outcomes: Iterable[Mapping[str, Any]]
) -> list[Measure]:
    """All indicators that were observed, in the standard's order. `outcomes`: `expectations` of a suite's JSON."""
    sums: dict[str, list[int]] = {}
    for code, places in rule_places(record_type).items():
        evaluated = places * counts.records
        _add(sums, OF_CODE[code], evaluated - findings.get(code, 0), evaluated)
    for outcome in outcomes:
        _add(sums, OF_EXPECTATION[outcome["type"]], outcome["evaluated"] - outcome["unexpected"], outcome["evaluated"])
    _add(sums, "0202", counts.records - counts.held, counts.records)
    _add(sums, "0303", counts.duplicates, counts.records)
    _add(sums, "0305", counts.held, counts.records)
    if counts.due:
        _add(sums, "0502", counts.in_time, counts.due)
    return [_measure(indicator, *sums[indicator]) for indicator in INDICATORS if indicator in sums]


def rule_places(record_type: RecordType) -> dict[str, int]:
    """For each code, how many fields of a record it is asked of."""
    properties = record_type.schema["properties"].values()
    places = {code: sum(keyword in spec for spec in properties) for code, keyword in RULED_BY.items()}
    places["FIELD_REQUIRED"] = sum(spec.get("type") == "string" for spec in properties)
    places["FIELD_CONDITION"] = len(_conditional(record_type.schema))
    return places


def _conditional(schema: Mapping[str, Any]) -> set[str]:
    return {name for rule in schema.get("allOf", []) for name in rule.get("then", {}).get("properties", {})}


def _add(sums: dict[str, list[int]], indicator: str, numerator: int, denominator: int) -> None:
    so_far = sums.setdefault(indicator, [0, 0])
    so_far[0] += numerator
    so_far[1] += denominator


def _measure(indicator: str, numerator: int, denominator: int) -> Measure:
    return Measure(indicator, *INDICATORS[indicator], numerator, denominator)
