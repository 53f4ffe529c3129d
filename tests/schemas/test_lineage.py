"""One field in several versions: which name each version knows it by, and since when it is there."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from schemas.errors import StandardError
from schemas.lineage import existing_values, fields_of_all_versions, in_own_words, same_content_since, steps
from schemas.standard import RecordType, code_list, standard

WORDS = {"zh": "说明", "en": "meaning"}
TEXT = {"title": "甲", "x-title-en": "a", "type": ["string", "null"], "x-kind": "text", "x-personal": "none"}
NEXT = {
    "renamed": {"remarks": {"to": "notes", **WORDS}, "fine_amount": {"to": "fine", **WORDS}},
    "added": {"channel": {"schema": TEXT, "existing": "窗口", **WORDS}},
    "removed": {"party_tax_number": WORDS},
}
AFTER = {"renamed": {"notes": {"to": "comment", **WORDS}}, "added": {"late": {"schema": TEXT, **WORDS}}}
Kinds = Callable[[str], RecordType]


@pytest.fixture
def penalty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kinds:
    """penalty of enforcement 1.0, 1.1, and two versions of one's own: 1.2 and 1.3."""
    for version, base, since, change in (("1.2", "1.1", "2030-01-01", NEXT), ("1.3", "1.2", "2031-01-01", AFTER)):
        own = tmp_path / "standards" / "enforcement" / version
        own.mkdir(parents=True)
        (own / "standard.yaml").write_text(f'based_on: "{base}"\nin_force: {{from: {since}}}\n', encoding="utf-8")
        text = yaml.safe_dump({"record_types": {"penalty": change}}, allow_unicode=True)
        (own / "upgrade.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    return lambda version: standard("enforcement", version).record_types["penalty"]


@pytest.mark.parametrize(
    ("version", "name", "seen"),
    [
        ("1.0", "remarks", ("here", "remarks")),
        ("1.0", "notes", ("renamed", "remarks")),
        ("1.0", "comment", ("renamed", "remarks")),
        ("1.2", "remarks", ("renamed", "notes")),
        ("1.2", "comment", ("renamed", "notes")),
        ("1.3", "remarks", ("renamed", "comment")),
        ("1.3", "notes", ("renamed", "comment")),
        ("1.0", "publicity_class", ("not_yet", "publicity_class")),
        ("1.1", "publicity_class", ("here", "publicity_class")),
        ("1.0", "late", ("not_yet", "late")),
        ("1.1", "party_tax_number", ("here", "party_tax_number")),
        ("1.3", "party_tax_number", ("gone", "party_tax_number")),
    ],
)
def test_a_name_of_any_version_is_known_in_every_version(
    penalty: Kinds, version: str, name: str, seen: tuple[str, str]
) -> None:
    known = fields_of_all_versions(penalty(version))[name]
    assert (known.state, known.name) == seen
    assert known.field.title_zh


def test_a_name_no_version_uses_is_not_known(penalty: Kinds) -> None:
    assert "fine_amont" not in fields_of_all_versions(penalty("1.0"))


def test_what_a_record_has_that_is_older_than_the_field(penalty: Kinds) -> None:
    assert existing_values(penalty("1.3")) == {"channel": "窗口", "publicity_class": None, "late": None}
    assert existing_values(penalty("1.0")) == {}
    assert fields_of_all_versions(penalty("1.0"))["channel"].existing == "窗口"


def test_one_mapping_speaks_to_every_version(penalty: Kinds) -> None:
    spoken = ["comment", "fine_amount", "publicity_class", "party_tax_number", "nonsense"]
    same = {"nonsense": "nonsense"}
    assert in_own_words(spoken, penalty("1.0")) == {
        "comment": "remarks", "fine_amount": "fine_amount", "party_tax_number": "party_tax_number", **same
    }  # fmt: skip
    assert in_own_words(spoken, penalty("1.3")) == {
        "comment": "comment", "fine_amount": "fine", "publicity_class": "publicity_class", **same
    }  # fmt: skip
    both = ["remarks", "notes"]
    assert in_own_words(both, penalty("1.2")) == {"remarks": "remarks", "notes": "notes"}, "two are not merged"


def test_a_record_says_the_same_until_its_fields_change(penalty: Kinds) -> None:
    assert [same_content_since(penalty(version)) for version in ("1.0", "1.1", "1.2")] == ["1.0", "1.1", "1.2"]
    licence = standard("enforcement", "1.3").record_types["licence"]
    assert same_content_since(licence) == "1.0", "nobody touched it"


def test_the_way_from_one_version_to_another(penalty: Kinds) -> None:
    assert [step.version for step in steps("enforcement", "1.0", "1.3")] == ["1.1", "1.2", "1.3"]
    assert steps("enforcement", "1.3", "1.0") == []


def test_a_changed_code_list_must_be_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, penalty: Kinds) -> None:
    own = tmp_path / "standards" / "enforcement" / "1.4"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.3"\nin_force: {from: 2032-01-01}\n', encoding="utf-8")
    (own / "codes" / "permit_category.csv").write_text("code,name_zh,name_en,verified\n01,普通,ordinary,no\n")
    with pytest.raises(StandardError, match=r"1\.4/upgrade\.yaml: is missing"):
        standard("enforcement", "1.4")
    (own / "upgrade.yaml").write_text("record_types: {}\n", encoding="utf-8")
    with pytest.raises(StandardError, match="code list permit_category is changed and not explained"):
        standard("enforcement", "1.4")
    monkeypatch.delenv("GUIJI_CATALOG")
    assert len(code_list("enforcement", "1.1", "permit_category")) == 6


def test_a_later_version_that_cannot_be_read_stops_no_load_of_today(tmp_path: Path, penalty: Kinds) -> None:
    (tmp_path / "standards" / "enforcement" / "1.2" / "upgrade.yaml").write_text("recordtypes: {}\n", encoding="utf-8")
    known = fields_of_all_versions(penalty("1.0"))
    assert known["publicity_class"].state == "not_yet"
    assert "notes" not in known
    with pytest.raises(StandardError, match=r"1\.2/upgrade\.yaml: recordtypes is not a key here"):
        penalty("1.2")
