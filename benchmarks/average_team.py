"""Owns the chain to compare with: what a good average team writes with pandas, jsonschema, GX and requests.

It reads the same table, applies the same published schema and the same suite, and sends to the same receiver. It
keeps no landing, no ledger and no receipts: everything it leaves out is in its favour.
"""

import json
import re
import sqlite3
import sys
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
import requests
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from stdnum.cn import ric, uscc

from benchmarks.stopwatch import Stopwatch, cpu_seconds, peak_mib
from expectations.arrow_expectations import camel, quiet
from expectations.suite_files import read_suite
from sandbox.generator.tables import FIRST_NIGHT
from schemas.catalog import Catalog
from schemas.standard import in_force

EMPTY = {"", "无", "/", "—", "-", "空", "暂无", "null", "NULL"}
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S")
BATCH = 500
Record = dict[str, Any]


def text(value: Any) -> str | None:
    """Trimmed; the usual words for nothing are nothing."""
    if value is None or pd.isna(value) or str(value).strip() in EMPTY:
        return None
    return str(value).strip()


def day(value: str) -> date:
    """The first form that fits."""
    for form in DATES:
        try:
            return datetime.strptime(value, form).date()
        except ValueError:
            continue
    raise ValueError("no date")


def number(value: str) -> str:
    """A document number with the right brackets."""
    return re.sub(r"[\[［(（【](\d{4})[\]］)）】]", r"〔\1〕", re.sub(r"\s+", "", value))


def kinds(value: str) -> str:
    """Penalty kinds separated by semicolons."""
    return ";".join(part.strip() for part in re.split(r"[;；,，、]", value) if part.strip())


READERS: dict[str, Any] = {
    "date": day,
    "money": lambda value: Decimal(value.replace(",", "").replace("元", "")),
    "credit_code": uscc.validate,
    "identity_number": lambda value: ric.validate(value) if len(value) == 18 else value,
    "document_number": number,
    "penalty_kind": kinds,
}


def record_of(row: Record, fields: dict[str, Record]) -> tuple[Record, list[str]]:
    """One row in the standard's fields, and the fields that could not be read."""
    record: Record = {}
    bad: list[str] = []
    for name, spec in fields.items():
        value = text(row[spec["from"]])
        reader = READERS.get(spec["as"])
        try:
            record[name] = reader(value) if reader and value is not None else value
        except (ValueError, InvalidOperation, uscc.ValidationError):
            record[name] = None
            bad.append(name)
    return record, bad


def as_json(record: Record) -> Record:
    """Dates and amounts as text, for the schema and for the wire."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, date) else value


def validate_suite(frame: pd.DataFrame) -> bool:
    """The same suite, by the library's own expectations, on plain columns of objects."""
    with quiet():
        wanted = [_expectation(item.type, dict(item.kwargs)) for item in read_suite("penalty")]
        context = gx.get_context(mode="ephemeral")
        asset = context.data_sources.add_pandas("penalties").add_dataframe_asset("penalty")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(gx.ExpectationSuite(name="penalty", expectations=wanted), result_format="COMPLETE")
        assert not any(_raised(item.exception_info) for item in result.results)
        return bool(result.success)


def _raised(info: Any) -> bool:
    if not info:
        return False
    return bool(info.get("raised_exception")) or any(_raised(part) for part in info.values() if isinstance(part, dict))


def _expectation(kind: str, kwargs: Record) -> Any:
    given: Record = {name: FIRST_NIGHT if isinstance(value, dict) else value for name, value in kwargs.items()}
    if isinstance(given.get("min_value"), str):
        given["min_value"] = date.fromisoformat(given["min_value"])
    return getattr(gxe, camel(kind))(**given)


def post(session: requests.Session, url: str, records: list[Record]) -> int:
    """One batch; the receiver's count of what it accepted."""
    headers = {"X-Record-Count": str(len(records)), "X-Record-Type": "penalty"}
    answer = session.post(f"{url}/deliveries", json=records, headers=headers, timeout=60)
    answer.raise_for_status()
    return int(answer.json()["accepted"])


def run(database: str, receiver: str) -> Record:
    """The whole chain over everything in the table."""
    mapping = Catalog().feed("market/penalty").mapping
    fields = {name: spec for name, spec in mapping["fields"].items() if "from" in spec}
    validator = Draft202012Validator(in_force(mapping["standard"], FIRST_NIGHT).record_types["penalty"].schema)
    watch, sent, began = Stopwatch(), 0, cpu_seconds()
    with closing(sqlite3.connect(database)) as connection, watch.stage("pull"):
        frame = pd.read_sql("SELECT * FROM xzcf", connection)
    with watch.stage("normalize"):
        read = [record_of(dict(row), fields) for _, row in frame.iterrows()]
    with watch.stage("rules"):
        plain = [as_json(record) for record, _ in read]
        sound = [not bad and validator.is_valid(record) for record, (_, bad) in zip(plain, read, strict=True)]
    with watch.stage("suite"):
        validate_suite(pd.DataFrame([record for record, _ in read], dtype=object))
    good = [record for record, ok in zip(plain, sound, strict=True) if ok]
    with watch.stage("deliver"), requests.Session() as session:
        for first in range(0, len(good), BATCH):
            sent += post(session, receiver, good[first : first + BATCH])
    seconds, cpu = sum(watch.seconds.values()), cpu_seconds() - began
    return {
        "rows": len(frame),
        "sent": sent,
        "seconds": seconds,
        "stages": watch.seconds,
        "cpu": cpu,
        "mib": peak_mib(),
    }


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:])))
