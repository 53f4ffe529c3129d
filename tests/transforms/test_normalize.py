"""Text columns become the standard's columns, and nothing that was there goes unmentioned."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schemas.errors import SourceChanged
from schemas.findings import registry
from schemas.standard import RecordType
from transforms.decoders.header import ABSENT
from transforms.mapping import Plan, compile_mapping
from transforms.normalize import normalize


@pytest.fixture
def plan(mapping: Any, record_type: RecordType, converters: Any) -> Plan:
    return compile_mapping(mapping, record_type, "d/p.yaml", converters)


@pytest.fixture
def raw() -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "当事人名称": pa.array(["甲", "无", None, None], text),
            "wsh": pa.array(["1号", "缺", " ", None], text),
            "fk": pa.array(["1.10", "x", None, None], text),
            "zt": pa.array(["正常", " 撤销", None, None], text),
            "del": pa.array(["0", "0", None, None], text),
            "bz1": pa.array(["一", "无", None, None], text),
            "bz2": pa.array(["二", "三", None, None], text),
            "lrr": pa.array(["某", "某", None, None], text),
            "新列": pa.array([None, "z", None, None], text),
            "_ragged": pa.array([None, None, None, "1"], text),
            "_row": pa.array([0, 1, 2, 3]),
        }
    )


def test_values_words_for_empty_constants_and_joins(plan: Plan, raw: pa.Table, record_type: RecordType) -> None:
    table = normalize(raw, plan).table
    assert table.schema == record_type.arrow_schema()
    assert table["party_name"].to_pylist() == ["甲", None, None, None]
    assert table["decision_number"].to_pylist() == ["1号", None, None, None]
    assert table["authority_code"].to_pylist() == ["A1"] * 4
    assert table["fine_amount"].to_pylist()[0] == Decimal("1.10")
    assert table["remarks"].to_pylist() == ["一；二", "三", None, None]
    assert table["status"].to_pylist() == ["有效", "失效", None, None]
    assert table["decision_date"].null_count == 4


def test_a_parameter_can_come_from_another_field_of_the_same_record(
    mapping: Any, record_type: RecordType, converters: Any
) -> None:
    mapping["fields"]["remarks"] = {"from": "bz1", "as": "numbered", "unit_field": "status"}
    text = pa.string()
    raw = pa.table(
        {
            **{name: pa.array(["甲"] * 5, text) for name in ("当事人名称", "wsh", "fk", "del")},
            "zt": pa.array(["撤销", "正常", None, "正常", "撤销"], text),
            "bz1": pa.array(["1", "2", "3", "x", "y"], text),
        }
    )
    done = normalize(raw, compile_mapping(mapping, record_type, "d/p.yaml", converters))
    assert done.table["remarks"].to_pylist() == ["1失效", "2有效", "3?", None, None]
    assert [flag.rows.tolist() for flag in done.flags if flag.code == "N"] == [[3, 4]]
    nothing = normalize(raw.slice(0, 0), compile_mapping(mapping, record_type, "d/p.yaml", converters))
    assert nothing.table["remarks"].type == text


def test_every_flag_is_registered_and_stands_on_its_rows(plan: Plan, raw: pa.Table) -> None:
    found = {(f.code, f.field): f.rows.tolist() for f in normalize(raw, plan).flags}
    assert found[("M", "fine_amount")] == [1]
    assert found[("ROW_RAGGED", "")] == [3]
    assert found[("ROW_BLANK", "")] == [2]
    assert found[("SOURCE_COLUMN_UNREAD", "新列")] == [1]
    assert {code for code, _ in found if len(code) > 1} <= set(registry())


def test_revocations_by_any_rule(plan: Plan, raw: pa.Table) -> None:
    changed = raw.set_column(raw.column_names.index("del"), "del", pa.array(["1", "0", None, None], pa.string()))
    assert normalize(changed, plan).operation.to_pylist() == ["revoke", "revoke", "upsert", "upsert"]


@pytest.mark.parametrize("column", ["fk", "当事人名称", "zt", "del"])
def test_a_column_that_is_gone_stops_the_feed(column: str, plan: Plan, raw: pa.Table) -> None:
    with pytest.raises(SourceChanged, match=column):
        normalize(raw.drop_columns([column]), plan)


def test_json_may_leave_out_what_is_not_required(plan: Plan, raw: pa.Table) -> None:
    sparse = raw.drop_columns(["fk"]).replace_schema_metadata({ABSENT: b"null"})
    assert normalize(sparse, plan).table["fine_amount"].null_count == 4
    with pytest.raises(SourceChanged, match="del"):
        normalize(sparse.drop_columns(["del"]), plan)


def test_no_rows_are_no_trouble(plan: Plan, raw: pa.Table) -> None:
    done = normalize(raw.slice(0, 0), plan)
    assert (done.table.num_rows, len(done.operation), done.flags) == (0, 0, [])
