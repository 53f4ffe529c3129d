"""Owns a receiver's database on three servers: its tables made by our statements, and its people at work in it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from connectors.registry import open_target
from connectors.table_ddl import Tables
from connectors.table_layout import layout
from schemas.exchange import Sealed, Target

WHERE = "receivers/city/receiver.yaml"
STATE = {"new": 0, "pending": [1], "accepted": [2], "rejected": [3, -1]}
ACCESS: dict[str, Any] = {
    "method": "table", "control": "gj_control", "tables": {"penalty": "gj_penalty"}, "state": STATE, "timeout": 1,
}  # fmt: skip
FIELDS = [("CF_WSH", "文书号"), ("CF_NR_FK", "罚款"), ("CF_SY", "违法事实")]
LINES = [
    {"cd_id": "c:1", "cd_operation": "i", "cd_source": "310000", "cd_batch": "2026030200001", "cd_revision": 1,
     "CF_WSH": "沪〔2026〕1号", "CF_NR_FK": "12.500000", "CF_SY": "甲\t\"乙\"，\\n 𬭎䶮"},
    {"cd_id": "c:2", "cd_operation": "u", "cd_source": "310000", "cd_batch": "2026030200001", "cd_revision": 3,
     "CF_WSH": "沪〔2026〕2号", "CF_NR_FK": None, "CF_SY": ""},
]  # fmt: skip
GONE = [{"cd_id": "c:2", "cd_operation": "d", "cd_source": "310000", "cd_batch": "2026030200002", "cd_revision": 4}]
DIALECTS = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql+pymysql"}


class Platform:
    """The receiver's database, made by our statements, and its people at work in it."""

    def __init__(self, url: str, access: dict[str, Any]) -> None:
        self.access = access | {"url": url}
        self.dialect = url.split(":")[0].split("+")[0]
        address = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.engine: Engine = create_engine(address, connect_args={"timeout": 5} if self.dialect == "sqlite" else {})

    @property
    def quote(self) -> str:
        return "`" if self.dialect == "mysql" else '"'

    def statements(self) -> str:
        """What `guiji new tables` prints for it."""
        return Tables(layout(self.access, WHERE), self.dialect).statements({"penalty": FIELDS})

    def make(self, statements: str = "") -> None:
        """Its database people run them."""
        for statement in (statements or self.statements()).split(";\n"):
            if statement.strip():
                self.do(statement)

    def do(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)

    def all(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def target(self, **access: Any) -> Target:
        return open_target(self.access | access, WHERE)


def sealed(path: Path, lines: list[dict[str, Any]] = LINES, key: str = "k" * 64) -> Sealed:
    body = path / f"{key[:4]}.ndjson"
    content = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()
    body.write_bytes(content)
    digest = sha256(content).hexdigest()
    return Sealed(key, "market/penalty", "penalty", len(lines), digest, lambda: body.open("rb"))


def held(platform: Platform) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return platform.all("SELECT * FROM gj_control"), platform.all("SELECT * FROM gj_penalty ORDER BY gj_seq")
