"""The standard: versions in force, record types that are sound JSON Schemas, code lists that are there."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas import version_files
from schemas.errors import StandardError
from schemas.standard import RecordType, code_list, in_force, standard, versions

CURRENT = in_force("enforcement", date(2026, 3, 2))
TYPES = sorted(CURRENT.record_types)
HEAD = "in_force: {{from: {}, to: {}}}\n"


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> RecordType:
    return CURRENT.record_types[request.param]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Standards of our own making."""
    monkeypatch.setattr(version_files, "FOLDER", tmp_path)
    return tmp_path / "made_up"


@pytest.mark.parametrize("kind", TYPES, indirect=True)
def test_a_record_type_is_a_sound_schema_whose_key_and_date_are_fields(kind: RecordType) -> None:
    Draft202012Validator.check_schema(kind.schema)

    assert set(kind.key) <= set(kind.names)
    assert kind.key
    if kind.date_field:  # a type without a date of its own leaves it empty
        assert kind.field(kind.date_field).kind == "date"
    assert all(field.title_zh and field.title_en for field in kind.fields)
    assert {field.name for field in kind.fields if field.required} == set(kind.schema["required"])


@pytest.mark.parametrize("kind", TYPES, indirect=True)
def test_every_code_list_a_field_names_is_there(kind: RecordType) -> None:
    named = {field.codes for field in kind.fields if field.codes}

    assert all(code_list(CURRENT.name, CURRENT.version, codes) for codes in named)


@pytest.mark.parametrize("kind", TYPES, indirect=True)
def test_identities_are_marked_as_personal(kind: RecordType) -> None:
    for field in kind.fields:
        if field.name in ("party_name", "legal_representative"):
            assert field.personal == "personal"
        if field.name.endswith("_id_number"):
            assert field.personal == "sensitive"


@pytest.mark.parametrize("kind", TYPES, indirect=True)
def test_no_column_is_a_float(kind: RecordType) -> None:
    schema = kind.arrow_schema()

    assert tuple(schema.names) == kind.names
    assert not any(pa.types.is_floating(column.type) for column in schema)
    assert {column.type for column in schema if kind.field(column.name).kind == "money"} <= {pa.decimal128(20, 6)}


def test_the_version_follows_the_day(folder: Path) -> None:
    for version, since, until in (("1.0", "2020-01-01", "2023-12-31"), ("2.0", "2024-01-01", "null")):
        (folder / version).mkdir(parents=True)
        (folder / version / "standard.yaml").write_text(HEAD.format(since, until), encoding="utf-8")

    assert versions("made_up") == ["1.0", "2.0"]
    turn = date(2024, 1, 1)
    assert in_force("made_up", turn - timedelta(days=1)).version == "1.0"
    assert in_force("made_up", turn).version == "2.0"
    with pytest.raises(StandardError, match="0 versions"):
        in_force("made_up", date(2019, 12, 31))


def test_two_versions_that_claim_one_day_are_refused(folder: Path) -> None:
    for version in ("3.0", "4.0"):
        (folder / version).mkdir(parents=True)
        (folder / version / "standard.yaml").write_text(HEAD.format("2020-01-01", "null"), encoding="utf-8")

    with pytest.raises(StandardError, match=r"2 versions .* no gap and no overlap"):
        in_force("made_up", date(2021, 1, 1))


def test_an_annotation_that_is_missing_is_told_by_name(folder: Path) -> None:
    (folder / "5.0").mkdir(parents=True)
    (folder / "5.0" / "standard.yaml").write_text(HEAD.format("2020-01-01", "null"), encoding="utf-8")
    (folder / "5.0" / "x.schema.json").write_text('{"title": "x", "properties": {}}', encoding="utf-8")

    with pytest.raises(StandardError, match=r"made_up/5\.0/x\.schema\.json: annotation 'x-title-en' is missing"):
        standard("made_up", "5.0")


def test_what_does_not_exist_is_told_with_what_does() -> None:
    with pytest.raises(StandardError, match=r"use one of: .*1\.0"):
        standard("enforcement", "0.1")
    with pytest.raises(StandardError, match="code list no_such_list does not exist"):
        code_list("enforcement", CURRENT.version, "no_such_list")
    with pytest.raises(KeyError, match="no_such_field"):
        CURRENT.record_types["penalty"].field("no_such_field")


def test_a_version_ends_the_day_before_the_next_begins(folder: Path) -> None:
    for version, since in (("1.9", "2020-01-01"), ("1.10", "2024-01-01")):
        (folder / version).mkdir(parents=True)
        (folder / version / "standard.yaml").write_text(f"in_force: {{from: {since}}}\n", encoding="utf-8")

    assert versions("made_up") == ["1.9", "1.10"]
    assert in_force("made_up", date(2023, 12, 31)).version == "1.9"
    assert standard("made_up", "1.9").in_force_to == date(2023, 12, 31)
    assert standard("made_up", "1.10").in_force_to is None


def test_a_version_of_ones_own_lies_in_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "standards" / "enforcement" / "9.9"
    own.mkdir(parents=True)
    head = 'based_on: "1.1"\nin_force: {from: 2090-01-01}\n'
    (own / "standard.yaml").write_text(head, encoding="utf-8")
    (own / "upgrade.yaml").write_text("record_types: {}\n", encoding="utf-8")
    assert in_force("enforcement", date(2090, 1, 1)).version == "1.1"
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    mine = in_force("enforcement", date(2090, 1, 1))
    assert (mine.version, mine.based_on) == ("9.9", "1.1")
    assert mine.record_types["penalty"].names == standard("enforcement", "1.1").record_types["penalty"].names
    assert code_list("enforcement", "9.9", "penalty_kind") == code_list("enforcement", "1.0", "penalty_kind")
    (tmp_path / "standards" / "enforcement" / "1.0").mkdir()
    (tmp_path / "standards" / "enforcement" / "1.0" / "standard.yaml").write_text(head, encoding="utf-8")
    with pytest.raises(StandardError, match=r"version 1\.0 is there twice"):
        versions("enforcement")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("in_force: {to: 2020-01-01}\n", r"made_up/1\.0/standard\.yaml: in_force: from is missing"),
        (
            'based_on: "0.1"\nin_force: {from: 2020-01-01}\n',
            r"made_up/1\.0/standard\.yaml: based_on 0\.1 leads nowhere",
        ),
        ('based_on: "1.0"\nin_force: {from: 2020-01-01}\n', "based_on 1.0 leads nowhere"),
    ],
)
def test_a_version_that_stands_on_nothing_is_told(folder: Path, head: str, told: str) -> None:
    (folder / "1.0").mkdir(parents=True)
    (folder / "1.0" / "standard.yaml").write_text(head, encoding="utf-8")
    with pytest.raises(StandardError, match=told):
        standard("made_up", "1.0")


def test_what_the_shipped_versions_say_of_the_rules_of_2026() -> None:
    before = in_force("enforcement", date(2026, 3, 31)).record_types["penalty"]
    after = in_force("enforcement", date(2026, 4, 1)).record_types["penalty"]
    assert (before.version, after.version) == ("1.0", "1.1")
    assert set(after.names) - set(before.names) == {"publicity_class"}
    words = [row["name_zh"] for row in code_list("enforcement", "1.1", "publicity_class")]
    assert after.schema["properties"]["publicity_class"]["enum"] == [*words, None]
    assert after.schema["$id"] == "urn:guiji:enforcement:1.1:penalty"
    with pytest.raises(StandardError, match="code list publicity_class does not exist"):
        code_list("enforcement", "1.0", "publicity_class")
