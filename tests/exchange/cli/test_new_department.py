"""A department from the template passes `guiji check` with any access, and so does every line of it uncommented."""

import re
from datetime import date
from pathlib import Path

import pytest

from exchange.cli.checks import _problems
from exchange.cli.new_department import checked_credit_code, checked_region, converter, write_department
from expectations.suite_files import read_suite
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.standard import RecordType, in_force
from transforms.converters.registry import get
from transforms.mapping import compile_mapping

TYPES = in_force("enforcement", date.today()).record_types
CODES = ("11530000MB1A02381R", "530000")


def has_suite(kind: str) -> bool:
    try:
        read_suite(kind)
    except ConfigurationError:
        return False
    return True


def write(
    root: Path, kind: RecordType, method: str = "files", name: str = "林草局: #1", codes: tuple[str, str] = CODES
) -> Path:
    folder = root / "departments" / "forestry"
    write_department(folder, kind, (name, "yes"), method, ["province"], codes)
    return folder


@pytest.mark.parametrize(("method", "kind"), [("files", "penalty"), ("sql", "licence"), ("rest", "penalty")])
def test_the_folder_passes_the_check(catalog_copy: Path, method: str, kind: str) -> None:
    write(catalog_copy, TYPES[kind], method)
    catalog = Catalog(catalog_copy)
    assert list(_problems(catalog)) == []
    feed = catalog.feed(f"forestry/{kind}")
    assert (feed.department.name_zh, feed.department.name_en, feed.receivers) == ("林草局: #1", "yes", ("province",))
    assert set(feed.mapping["fields"]) == {f.name for f in TYPES[kind].fields if f.required}


@pytest.mark.parametrize("kind", sorted(kind for kind in TYPES if has_suite(kind)))
def test_every_optional_line_holds_too_when_uncommented(catalog_copy: Path, kind: str) -> None:
    path = write(catalog_copy, TYPES[kind]) / f"{kind}.yaml"
    path.write_text(
        re.sub(r"^  # (?=\w+: \{from)", "  ", path.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8"
    )
    feed = Catalog(catalog_copy).feed(f"forestry/{kind}")
    plan = compile_mapping(feed.mapping, TYPES[kind], feed.where, get)
    assert [field.name for field in plan.fields] == list(TYPES[kind].names)


def test_every_field_of_every_record_type_has_a_converter_that_exists() -> None:
    for kind in TYPES.values():
        for field in kind.fields:
            assert get(converter(field).split(",")[0])


def test_another_record_type_joins_and_nothing_is_overwritten(catalog_copy: Path) -> None:
    folder = write(catalog_copy, TYPES["penalty"])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(catalog_copy, TYPES["licence"], name="", codes=("", ""))
    assert {name: (folder / name).read_bytes() for name in before} == before
    with pytest.raises(ConfigurationError, match="overwritten"):
        write(catalog_copy, TYPES["licence"])


@pytest.mark.parametrize(("name", "codes"), [("", CODES), ("局", ("", "530000")), ("局", (CODES[0], ""))])
def test_what_nobody_can_guess_has_to_be_given(tmp_path: Path, name: str, codes: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="--credit-code"):
        write(tmp_path, TYPES["penalty"], name=name, codes=codes)
    assert list(tmp_path.rglob("*.yaml")) == []


@pytest.mark.parametrize("code", ["11530000MB1A02381S", "11530000MB1A02381r", "1153", "", "11530000MB1A02381I"])
def test_a_credit_code_that_cannot_be(code: str) -> None:
    with pytest.raises(ConfigurationError, match="--credit-code"):
        checked_credit_code(code)


@pytest.mark.parametrize("region", ["53", "053000", "53000a", ""])
def test_a_region_that_cannot_be(region: str) -> None:
    with pytest.raises(ConfigurationError, match="530000"):
        checked_region(region)


def test_an_access_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="files"):
        write(tmp_path, TYPES["penalty"], "ftp")
    assert list(tmp_path.rglob("*.yaml")) == []
