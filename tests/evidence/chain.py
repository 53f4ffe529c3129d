"""A log in a folder, made by the writer's own calls, and what was delivered."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from evidence.bundle import Contents, statement, write_bundle
from evidence.checkpoint import Log
from evidence.notes import Note
from evidence.signers import Signer
from exchange.ledger.deliveries import delivery_key

KEYS = [f"市监罚〔2026〕{number}号" for number in range(7)]


@dataclass(frozen=True)
class Chain:
    """A log, its signers and what was delivered."""

    folder: Path
    signers: list[Signer]

    @property
    def log(self) -> Log:
        return Log(self.folder / "evidence")

    def night(self, *deliveries: str, signers: list[Signer] | None = None) -> Note:
        """Deliver and close the night."""
        log = self.log
        entries = [log.state(d, 1, statement(head(d), contents(d), seed(d))) for d in deliveries]
        note = log.append(entries, self.signers if signers is None else signers, "2026-03-02T01:00:00.000+00:00")
        assert note is not None
        return note

    def bundle(self, delivery: str, show: list[str] | None = None) -> bytes:
        return write_bundle(self.log.excerpt(delivery), contents(delivery), seed(delivery), show)

    @property
    def trust(self) -> list[str]:
        last = self.log.last
        assert last is not None
        return list(last.keys)


def head(delivery: str) -> dict[str, object]:
    return {"delivery": delivery, "receiver": "province", "feed": "market/penalty", "profile": "p@1", "method": "rest"}


def seed(delivery: str) -> bytes:
    """The secret of which a delivery's salts are made."""
    return sha256(b"secret" + delivery.encode()).digest()


def party(number: int, position: int) -> str:
    """A personal value of one record of one delivery."""
    return f"某人{number}之{position}"


@cache
def name(number: int) -> str:
    """The idempotency key of the n-th delivery, as the ledger makes it."""
    request, members = _sent(number)
    rows = [f"{m['key']}\0{m['revision']}\0{m['operation']}".encode() for m in members]
    key = delivery_key("province", "p@1", rows, sha256(request).hexdigest())
    NUMBERS[key] = number
    return key


NUMBERS: dict[str, int] = {}


def _sent(number: int) -> tuple[bytes, list[dict[str, Any]]]:
    """Seven records, one a revocation, one rejected."""
    members, lines = [], []
    for position, key in enumerate(KEYS):
        revoked, rejected = position == 3, position == 5
        members.append({
            "position": position, "key": key, "revision": 1 + position % 2, "digest": f"{position:064x}",
            "operation": "revoke" if revoked else "upsert", "outcome": "rejected" if rejected else "accepted",
            "code": "1001" if rejected else "",
        })  # fmt: skip
        lines.append({
            "cd_id": f"11110000MB0000000X:penalty:{key}", "cd_operation": "d" if revoked else "i",
            "cd_revision": 1 + position % 2, "party": party(number, position),
        })  # fmt: skip
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode(), members


def contents(delivery: str) -> Contents:
    """What was sent under a key that name() made, and what came back."""
    request, members = _sent(NUMBERS[delivery])
    results = [{"seq": m["position"], "status": m["outcome"],
                **({"code": "1001", "message": "未查询到主体"} if m["code"] else {})} for m in members]  # fmt: skip
    answer = {"key": delivery, "receipt": "R1", "count": 7, "accepted": 6, "rejected": 1, "results": results}
    receipt = b"HTTP 200\r\nContent-Type: application/json\r\n\r\n" + json.dumps(answer).encode()
    said = {
        "attempt": 1,
        "number": "R1",
        "status": 200,
        "verdict": "acked",
        "filed_at": "2026-03-02T00:10:00.000+00:00",
    }
    return Contents(request, members, [(said, receipt)])
