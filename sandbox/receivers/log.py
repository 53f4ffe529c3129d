"""Owns a receiver's durable log: what it applied, answered, and was asked; readable while and after it runs."""

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS applied (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL, seq INTEGER NOT NULL, record_type TEXT NOT NULL,
    cd_id TEXT NOT NULL, revision INTEGER NOT NULL, operation TEXT NOT NULL, digest TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS standing (
    record_type TEXT NOT NULL, cd_id TEXT NOT NULL, revision INTEGER NOT NULL, present INTEGER NOT NULL,
    line BLOB NOT NULL, PRIMARY KEY (record_type, cd_id));
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, record_type TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    key TEXT, digest TEXT, outcome TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """One record version that the receiver took in: `digest` is SHA-256 of the verbatim `line`."""

    key: str
    seq: int
    record_type: str
    cd_id: str
    revision: int
    operation: str
    digest: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that reached the receiver; `outcome` is the status it answered with, or the fault it showed."""

    at_ms: int
    method: str
    path: str
    key: str | None
    digest: str | None
    outcome: str


class ReceiverLog:
    """An SQLite file, every commit synced to disk; opened beside the receiver, or after its stop, it bears witness."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = RLock()
        self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def revision(self, record_type: str, cd_id: str) -> tuple[int, bool] | None:
        """The revision applied last and whether the record is present; None when it never came."""
        found = self._one("SELECT revision, present FROM standing WHERE record_type=? AND cd_id=?", record_type, cd_id)
        return None if found is None else (int(found[0]), bool(found[1]))

    def holds(self, record_type: str, column: str, value: str) -> bool:
        """Whether a record that is present has this value in a column of the receiver's own."""
        query = "SELECT 1 FROM standing WHERE present=1 AND record_type=? AND json_extract(CAST(line AS TEXT), ?)=?"
        return self._one(query, record_type, f"$.{column}", value) is not None

    def apply(self, one: Applied) -> None:
        """Take a record version in."""
        self._db.execute(
            "INSERT INTO applied (key, seq, record_type, cd_id, revision, operation, digest, line) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (one.key, one.seq, one.record_type, one.cd_id, one.revision, one.operation, one.digest, one.line),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO standing VALUES (?,?,?,?,?)",
            (one.record_type, one.cd_id, one.revision, int(one.operation != "d"), one.line),
        )

    def keep_answer(self, key: str, digest: str, record_type: str, body: bytes) -> None:
        """The answer that this key gets from now on."""
        self._db.execute("INSERT OR REPLACE INTO answers VALUES (?,?,?,?)", (key, digest, record_type, body))

    def answer(self, key: str) -> tuple[str, bytes] | None:
        """Digest of the body that came under this key, and the answer given."""
        found = self._one("SELECT digest, body FROM answers WHERE key=?", key)
        return None if found is None else (str(found[0]), bytes(found[1]))

    def note(self, method: str, path: str, key: str | None, digest: str | None, outcome: str) -> None:
        """One request, whatever came of it."""
        with self._lock:
            self._db.execute(
                "INSERT INTO attempts (at_ms, method, path, key, digest, outcome) VALUES (?,?,?,?,?,?)",
                (time.time_ns() // 1_000_000, method, path, key, digest, outcome),
            )

    def applied(self) -> list[Applied]:
        """Every record version taken in, in order."""
        columns = "key, seq, record_type, cd_id, revision, operation, digest, line"
        return [Applied(*row) for row in self._all(f"SELECT {columns} FROM applied ORDER BY number")]  # noqa: S608

    def current(self, record_type: str | None = None) -> dict[str, tuple[int, bytes]]:
        """What the receiver holds now: cd_id → (revision, verbatim line)."""
        rows = self._all(
            "SELECT cd_id, revision, line FROM standing WHERE present=1 AND (? IS NULL OR record_type=?)",
            record_type,
            record_type,
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def attempts(self) -> list[Attempt]:
        """Every request that reached the receiver, in order."""
        rows = self._all("SELECT at_ms, method, path, key, digest, outcome FROM attempts ORDER BY number")
        return [Attempt(*row) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def _one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._lock:
            row = self._db.execute(statement, values).fetchone()
        return None if row is None else tuple(row)

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def digest_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
