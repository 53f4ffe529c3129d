"""What the law keeps back, and the one way to lift it: a basis in the receiver's profile."""

from datetime import date
from typing import Any

import pytest

from schemas.errors import ConfigurationError
from schemas.findings import registry
from schemas.protected import not_permitted, protections
from schemas.standard import standard

DAY = date(2026, 3, 2)
BOTH = {"PROTECTED_UNDER_14", "PROTECTED_SEALED_RECORD"}


def codes(profile: dict[str, Any], on: date = DAY) -> set[str]:
    return {rule.code for rule in not_permitted(profile, on, "receivers/x/penalty.yaml")}


def test_everything_is_kept_back_from_a_profile_that_says_nothing() -> None:
    assert codes({}) == BOTH


def test_a_named_basis_lifts_one_rule_only() -> None:
    assert codes({"provide": {"PROTECTED_UNDER_14": "某法第几条，法务会签某号"}}) == {"PROTECTED_SEALED_RECORD"}


def test_records_are_sealed_from_the_day_the_law_says() -> None:
    assert codes({}, date(2025, 12, 31)) == {"PROTECTED_UNDER_14"}
    assert codes({}, date(2026, 1, 1)) == BOTH


@pytest.mark.parametrize(
    ("provide", "told"),
    [
        (["PROTECTED_UNDER_14"], r"penalty\.yaml: provide: is no table → write"),
        (
            {"PROTECTED_UNDER_18": "x"},
            r"provide: PROTECTED_UNDER_18 is not protected → did you mean PROTECTED_UNDER_14",
        ),
        ({"PROTECTED_UNDER_14": " "}, r"provide\.PROTECTED_UNDER_14: no legal basis → name statute"),
        ({"PROTECTED_UNDER_14": True}, "no legal basis"),
    ],
)
def test_a_permission_that_names_no_basis_or_no_rule_is_refused(provide: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        codes({"provide": provide})


def test_every_rule_has_a_finding_a_basis_and_fields_that_exist() -> None:
    types = standard("enforcement", "1.0").record_types
    fields = {name for kind in types.values() for name in kind.names}
    for rule in protections():
        assert registry()[rule.code].severity == "warning"
        assert rule.basis.endswith("条")
        assert rule.verified in ("yes", "partial", "no")
        assert {*rule.id_numbers, *rule.birth_dates, *rule.texts} <= fields
        assert set(rule.not_of) <= set(types)
        assert rule.under_years or rule.words


def test_every_text_of_the_standard_that_could_name_the_law_is_looked_at() -> None:
    """A record type that joins later with another such column must be thought of."""
    looked = {name for rule in protections() for name in rule.texts}
    for kind in standard("enforcement", "1.0").record_types.values():
        speaking = {name for name in kind.names if name in ("legal_basis", "facts") or name.endswith("_facts")}
        assert speaking <= looked, kind.name
