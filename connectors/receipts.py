"""A receipt as we believe it (回执), however it came: one JSON object that names our delivery and judges each record.

{"receipt": …, "key": …, "count": …, "results": [{"seq": …, "status": "accepted" or "rejected", "code": …,
"message": …}]}
"""

import json
from typing import Any

from schemas.errors import ReceiptMismatch, ReceiverUnreachable
from schemas.exchange import Receipt, RecordVerdict, Sealed


def read_receipt(body: bytes, sealed: Sealed, where: str) -> Receipt:
    """Raises ReceiptMismatch, or ReceiverUnreachable where it cannot be read."""
    data = parsed(body, where)
    count = data.get("count")
    if data.get("key") != sealed.key or type(count) is not int or count != sealed.count:
        raise ReceiptMismatch("speaks of another delivery", where=where, remedy="ask the receiver")
    verdicts = _verdicts(data.get("results"), sealed.count, where)
    for word in ("accepted", "rejected"):
        if word in data and data[word] != sum(verdict.verdict == word for verdict in verdicts):
            raise ReceiptMismatch("counts against its own lines", where=where, remedy="ask the receiver")
    return Receipt(sealed.key, plain(data.get("receipt"), 200), verdicts)


def parsed(body: bytes, where: str) -> dict[str, Any]:
    """Strict: UTF-8, one object, no key twice, no NaN; anything else leaves the outcome unknown."""
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ReceiverUnreachable("the answer cannot be read", where=where, remedy="asked again") from None
    if not isinstance(data, dict):
        raise ReceiptMismatch("the answer is no receipt", where=where, remedy="ask the receiver")
    return data


def plain(value: Any, longest: int) -> str:
    """Text any database can keep: no lone surrogates, no NUL. The verbatim answer is kept beside it."""
    if value is None:
        return ""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "?")[:longest]


def _verdicts(results: Any, count: int, where: str) -> tuple[RecordVerdict, ...]:
    found: dict[int, RecordVerdict] = {}
    for row in results if isinstance(results, list) else []:
        seq, status = (row.get("seq"), row.get("status")) if isinstance(row, dict) else (None, None)
        if type(seq) is not int or not 0 <= seq < count or seq in found or status not in ("accepted", "rejected"):
            raise ReceiptMismatch("a line of the receipt is no verdict", where=where, remedy="ask the receiver")
        found[seq] = RecordVerdict(seq, status, plain(row.get("code"), 60), plain(row.get("message"), 2000))
    if len(found) != count:
        raise ReceiptMismatch(
            f"{count} records were sent, {len(found)} are spoken of", where=where, remedy="ask the receiver"
        )
    return tuple(found[seq] for seq in sorted(found))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError
    return data


def _no_constant(name: str) -> Any:
    raise ValueError(name)
