"""The receiver by exchange table bears true witness: it judges what lies in the tables, as often as it lies there."""

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.receivers.rules import party_unknown
from sandbox.receivers.table import TABLE_FAULTS, TableReceiver

KNOWN = [key for key in (f"market:{n}" for n in range(1000)) if not party_unknown(key)]
UNKNOWN = next(key for key in (f"market:{n}" for n in range(5000)) if party_unknown(key))
ENVELOPE = "cd_id, cd_operation, cd_source, cd_batch, cd_revision"
TABLES = f"""
CREATE TABLE gj_control (gj_key TEXT PRIMARY KEY, gj_feed TEXT, gj_record_type TEXT, gj_count INTEGER, gj_digest TEXT,
    gj_fields TEXT, gj_state TEXT);
CREATE TABLE gj_penalty (gj_key TEXT, gj_seq INTEGER, {ENVELOPE} INTEGER, WSH TEXT,
    gj_state TEXT, gj_code TEXT, gj_message TEXT, PRIMARY KEY (gj_key, gj_seq));
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "base.db")) as made:
        made.executescript(TABLES)
    return tmp_path / "base.db"


@pytest.fixture
def receiver(base: Path, tmp_path: Path) -> Iterator[TableReceiver]:
    with TableReceiver("nation", tmp_path / "state", f"sqlite:///{base}") as made:
        yield made


def put(base: Path, key: str, *lines: dict[str, Any], count: int | None = None, digest: str = "") -> None:
    """A delivery by another hand than the product's."""
    body = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()
    with closing(sqlite3.connect(base, timeout=10)) as db, db:
        for seq, line in enumerate(lines):
            db.execute(
                f"INSERT INTO gj_penalty (gj_key, gj_seq, {ENVELOPE}, WSH, gj_state) VALUES (?,?,?,?,?,?,?,?,'0')",
                (key, seq, *list(line.values())[:5], line.get("WSH")),
            )
        digest = digest or hashlib.sha256(body).hexdigest()
        db.execute(
            "INSERT INTO gj_control VALUES (?, 'market/penalty', 'penalty', ?, ?, 'WSH', '0')",
            (key, len(lines) if count is None else count, digest),
        )


def line(cd_id: str, revision: int = 1, operation: str = "i") -> dict[str, Any]:
    envelope = {"cd_id": cd_id, "cd_operation": operation, "cd_source": "530000", "cd_batch": "2026030200001"}
    return envelope | {"cd_revision": revision} | ({} if operation == "d" else {"WSH": "沪〔2026〕1号"})


def read(base: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(base, timeout=10)) as db:
        return db.execute(statement).fetchall()


def until(found: Callable[[], bool]) -> None:
    late = time.monotonic() + 20
    while not found() and time.monotonic() < late:
        time.sleep(0.02)
    assert found()


def state(base: Path, key: str) -> str:
    return str(read(base, f"SELECT gj_state FROM gj_control WHERE gj_key = '{key}'")[0][0])


def test_it_judges_record_by_record(receiver: TableReceiver, base: Path) -> None:
    put(base, "k1", line(KNOWN[0]), line(UNKNOWN), line(KNOWN[1]))
    until(lambda: state(base, "k1") == "2")
    assert read(base, "SELECT gj_state, gj_code FROM gj_penalty ORDER BY gj_seq") == [
        ("2", None), ("3", "1001"), ("2", None),
    ]  # fmt: skip
    assert [one.cd_id for one in receiver.applied()] == [KNOWN[0], KNOWN[1]]
    assert json.loads(receiver.applied()[0].line) == line(KNOWN[0])
    put(base, "k2", line(KNOWN[0], 2, "d"))
    until(lambda: state(base, "k2") == "2")
    assert list(receiver.current("penalty")) == [KNOWN[1]]


@pytest.mark.parametrize("wrong", [{"count": 2}, {"digest": "0" * 64}])
def test_what_is_not_whole_is_refused_whole(receiver: TableReceiver, base: Path, wrong: dict[str, Any]) -> None:
    put(base, "k1", line(KNOWN[0]), **wrong)
    until(lambda: state(base, "k1") == "3")
    assert receiver.applied() == []


def test_what_lies_there_twice_is_taken_twice(receiver: TableReceiver, base: Path) -> None:
    """It does not help the sender: a doubled delivery shows as stale revisions."""
    put(base, "k1", line(KNOWN[0]))
    until(lambda: state(base, "k1") == "2")
    put(base, "k2", line(KNOWN[0]))
    until(lambda: state(base, "k2") == "2")
    assert read(base, "SELECT gj_code FROM gj_penalty WHERE gj_key = 'k2'") == [("2001",)]
    with pytest.raises(ValueError, match="known are partial_accept"):
        receiver.faults.set("no_such_fault")
    assert len(set(TABLE_FAULTS)) == len(TABLE_FAULTS)


def test_it_runs_as_a_process(base: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sandbox.receivers.table", "--state", str(tmp_path), "--url", f"sqlite:///{base}"]
    with subprocess.Popen(words) as process:
        put(base, "k1", line(KNOWN[0]))
        until(lambda: state(base, "k1") == "2")
        process.terminate()
    assert process.returncode == 0
