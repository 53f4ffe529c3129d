"""A department from the template passes `guiji check` with any access, and so does every line of it uncommented."""

import re
from datetime import date
from pathlib import Path

import pytest

from exchange.cli.checks import _problems
from exchange.cli.new_department import checked_credit_code, checked_region, converter, write_department
from exchange.cli.preview_table import show_preview
from exchange.site import Site
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.standard import RecordType, code_list, in_force
from tests.expectations.test_suites import USCC, sample
from transforms.converters.registry import get
from transforms.mapping import compile_mapping

TYPES = in_force("enforcement", date.today()).record_types
FEEDS = sorted(name for name, kind in TYPES.items() if not kind.part_of)
CODES = ("11530000MB1A02381R", "530000")


def write(
    root: Path, kind: RecordType, method: str = "files", name: str = "林草局: #1", codes: tuple[str, str] = CODES
) -> Path:
    folder = root / "departments" / "forestry"
    write_department(folder, kind, (name, "yes"), method, ["province"], codes)
    return folder


@pytest.mark.parametrize("kind", FEEDS)
def test_every_record_type_passes_the_check_and_its_sample_is_read(
    catalog_copy: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder as `guiji new department` writes it, and one row under the columns that it names."""
    profile = f"profile: canonical-{kind}\nversion: '1'\nfields: canonical\n"
    (catalog_copy / f"receivers/province/{kind}.yaml").write_text(profile, encoding="utf-8")
    write(catalog_copy, TYPES[kind])
    catalog = Catalog(catalog_copy)
    assert list(_problems(catalog)) == []
    needed = [field for field in TYPES[kind].fields if field.required]
    sample = ",".join(f'"{text_of(kind, field.name)}"' for field in needed)
    heads = ",".join(f'"{field.title_zh}"' for field in needed)
    (catalog_copy / "sample.csv").write_text(f"{heads}\n{sample}\n", encoding="gb18030")
    monkeypatch.setenv("GUIJI_FORESTRY_FOLDER", str(catalog_copy))
    show_preview(Site(catalog_copy / "var", "sqlite://", catalog), f"forestry/{kind}", 1)
    said = capsys.readouterr().out
    assert "FIELD_" not in said, "a column that is named is read, and what is read is valid"
    assert len(re.findall(r"│", said)) >= 3 * len(needed)


def text_of(kind: str, name: str) -> str:
    """What a department might write there."""
    field, value = TYPES[kind].field(name), sample(kind, name)
    if field.codes and "enum" not in TYPES[kind].schema["properties"][name]:
        return code_list("enforcement", TYPES[kind].version, field.codes)[0]["name_zh"]
    if field.name in ("decision_number", "region_code"):
        return {"decision_number": "云某〔2024〕1号", "region_code": "530102"}[field.name]
    return {USCC: CODES[0], True: "是"}.get(value, str(value))


@pytest.mark.parametrize(("method", "kind"), [("files", "penalty"), ("sql", "licence"), ("rest", "penalty")])
def test_the_folder_passes_the_check(catalog_copy: Path, method: str, kind: str) -> None:
    write(catalog_copy, TYPES[kind], method)
    catalog = Catalog(catalog_copy)
    assert list(_problems(catalog)) == []
    feed = catalog.feed(f"forestry/{kind}")
    assert (feed.department.name_zh, feed.department.name_en, feed.receivers) == ("林草局: #1", "yes", ("province",))
    assert set(feed.mapping["fields"]) == {f.name for f in TYPES[kind].fields if f.required}


@pytest.mark.parametrize("kind", FEEDS)
def test_every_optional_line_holds_too_when_uncommented(catalog_copy: Path, kind: str) -> None:
    path = write(catalog_copy, TYPES[kind]) / f"{kind}.yaml"
    path.write_text(
        re.sub(r"^  # (?=\w+: \{from)", "  ", path.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8"
    )
    feed = Catalog(catalog_copy).feed(f"forestry/{kind}")
    plan = compile_mapping(feed.mapping, TYPES[kind], feed.where, get)
    assert [field.name for field in plan.fields] == [
        name for name in TYPES[kind].names if name not in TYPES[kind].lists
    ]


def test_a_case_has_a_table_for_each_of_its_lists_and_an_entry_is_no_feed(catalog_copy: Path) -> None:
    case = TYPES["coercion_case"]
    path = write(catalog_copy, case, "sql") / "coercion_case.yaml"
    path.write_text(
        re.sub(r"^( +)# (?=\w+: \{from)", r"\1", path.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8"
    )
    feed = Catalog(catalog_copy).feed("forestry/coercion_case")
    plan = compile_mapping(feed.mapping, case, feed.where, get)
    assert {name: [f.name for f in inner.fields] for name, inner in plan.lists.items()} == {
        name: list(inner.names) for name, inner in case.lists.items()
    }
    entry = next(iter(case.lists.values()))
    with pytest.raises(ConfigurationError, match=r"coercion_case, with --access sql"):
        write(catalog_copy, entry)


def test_every_field_of_every_record_type_has_a_converter_that_exists() -> None:
    for kind in TYPES.values():
        for field in kind.fields:
            if field.name in kind.lists:
                continue
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
