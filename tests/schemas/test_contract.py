"""What two versions promise differently: every kind of difference, both ways, in Chinese and English."""

from pathlib import Path

import pytest
import yaml

from schemas.contract import Difference, differences, pair

WORDS = {"zh": "说明", "en": "meaning"}
TEXT = {"title": "甲", "x-title-en": "a", "type": ["string", "null"], "x-kind": "text", "x-personal": "none"}
CHANGE = {
    "record_types": {
        "penalty": {
            "renamed": {"remarks": {"to": "notes", **WORDS}},
            "added": {
                "channel": {"schema": TEXT, **WORDS},
                "office": {"schema": TEXT | {"type": "string"}, "required": True, **WORDS},
            },
            "removed": {"party_tax_number": WORDS},
            "changed": {
                "party_name": {"schema": {"maxLength": 100}, **WORDS},
                "fine_amount": {"required": True, **WORDS},
                "valid_until": {"required": False, **WORDS},
                "inspection_number": {"schema": {"x-kind": "date"}, **WORDS},
            },
            "rules": [{"required": ["fine_amount"]}],
        }
    },
    "code_lists": {
        "penalty_kind": {
            "renamed": {"罚款": {"to": "罚金", **WORDS}},
            "added": {"责令退款": WORDS},
            "removed": {"行政拘留": WORDS},
        },
        "deadlines": {"added": {"x": WORDS}},
    },
}
EXPECTED = {
    ("field_renamed", "penalty", "remarks", False),
    ("field_added", "penalty", "channel", False),
    ("field_added", "penalty", "office", True),
    ("field_removed", "penalty", "party_tax_number", False),
    ("limits", "penalty", "party_name", True),
    ("now_required", "penalty", "fine_amount", True),
    ("now_optional", "penalty", "valid_until", False),
    ("retyped", "penalty", "inspection_number", True),
    ("rules", "penalty", "", True),
    ("type_added", "seal", "", False),
    ("code_renamed", "penalty_kind", "罚款", False),
    ("code_added", "penalty_kind", "责令退款", False),
    ("code_removed", "penalty_kind", "行政拘留", True),
    ("list_changed", "deadlines", "", False),
}


@pytest.fixture(autouse=True)
def version_1_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "standards" / "enforcement" / "1.2"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2030-01-01}\n', encoding="utf-8")
    (own / "upgrade.yaml").write_text(yaml.safe_dump(CHANGE, allow_unicode=True), encoding="utf-8")
    shipped = Path(__file__).parents[2] / "schemas" / "standards" / "enforcement" / "1.0"
    kinds = (shipped / "codes" / "penalty_kind.csv").read_text(encoding="utf-8").replace("\n罚款,", "\n罚金,")
    lines = [line for line in kinds.splitlines() if not line.startswith("行政拘留")]
    text = "\n".join([*lines, "责令退款,refund,6,,,,,no"])
    (own / "codes" / "penalty_kind.csv").write_text(text, encoding="utf-8")
    terms = (shipped / "codes" / "deadlines.csv").read_text(encoding="utf-8")
    (own / "codes" / "deadlines.csv").write_text(terms.replace(",20,", ",21,"), encoding="utf-8")
    seal = (shipped / "officer.schema.json").read_text(encoding="utf-8")
    (own / "seal.schema.json").write_text(seal, encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))


def _seen(found: list[Difference]) -> set[tuple[str, str, str, bool]]:
    return {(item.what, item.of, item.name, item.may_hold) for item in found}


def test_every_difference_is_told_once_with_what_it_means() -> None:
    found = differences(pair("enforcement", "1.1", "1.2"))
    assert _seen(found) == EXPECTED
    assert len(found) == len(EXPECTED)
    explained = [d for d in found if d.what not in ("rules", "type_added", "list_changed")]
    assert {(d.means_zh, d.means_en) for d in explained} == {("说明", "meaning")}
    assert all(d.zh and d.en for d in found)


def test_several_steps_are_one_way() -> None:
    found = _seen(differences(pair("enforcement", "1.0", "1.2")))
    assert found >= EXPECTED
    assert ("field_added", "penalty", "publicity_class", False) in found
    assert ("list_added", "publicity_class", "", False) in found


def test_the_way_back_turns_names_round() -> None:
    found = {(item.what, item.name) for item in differences(pair("enforcement", "1.2", "1.1"))}
    assert {("field_renamed", "notes"), ("field_removed", "channel"), ("field_added", "party_tax_number")} <= found
    assert {("code_renamed", "罚金"), ("code_removed", "责令退款"), ("code_added", "行政拘留")} <= found


def test_a_version_does_not_differ_from_itself() -> None:
    assert differences(pair("enforcement", "1.2", "1.2")) == []
