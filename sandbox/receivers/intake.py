"""Owns the taking in of one delivery: its key, its digest, its count, then record by record, in one transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from sandbox.receivers.log import Applied, ReceiverLog, digest_of
from sandbox.receivers.rules import refusal

RECORD_TYPES = ("penalty", "licence", "inspection", "coercion", "other_act", "coercion_case")
_TURNED_AWAY = {"status": "rejected", "code": "9001", "message": "验证规则代码:9001;错误描述:系统暂不能处理该记录."}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it came over the wire."""

    key: str | None
    declared_digest: str | None
    record_type: str
    declared_count: str
    body: bytes

    @classmethod
    def of(cls, headers: Message, body: bytes) -> "Delivery":
        """Headers and body of a request."""
        return cls(
            headers.get("Idempotency-Key"),
            headers.get("Content-Digest"),
            headers.get("X-Record-Type") or "",
            headers.get("X-Record-Count") or "",
            body,
        )

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    @property
    def lines(self) -> list[bytes]:
        return [line for line in self.body.split(b"\n") if line]


def _problem(status: int, code: str, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"code": code, "message": message}, ensure_ascii=False).encode()


class Intake:
    """Applies deliveries for one receiver, each wholly or not at all, each key once.

    One that does not honour keys applies whatever comes, as often as it comes.
    """

    def __init__(self, code: str, log: ReceiverLog, honours_keys: bool = True) -> None:
        self._code = code
        self._log = log
        self._honours_keys = honours_keys

    def take(self, delivery: Delivery, *, partial: bool = False) -> tuple[int, bytes]:
        """Status and verbatim answer; the same key with the same body gets the first answer again.

        `partial`: every third record and the last one are turned away.
        """
        if not delivery.key:
            return _problem(422, "no_key", "缺少 Idempotency-Key")
        with self._log.transaction():
            known = self._log.answer(delivery.key)
            if known and self._honours_keys:
                same = known[0] == _fingerprint(delivery)
                return (200, known[1]) if same else _problem(409, "key_reused", "同一幂等键的内容不同")
            wrong = _wrong(delivery)
            if wrong:
                return wrong
            answer = self._apply(delivery, delivery.key, partial)
            self._log.keep_answer(delivery.key, _fingerprint(delivery), delivery.record_type, answer)
            return 200, answer

    def _apply(self, delivery: Delivery, key: str, partial: bool) -> bytes:
        lines = delivery.lines
        away = {*range(2, len(lines), 3), len(lines) - 1} if partial else set()
        results = [
            _TURNED_AWAY | {"seq": seq} if seq in away else self._one(delivery.record_type, key, seq, line)
            for seq, line in enumerate(lines)
        ]
        accepted = sum(result["status"] == "accepted" for result in results)
        answer = {
            "receipt": f"{self._code}-{digest_of((key + delivery.digest).encode())[:16]}",
            "key": key,
            "count": len(results),
            "accepted": accepted,
            "rejected": len(results) - accepted,
            "results": results,
        }
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()

    def _one(self, record_type: str, key: str, seq: int, line: bytes) -> dict[str, Any]:
        record: Mapping[str, Any] = json.loads(line)
        refused = refusal(self._code, record_type, record, self._log if self._honours_keys else None)
        if refused:
            return {"seq": seq, "status": "rejected", "code": refused[0], "message": refused[1]}
        self._log.apply(
            Applied(
                key, seq, record_type, record["cd_id"], record["cd_revision"], record["cd_operation"],
                digest_of(line), line,
            )
        )  # fmt: skip
        return {"seq": seq, "status": "accepted"}


def stored(answer: bytes, lost: bool = False) -> bytes:
    """The second answer to a delivery: its accepted records are stored; with `lost`, the first of them is not."""
    first = json.loads(answer)
    accepted = [one["seq"] for one in first["results"] if one["status"] == "accepted"]
    results: list[dict[str, Any]] = [{"seq": seq, "status": "stored"} for seq in accepted]
    if lost and results:
        results[0] |= {"status": "not_stored", "code": "9100", "message": "入库失败"}
    return json.dumps({"key": first["key"], "rung": "stored", "results": results}, ensure_ascii=False).encode()


def _fingerprint(delivery: Delivery) -> str:
    return f"{delivery.record_type}:{delivery.digest}"


def _wrong(delivery: Delivery) -> tuple[int, bytes] | None:
    """Why the delivery as a whole is refused: type, digest, count, or a line that is no record."""
    if delivery.record_type not in RECORD_TYPES:
        return _problem(422, "record_type", "X-Record-Type 不正确")
    if delivery.declared_digest != f"sha-256={delivery.digest}":
        return _problem(422, "digest", "Content-Digest 与内容不符")
    if delivery.declared_count != str(len(delivery.lines)):
        return _problem(422, "count", "X-Record-Count 与内容不符")
    if not all(_is_record(line) for line in delivery.lines):
        return _problem(422, "line", "内容不是逐行的 JSON 对象，或嵌套过深")
    return None


def _is_record(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    if not isinstance(record, dict):
        return False
    lists = [value for value in record.values() if isinstance(value, list)]
    return all(map(_is_flat, [entry for value in lists for entry in value])) and _is_flat(
        {name: value for name, value in record.items() if not isinstance(value, list)}
    )


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(inner, dict | list) for inner in value.values())
