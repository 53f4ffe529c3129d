"""Whatever a mapping says wrongly is said at load, with file, key and remedy."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import ConfigurationError, UnknownConverter
from schemas.standard import RecordType
from transforms.mapping import compile_mapping


def test_a_right_mapping_knows_what_it_reads(mapping: Any, record_type: RecordType, converters: Any) -> None:
    plan = compile_mapping(mapping, record_type, "d/p.yaml", converters)
    assert plan.reads == {"当事人名称", "wsh", "fk", "zt", "del", "bz1", "bz2"}
    assert plan.required_columns == {"当事人名称", "wsh", "zt", "del"}


Change = Callable[[dict[str, Any]], Any]


def _numbered(mapping: dict[str, Any], **parameters: object) -> None:
    mapping["fields"]["remarks"] = {"from": "bz1", "as": "numbered", **parameters}


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        (lambda m: m["fields"].update(fine_amont={"from": "x", "as": "money"}), "fields.fine_amont", "fine_amount"),
        (lambda m: m["fields"].update(remarks={"as": "text"}), "fields.remarks", "from"),
        (lambda m: m["fields"].update(remarks={"from": "a", "constant": "b"}), "fields.remarks", "constant"),
        (lambda m: m["fields"].update(remarks={"from": [], "as": "text"}), "fields.remarks.from", "column"),
        (lambda m: m["fields"].update(remarks={"from": "bz1", "as": "money"}), "fields.remarks.as", "decimal"),
        (lambda m: m["fields"].update(decision_date={"constant": "soon", "as": "date"}), "constant", "cannot read"),
        (lambda m: m["fields"].pop("party_name"), "fields", "party_name"),
        (lambda m: m.update(feilds={}), "d/p.yaml", "fields"),
        (lambda m: m["ignore"].update(wsh="mapped too"), "ignore", "wsh"),
        (lambda m: m["ignore"].update(x=""), "ignore", "reason"),
        (lambda m: m.update(revoke={"field": "zt"}), "revoke", "values"),
        (lambda m: m.update(repeated_key="first"), "repeated_key", "hold or last"),
        (lambda m: m["fields"]["fine_amount"].update(unti="元"), "fields.fine_amount", "did you mean unit"),
        (lambda m: m["fields"]["fine_amount"].update(unit="万元"), "fields.fine_amount.unit", 'write "元"'),
        (lambda m: m["fields"]["fine_amount"].update(unit=True), "fields.fine_amount.unit", 'write "元"'),
        (lambda m: m["fields"]["fine_amount"].update(unit_field="status"), "fields.fine_amount", "no parameter"),
        (lambda m: _numbered(m, unit_field="fine_amount"), "remarks.unit_field", "status"),
        (lambda m: _numbered(m, unit_field="remarks"), "remarks.unit_field", "status"),
        (lambda m: _numbered(m, unit_field="decision_date"), "remarks.unit_field", "status"),
        (lambda m: _numbered(m, unit_field=["status"]), "remarks.unit_field", "field"),
    ],
)
def test_a_wrong_mapping_names_the_key(
    change: Change, where: str, words: str, mapping: Any, record_type: RecordType, converters: Any
) -> None:
    change(mapping)
    with pytest.raises(ConfigurationError) as caught:
        compile_mapping(mapping, record_type, "d/p.yaml", converters)
    assert caught.value.where.startswith("d/p.yaml")
    assert where in caught.value.where
    assert words in str(caught.value)
    assert caught.value.remedy


def test_an_unknown_converter_is_named_with_its_field(mapping: Any, record_type: RecordType, converters: Any) -> None:
    mapping["fields"]["remarks"]["as"] = "txt"
    with pytest.raises(UnknownConverter, match=r"d/p.yaml: fields.remarks.*txt.*did you mean text"):
        compile_mapping(mapping, record_type, "d/p.yaml", converters)
