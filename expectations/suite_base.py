"""The base of every suite: what a record type's JSON Schema asks of one typed column, as expectations.

Nobody writes it, so a record type added as data alone has it too. Its findings are those of the record rules, which
hold the rows; the base counts them for the report and raises none again. Not in it: what joins several fields
(`allOf`, `dependentRequired`) and what a typed column cannot show, such as the writing of a date.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from expectations.suite_files import Expected
from schemas.findings import registry
from schemas.standard import Field, RecordType

IN_TEXT = frozenset({"text", "code"})
RULES: dict[str, tuple[str, str, str]] = {
    "minLength": ("FIELD_TOO_SHORT", "expect_column_value_lengths_to_be_between", "min_value"),
    "maxLength": ("FIELD_TOO_LONG", "expect_column_value_lengths_to_be_between", "max_value"),
    "enum": ("FIELD_NOT_IN_LIST", "expect_column_values_to_be_in_set", "value_set"),
    "pattern": ("FIELD_PATTERN", "expect_column_values_to_match_regex", "regex"),
}


def base_of(kind: RecordType) -> tuple[Expected, ...]:
    """In the order of the fields; ids are `<field>.<keyword>`."""
    return tuple(item for field in kind.fields for item in _of_field(field, kind.schema["properties"][field.name]))


def _of_field(field: Field, spec: dict[str, Any]) -> Iterator[Expected]:
    if field.required:
        yield _expected(field, "required", "FIELD_REQUIRED", "expect_column_values_to_not_be_null", {})
    if field.kind in IN_TEXT:
        for keyword, (code, kind, kwarg) in RULES.items():
            if keyword in spec:
                limit = [word for word in spec["enum"] if word is not None] if keyword == "enum" else spec[keyword]
                yield _expected(field, keyword, code, kind, {kwarg: limit})
    elif field.kind == "money" and "pattern" in spec and not _matches(spec["pattern"], "-1"):
        yield _expected(field, "pattern", "FIELD_PATTERN", "expect_column_values_to_be_between", {"min_value": 0})


@cache
def _matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def _expected(field: Field, keyword: str, code: str, kind: str, kwargs: dict[str, Any]) -> Expected:
    said = registry()[code]
    return Expected(
        id=f"{field.name}.{keyword}",
        type=kind,
        kwargs={"column": field.name, **kwargs},
        severity="critical",
        title_zh=f"{field.title_zh}：{said.title_zh}",
        title_en=f"{field.title_en}: {said.title_en}",
        rule=code,
    )
