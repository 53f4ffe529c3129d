"""The standard: versions in force, record types that are sound JSON Schemas, code lists that are there."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas import standard as module
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
    monkeypatch.setattr(module, "FOLDER", tmp_path)
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
