"""Owns a receiver's own rules for one record: the unknown party, the order of revisions, the form of 双公示 2018."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sandbox.receivers import supervision
from sandbox.receivers.log import ReceiverLog

ENVELOPE = ("cd_id", "cd_operation", "cd_source", "cd_batch", "cd_revision")
_BATCH = re.compile(r"\d{13}")
_MONEY = re.compile(r"(0|[1-9]\d{0,11})\.\d{6}")
_DATE = re.compile(r"\d{4}/\d{2}/\d{2}")
_UNKNOWN_PARTY = "验证规则代码:1001;错误描述:未查询到主体或查询到的主体信息不匹配."

_PENALTY = "MC LB|WSH WFXW SY YJ CFLB NR JDRQ YXQ CFJG CFJGDM SJLY SJLYDM"
_LICENCE = "MC LB|XKWS WSH XKLB NR JDRQ YXQZ YXQZI XKJG XKJGDM ZT LYDW LYDWDM"


def _codes(head: str, short: str) -> tuple[str, ...]:
    party, body = (part.split() for part in short.split("|"))
    return (*(f"{head}_XDR_{name}" for name in party), *(f"{head}_{name}" for name in body))


_REQUIRED = {"penalty": _codes("CF", _PENALTY), "licence": _codes("XK", _LICENCE)}
_MONEY_FIELDS = ("CF_NR_FK", "CF_NR_WFFF")
_DATE_FIELDS = ("CF_JDRQ", "CF_YXQ", "CF_GSJZQ", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI")

Refusal = tuple[str, str]


def party_unknown(cd_id: str) -> bool:
    """About one record in two hundred names a party not in the receiver's base table; always the same ones."""
    return int.from_bytes(hashlib.sha256(cd_id.encode()).digest()[:4], "big") % 200 == 0


def envelope_fault(record: Mapping[str, Any]) -> str | None:
    """The first envelope field that is missing or malformed."""
    for name in ("cd_id", "cd_source"):
        if not isinstance(record.get(name), str) or not record[name]:
            return name
    if record.get("cd_operation") not in {"i", "u", "d"}:
        return "cd_operation"
    if not _BATCH.fullmatch(str(record.get("cd_batch"))):
        return "cd_batch"
    revision = record.get("cd_revision")
    return None if isinstance(revision, int) and not isinstance(revision, bool) and revision > 0 else "cd_revision"


def sgs2018_fault(record_type: str, record: Mapping[str, Any]) -> str | None:
    """The first field that the 双公示 2018 form does not accept."""
    for name in _REQUIRED[record_type]:
        if record.get(name) in {None, ""}:
            return name
    for names, form in ((_MONEY_FIELDS, _MONEY), (_DATE_FIELDS, _DATE)):
        for name in names:
            value = record.get(name)
            if value not in {None, ""} and not (isinstance(value, str) and form.fullmatch(value)):
                return name
    return None


def refusal(code: str, record_type: str, record: Mapping[str, Any], log: ReceiverLog | None) -> Refusal | None:
    """Why this receiver does not take this record: (code, text), or None when it does. Without a log nothing is old."""
    broken = envelope_fault(record)
    if broken:
        return "3001", f"验证规则代码:3001;错误描述:字段{broken}缺失或格式不正确."
    if log is None:
        return None
    cd_id, removing = record["cd_id"], record["cd_operation"] == "d"
    standing = log.revision(record_type, cd_id)
    if standing is not None and record["cd_revision"] <= standing[0]:
        return "2001", "验证规则代码:2001;错误描述:版本号不大于已接收版本."
    if removing:
        known = standing is not None and standing[1]
        return None if known else ("2002", "验证规则代码:2002;错误描述:撤销的记录不存在.")
    if party_unknown(cd_id):
        return "1001", _UNKNOWN_PARTY
    if code == "hlwjg":
        return supervision.fault(record_type, record, log)
    wrong = sgs2018_fault(record_type, record) if code == "province" else None
    return ("3001", f"验证规则代码:3001;错误描述:字段{wrong}缺失或格式不正确.") if wrong else None
