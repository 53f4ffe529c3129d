"""Owns a receiver's folder for tests, as its people see it, and how it is reached: here, or over SFTP."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import open_target
from sandbox.receivers.faults import Faults
from sandbox.receivers.sftp import Door
from schemas.errors import AwaitingVerdicts
from schemas.exchange import Answer, Sealed, Target
from tests.connectors.exchange_platform import WHERE

KEY = "k" * 64
GOOD = {"key": KEY, "count": 2, "results": [{"seq": 0, "status": "accepted"}, {"seq": 1, "status": "accepted"}]}


@dataclass
class Exchange:
    """A folder with `in` and `out`, and how it is reached; `door` is the SFTP server, if there is one."""

    root: Path
    access: dict[str, Any]
    faults: Faults
    door: Door | None = None

    def target(self, sheets: dict[str, Any] | None = None, **access: Any) -> Target:
        return open_target(self.access | access, WHERE, sheets or {})

    def receipt(self, body: bytes | dict[str, Any], form: str = "json") -> None:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        (self.root / f"out/{KEY}.receipt.{form}").write_bytes(content)

    @property
    def incoming(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.root / "in").iterdir())}


def waiting(target: Target, delivery: Sealed, answer: Answer | None) -> bool:
    assert answer
    with pytest.raises(AwaitingVerdicts):
        target.read(delivery, answer)
    return True
