"""A small record type, and converters small enough to see through, for the tests of this package."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.errors import UnknownConverter
from schemas.findings import Flag
from schemas.standard import Field, RecordType
from transforms.converters.contract import Converted, Converter, Parameter
from transforms.converters.parameters import one_of

NOTHING: Mapping[str, Parameter] = {}


def _field(name: str, kind: Any, required: bool = False) -> Field:
    return Field(name, name, name, kind, "none", required)


@pytest.fixture
def record_type() -> RecordType:
    fields = (
        _field("party_name", "text", required=True),
        _field("authority_code", "text", required=True),
        _field("decision_number", "text", required=True),
        _field("fine_amount", "money"),
        _field("decision_date", "date"),
        _field("status", "code"),
        _field("remarks", "text"),
    )
    key = ("authority_code", "decision_number")
    return RecordType("enforcement", "9.9", "penalty", "处罚", "penalty", key, "decision_date", fields, {})


def _over(kind: pa.DataType, read: Any, code: str, takes: Mapping[str, Parameter] = NOTHING) -> Converter:
    def convert(column: pa.Array, params: Mapping[str, str]) -> Converted:
        values, bad = [], []
        for row, text in enumerate(column.to_pylist()):
            try:
                values.append(None if text in (None, "") else read(text, params))
            except (ValueError, InvalidOperation, KeyError):
                values.append(None)
                bad.append(row)
        flags = (Flag(code, "", np.array(bad, dtype=np.int64)),) if bad else ()
        return Converted(pa.array(values, kind), flags)

    return Converter(convert, takes)


CONVERTERS = {
    "text": _over(pa.string(), lambda text, _: text.strip() or None, "T"),
    "date": _over(pa.date32(), lambda text, _: date.fromisoformat(text), "D"),
    "money": _over(pa.decimal128(20, 6), lambda text, _: Decimal(text), "M", {"unit": one_of("元")}),
    "coded": _over(pa.string(), lambda text, _: {"有效": "有效", "失效": "失效"}[text], "C"),
    "numbered": _over(
        pa.string(),
        lambda text, params: f"{int(text)}{params.get('unit', '?')}",
        "N",
        {"unit": Parameter("write a unit", kinds=("code",), sorts=lambda column: column)},
    ),
}


@pytest.fixture
def converters() -> Any:
    def get(name: str) -> Converter:
        if name not in CONVERTERS:
            raise UnknownConverter(f"no {name}", remedy="did you mean text?")
        return CONVERTERS[name]

    return get


@pytest.fixture
def mapping() -> dict[str, Any]:
    return {
        "standard": "enforcement",
        "record_type": "penalty",
        "null_words": ["无"],
        "revoke": [{"field": "zt", "values": ["撤销", 2]}, {"field": "del", "values": ["1"]}],
        "fields": {
            "party_name": {"from": "当事人\n名称", "as": "text"},
            "authority_code": {"constant": "A1", "as": "text"},
            "decision_number": {"from": "wsh", "as": "text", "null_words": ["缺"]},
            "fine_amount": {"from": "fk", "as": "money", "unit": "元"},
            "status": {"from": "zt", "as": "coded", "words": {"正常": "有效", "撤销": "失效", 2: "失效"}},
            "remarks": {"from": ["bz1", "bz2"], "join": "；", "as": "text"},
        },
        "ignore": {"lrr": "recorder"},
    }
