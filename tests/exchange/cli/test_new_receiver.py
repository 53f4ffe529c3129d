"""A receiver's folder from its table: it passes `guiji check`, its schema says what the table says, and it sends."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
import yaml

from exchange.cli.checks import _problems
from exchange.cli.new_cells import TableField
from exchange.cli.new_mapping import Proposer
from exchange.cli.new_receiver import checked_code, json_schema, profile_text, scalar, write_receiver
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.standard import in_force
from transforms.outgoing import compile_profile, to_receiver

PENALTY = in_force("enforcement", date.today()).record_types["penalty"]
WORDS = {"1": "法人及非法人组织", "2": "个体工商户", "3": "自然人"}
FIELDS = [
    TableField("WSH", "行政处罚决定书文号", "text", "required", 2, length=100),
    TableField("LB", "行政相对人类别", "code", "required", 3, values=WORDS),
    TableField("FK", "罚款金额(万元)", "number", "optional", 4, digits=(12, 6)),
    TableField("RQ", "处罚决定日期", "date", "conditional", 5, format="YYYYMMDD", verified="yes"),
]


def write(root: Path, fields: Iterable[TableField] = FIELDS, code: str = "county", name: str = "平台: 甲 #1") -> Path:
    folder = root / "receivers" / code
    write_receiver(folder, "penalty", (name, ""), "字段 表.xlsx", Proposer(PENALTY).propose(fields), "甲 行政处罚")
    return folder


def test_the_folder_passes_the_check(catalog_copy: Path) -> None:
    folder = write(catalog_copy)
    assert sorted(path.name for path in folder.iterdir()) == ["penalty.schema.json", "penalty.yaml", "receiver.yaml"]
    assert list(_problems(Catalog(catalog_copy))) == []
    receiver = Catalog(catalog_copy).receiver("county")
    assert (receiver.name_zh, receiver.promise["idempotency"]) == ("平台: 甲 #1", "unknown")
    assert receiver.access["url"] == "${GUIJI_COUNTY_URL}"


def test_what_is_sent_is_what_the_table_allows(catalog_copy: Path) -> None:
    """Rows of the standard → the new profile → the new schema: valid, and a wrong one is not."""
    folder = write(catalog_copy)
    schema = json.loads((folder / "penalty.schema.json").read_text(encoding="utf-8"))
    profile = compile_profile(Catalog(catalog_copy).receiver("county").profiles["penalty"], PENALTY, "x")
    columns: dict[str, list[Any]] = {name: [None, None] for name in PENALTY.names}
    columns |= {"decision_number": ["甲〔2026〕1号"] * 2, "party_category": ["自然人", "个体工商户"]}
    columns |= {"decision_date": [date(2026, 1, 5)] * 2}
    table = pa.table({n: pa.array(v, PENALTY.arrow_schema().field(n).type) for n, v in columns.items()})
    sent = to_receiver(table, profile).table.to_pylist()

    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert sent[0] == {"WSH": "甲〔2026〕1号", "LB": "3", "FK": None, "RQ": "20260105"}
    assert all(validator.is_valid(row) for row in sent)
    for wrong in ({"LB": "9"}, {"WSH": None}, {"WSH": ""}, {"RQ": "2026-01-05"}, {"FK": "1.1234567"}, {"MORE": "x"}):
        assert not validator.is_valid({**sent[0], **wrong})
    assert validator.is_valid({**sent[0], "FK": "1.123456"})


def test_the_schema_says_where_each_field_was_read_and_how_sure_it_is() -> None:
    found = json_schema("moj", "penalty", "t", "表.xlsx", FIELDS)["properties"]
    assert [spec["x-source"] for spec in found.values()] == [f"表.xlsx row {n}" for n in (2, 3, 4, 5)]
    assert [spec["x-verified"] for spec in found.values()] == ["no", "no", "no", "yes"]
    assert (found["FK"]["x-unit"], found["RQ"]["x-required"], found["LB"]["x-words"]) == ("万元", "conditional", WORDS)


def test_the_allow_list_is_the_table_in_its_order() -> None:
    text = profile_text("moj", "penalty", "表.xlsx", Proposer(PENALTY).propose(FIELDS))
    assert list(yaml.safe_load(text)["fields"]) == [field.name for field in FIELDS]
    assert all(field.title in text for field in FIELDS)


def test_nothing_is_overwritten_and_a_second_type_joins(catalog_copy: Path) -> None:
    folder = write(catalog_copy)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigurationError, match="overwritten"):
        write(catalog_copy)
    licence = in_force("enforcement", date.today()).record_types["licence"]
    fields = [TableField("ZT", "当前状态", "text", "required", 2, values={"1": "有效", "0": "失效"})]
    write_receiver(folder, "licence", ("", ""), "许可.csv", Proposer(licence).propose(fields), "t")
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert list(_problems(Catalog(catalog_copy))) == []


@pytest.mark.parametrize("code", ["", "Moj", "../moj", "1a", "a-b", "a" * 41])
def test_a_code_that_can_be_no_folder(code: str) -> None:
    with pytest.raises(ConfigurationError, match="is no code"):
        checked_code(code)


def test_a_receiver_without_a_name_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--name"):
        write(tmp_path, name="")
    assert list(tmp_path.rglob("*.*")) == []


@pytest.mark.parametrize("value", ["a: b", "是 #x", "", "yes", "53000", "x'y", '"', {"b": "1", "a": "是"}])
def test_any_value_survives_its_line_of_yaml(value: Any) -> None:
    assert "\n" not in scalar(value)
    assert yaml.safe_load(f"k: {{v: {scalar(value)}}} # c") == {"k": {"v": value}}
