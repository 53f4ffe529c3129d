"""Owns what 互联网+监管 asks of one record: its published field tables, and that an act names an inspection it holds.

Lengths, required fields and rules are read from `fields/*_hlwjg.csv` of the standard, not from our profiles. Two rules
join columns: as many certificates as inspectors (ours, see the table), and nothing is reported before it was done.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sandbox.receivers.log import ReceiverLog
from schemas.standard import rows_of
from schemas.version_files import version_file

TABLES = {"inspection": "xzjc_hlwjg", "penalty": "xzcf_hlwjg", "coercion": "xzqz_hlwjg", "other_act": "qtxw_hlwjg"}
LINKS = {"penalty": "check_action_code", "coercion": "check_action_code", "other_act": "check_behavior_number"}
USCC = "[0-9A-HJ-NPQRTUWXY]{18}"
FORMS = {
    "supervise_item_implement_code": r"\d{14}", "supervise_item_code": r"\d{14}", "area_number": r"\d{6}",
    "supervise_item_check_icode": rf"{USCC}[1-5].*", "check_personnel": "[^,]+(,[^,]+)+",
    "administrative_cp_ui_code": rf"{USCC}|\d{{17}}[0-9X]",
}  # fmt: skip
ORDER = {"inspection": ("check_date", "submitted_date"), "other_act": ("start_date", "end_date")}
ORDER |= {"coercion": ORDER["other_act"], "penalty": ("punish_set_date", "submitted_date")}


def fault(record_type: str, record: Mapping[str, Any], log: ReceiverLog) -> tuple[str, str] | None:
    """Why the record is not taken: (code, text), or None."""
    wrong = next(_faults(record_type, record), None)
    if wrong:
        return "3001", f"验证规则代码:3001;错误描述:字段{wrong}缺失或格式不正确."
    column = LINKS.get(record_type)
    if column and record.get(column) and not log.holds("inspection", "check_action_code", str(record[column])):
        return "3002", f"验证规则代码:3002;错误描述:{column}所指的检查行为不存在."
    return None


def _faults(record_type: str, record: Mapping[str, Any]) -> Iterator[str]:
    for row in _table(TABLES[record_type]):
        name, value = row["field_code"], record.get(row["field_code"])
        if value in (None, ""):
            if row["required"] == "required":
                yield name
        elif not isinstance(value, str) or len(value) > int(row["max_length"] or len(value)):
            yield name
        if isinstance(value, str) and not re.fullmatch(FORMS.get(name, "(?s).*"), value):
            yield name
    first, second = (record.get(name) for name in ORDER[record_type])
    if first and second and second < first:
        yield ORDER[record_type][1]
    certificates = record.get("check_personnel_code")
    if certificates and certificates.count(",") != record["check_personnel"].count(","):
        yield "check_personnel_code"


@cache
def _table(name: str) -> tuple[dict[str, str], ...]:
    return rows_of(version_file("enforcement", "1.0", f"fields/{name}.csv"))
