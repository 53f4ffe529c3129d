"""One mapping, several versions: it may be written ahead of a version's date, or stay as it was after it."""

import copy
from typing import Any

import pytest
import yaml

from schemas.catalog import HOUSE
from schemas.errors import ConfigurationError
from schemas.standard import RecordType, standard
from transforms.converters.codes import STANDARD
from transforms.converters.registry import get
from transforms.mapping import Plan, compile_mapping

MAPPING = yaml.safe_load((HOUSE / "departments" / "market" / "penalty.yaml").read_text(encoding="utf-8"))


def _kind(version: str) -> RecordType:
    return standard("enforcement", version).record_types["penalty"]


def _plan(fields: dict[str, Any], version: str) -> Plan:
    mapping = copy.deepcopy(MAPPING)
    mapping["fields"] |= fields
    return compile_mapping(mapping, _kind(version), "m.yaml", get)


def test_a_field_of_a_later_version_waits_for_its_date_and_its_column_is_not_reported_unread() -> None:
    ahead = {"publicity_class": {"from": "sxlb", "as": "code:publicity_class"}}
    before, after = _plan(ahead, "1.0"), _plan(ahead, "1.1")
    assert "publicity_class" not in [field.name for field in before.fields]
    assert "sxlb" not in before.reads
    assert "sxlb" in before.also_read
    assert "publicity_class" in [field.name for field in after.fields]
    assert "sxlb" in after.reads


def test_a_converter_is_told_which_version_it_reads_for() -> None:
    for version in ("1.0", "1.1"):
        assert {field.params[STANDARD] for field in _plan({}, version).fields} == {f"enforcement/{version}"}


def test_a_name_of_no_version_is_refused_in_both() -> None:
    for version in ("1.0", "1.1"):
        with pytest.raises(ConfigurationError, match=r"m\.yaml: fields\.publicity_clas: is not a field"):
            _plan({"publicity_clas": {"from": "sxlb", "as": "text"}}, version)
