"""Children's and sealed records are found by whole columns; nobody else's are."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.protected import protections
from schemas.standard import standard
from transforms.protected import protected_rows

DAY = date(2026, 3, 2)
TYPES = standard("enforcement", "1.0").record_types
UNDER, SEALED = "PROTECTED_UNDER_14", "PROTECTED_SEALED_RECORD"


def found(kind: str = "penalty", on: date = DAY, **columns: list[Any]) -> dict[int, tuple[str, str]]:
    """Row → (code, field)."""
    schema = TYPES[kind].arrow_schema()
    count = len(next(iter(columns.values())))
    table = pa.table({f.name: pa.array(columns.get(f.name, [None] * count), f.type) for f in schema})
    return {
        int(row): (f.code, f.field) for f in protected_rows(table, protections(), TYPES[kind], on) for row in f.rows
    }


@pytest.mark.parametrize(
    ("number", "decided", "under"),
    [
        ("530102201203030015", date(2026, 3, 2), True),  # fourteen tomorrow
        ("530102201203020015", date(2026, 3, 2), True),  # fourteen today: the year is not yet full
        ("530102201203010015", date(2026, 3, 2), False),  # fourteen yesterday
        ("530102201203010015", date(2026, 2, 20), True),  # was thirteen when it was decided
        ("530102201203010015", date(2027, 1, 1), False),  # a date to come makes nobody older
        ("53010220120303001X", None, True),
        ("530102201203010015", None, False),
        ("530102198001010015", date(2026, 3, 2), False),
        ("530102800101001", date(2026, 3, 2), False),
        ("530102800101001", date(1990, 1, 1), True),
        ("91530000MA6K00000X", date(2026, 3, 2), False),
        ("not a number", date(2026, 3, 2), False),
        (None, date(2026, 3, 2), False),
    ],
)
def test_a_child_is_known_by_the_date_of_birth_in_the_number(number: str | None, decided: date, under: bool) -> None:
    for field in ("party_id_number", "legal_representative_id_number"):
        expected = {0: (UNDER, field)} if under else {}
        assert found(**{field: [number], "decision_date": [decided]}) == expected


def test_a_child_is_known_by_a_birth_date() -> None:
    births = [date(2012, 3, 2), date(2012, 3, 1), None]
    assert found("coercion_party", birth_date=births) == {0: (UNDER, "birth_date")}


@pytest.mark.parametrize("field", ["legal_basis", "penalty_content", "violation_facts", "violation_type"])
def test_a_sealed_record_is_known_by_the_law_it_rests_on(field: str) -> None:
    words = ["《中华人民共和国治安管理处罚法》第二十六条", "《治安处罚法》", "《食品安全法》", None]
    assert found(**{field: words}) == {0: (SEALED, field), 1: (SEALED, field)}


def test_tables_of_rules_and_offices_are_no_cases() -> None:
    assert found("discretion", legal_basis=["《治安管理处罚法》第二十六条"]) == {}
    assert found("coercion", legal_basis=["《治安管理处罚法》第二十六条"]) == {0: (SEALED, "legal_basis")}


def test_each_row_is_counted_once() -> None:
    told = found(
        party_id_number=["530102201503030015"], legal_representative_id_number=["530102201503030015"],
        legal_basis=["治安管理处罚法"],
    )  # fmt: skip
    assert told == {0: (UNDER, "party_id_number")}


@given(birth=st.dates(date(1950, 1, 1), DAY), decided=st.dates(date(2000, 1, 1), DAY))
def test_the_age_is_that_of_the_calendar(birth: date, decided: date) -> None:
    fourteenth = (birth.year + 14, birth.month, birth.day)
    under = fourteenth >= (decided.year, decided.month, decided.day)
    assert bool(found(party_id_number=[f"530102{birth:%Y%m%d}0015"], decision_date=[decided])) == under


def test_an_empty_chunk_is_no_trouble() -> None:
    assert found(party_id_number=[]) == {}
