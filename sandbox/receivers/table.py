"""Owns a receiver by exchange table (前置库): its import reads new control rows and their rows, judges, answers.

It takes whatever control row it finds new, as often as it finds one: only the sender's care keeps a delivery single.
Its log is the only witness. `python -m sandbox.receivers.table --help` runs one as a process.
"""

import argparse
import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from sandbox.receivers.faults import Faults
from sandbox.receivers.log import Applied, ReceiverLog, digest_of
from sandbox.receivers.rules import ENVELOPE, refusal
from sandbox.receivers.witness import Witness

TABLE_FAULTS = (
    "partial_accept", "late", "half_judged", "locked", "odd_status", "batch_refused", "row_gone", "control_gone",
    "taken_and_gone",
)  # fmt: skip
TAKEN, AWAY, ODD = "2", "3", "9"  # beside 0 new, 1 in work
PAUSE = 0.02
LOCKS = {
    "sqlite": ("BEGIN IMMEDIATE", "ROLLBACK"),
    "postgresql": ("LOCK TABLE gj_penalty IN EXCLUSIVE MODE", "ROLLBACK"),
    "mysql": ("LOCK TABLES gj_penalty WRITE, gj_control WRITE", "UNLOCK TABLES"),
}
Row = dict[str, Any]


class TableReceiver(Witness):
    """`url`: sqlite:///…, postgresql://… or mysql+pymysql://…, where the tables gj_control and gj_<type> stand."""

    def __init__(self, code: str, state: Path, url: str) -> None:
        self.code, self.url, self.faults = code, url, Faults(TABLE_FAULTS)
        self.log_path = state / f"receiver_{code}.sqlite"
        self.engine: Engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            connect_args={"timeout": 30} if url.startswith("sqlite") else {}, hide_parameters=True,
        )  # fmt: skip
        self._seen: dict[str, float] = {}
        self._kept: list[tuple[str, Row]] = []
        self._unwritten: dict[str, list[Row]] = {}  # judged, its verdicts not yet in the tables
        self._stop = Event()
        self._thread: Thread | None = None

    def env(self) -> dict[str, str]:
        return {f"GUIJI_{self.code.upper()}_URL": self.url}

    def start(self) -> None:
        """Open the log and begin to read."""
        self._stop.clear()
        self._log = ReceiverLog(self.log_path)
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read no more; what lies in the tables stays."""
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None
            self._log.close()
        self.engine.dispose()

    def hurry(self) -> None:
        """What was late is judged now."""
        self.faults.clear()
        self._seen.clear()

    def mend(self) -> None:
        """The platform's people put right what their faults spoiled: rows back, statuses reset."""
        self.hurry()
        with self.engine.begin() as base:
            base.execute(text("UPDATE gj_control SET gj_state = '0' WHERE gj_state = '3'"))
            base.execute(text("UPDATE gj_penalty SET gj_state = '2' WHERE gj_state = '9'"))
            while self._kept:
                table, row = self._kept.pop()
                names = ", ".join(f"{self._q(name)}" for name in row)
                places = ", ".join(f":p{number}" for number in range(len(row)))
                values = {f"p{number}": value for number, value in enumerate(row.values())}
                base.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608

    def _q(self, name: str) -> str:
        return self.engine.dialect.identifier_preparer.quote_identifier(name)

    def _serve(self) -> None:
        while not self._stop.wait(PAUSE):
            try:
                if self.faults.take("locked"):
                    self._lock()
                self._round()
            except OperationalError:
                continue  # locked by somebody, or the server is away: the import's next round

    def _lock(self) -> None:
        take, let_go = LOCKS[self.engine.dialect.name]
        with self.engine.connect() as base:
            base.exec_driver_sql(take)
            self.faults.wait(self.faults.seconds)
            base.exec_driver_sql(let_go)

    def _round(self) -> None:
        """Whatever is new, in the order of its cd_batch: the number that says which came first."""
        with self.engine.connect() as base:
            controls = self._read(base, "gj_control", "gj_state IN ('0', '1')", {})
        with_rows = [(control, self._rows(control)) for control in controls]
        for control, rows in sorted(with_rows, key=lambda one: str(one[1][0]["cd_batch"]) if one[1] else ""):
            if not self._spoiled_before(control):
                self._judge(control, rows)

    def _rows(self, control: Row) -> list[Row]:
        with self.engine.connect() as base:
            rows = self._read(base, f"gj_{control['gj_record_type']}", "gj_key = :key", {"key": control["gj_key"]})
        return sorted(rows, key=lambda row: int(row["gj_seq"]))

    @staticmethod
    def _read(base: Connection, table: str, where: str, values: Mapping[str, Any]) -> list[Row]:
        found = base.execute(text(f"SELECT * FROM {table} WHERE {where}"), values)  # noqa: S608 - names of our own
        return [dict(row) for row in found.mappings()]

    def _spoiled_before(self, control: Row) -> bool:
        """Something happens to it before it is judged."""
        key, faults = str(control["gj_key"]), self.faults
        if key in self._seen:
            return time.monotonic() < self._seen[key]
        if faults.take("late"):
            self._note(control, "late")
            self._seen[key] = time.monotonic() + faults.seconds
            return True
        if faults.take("batch_refused"):
            return self._do(control, "batch_refused", "UPDATE gj_control SET gj_state = '3' WHERE gj_key = :key")
        if faults.take("control_gone"):
            self._kept.append(("gj_control", control))
            return self._do(control, "control_gone", "DELETE FROM gj_control WHERE gj_key = :key")
        return False

    def _judge(self, control: Row, rows: list[Row]) -> None:
        """Count and digest first, then record by record."""
        key, kind = str(control["gj_key"]), str(control["gj_record_type"])
        fields = [*ENVELOPE, *filter(None, str(control["gj_fields"] or "").split(","))]
        lines = [_line(row, fields) for row in rows]
        sent = digest_of(b"".join(line + b"\n" for line in lines))
        if (len(rows), sent) != (int(control["gj_count"]), control["gj_digest"]):
            self._do(control, "wrong", "UPDATE gj_control SET gj_state = '3' WHERE gj_key = :key")
            return
        away = {*range(2, len(rows), 3), len(rows) - 1} if self.faults.take("partial_accept") else set()
        if key not in self._unwritten:
            with self._log.transaction():
                results = [self._one(kind, key, seq, line, seq in away) for seq, line in enumerate(lines)]
                body = json.dumps({"key": key, "results": results}, ensure_ascii=False).encode()
                self._log.keep_answer(key, str(control["gj_digest"]), kind, body)
            self._unwritten[key] = results
        self._write(control, self._unwritten[key])
        del self._unwritten[key]

    def _one(self, kind: str, key: str, seq: int, line: bytes, turned_away: bool) -> Row:
        record = json.loads(line)
        refused = ("9001", "系统暂不能处理该记录") if turned_away else refusal(self.code, kind, record, self._log)
        if refused:
            return {"seq": seq, "status": "rejected", "code": refused[0], "message": refused[1]}
        one = Applied(key, seq, kind, record["cd_id"], record["cd_revision"], record["cd_operation"],
                      digest_of(line), line)  # fmt: skip
        self._log.apply(one)
        return {"seq": seq, "status": "accepted", "code": None, "message": None}

    def _write(self, control: Row, results: list[Row]) -> None:
        """Verdicts on the rows, then the control row; unless a fault is to be shown."""
        table, key = f"gj_{control['gj_record_type']}", str(control["gj_key"])
        if self.faults.take("taken_and_gone"):
            with self.engine.begin() as base:
                for name in (table, "gj_control"):
                    base.execute(text(f"DELETE FROM {name} WHERE gj_key = :key"), {"key": key})  # noqa: S608
            self._note(control, "taken_and_gone")
            return
        values = [
            {"key": key, "seq": one["seq"], "code": one["code"], "message": one["message"],
             "state": TAKEN if one["status"] == "accepted" else AWAY}
            for one in results
        ]  # fmt: skip
        if self.faults.take("odd_status"):
            values[0]["state"] = ODD
            self._note(control, "odd_status")
        half = len(values) // 2 if self.faults.take("half_judged") else 0
        self._verdicts(table, values[:half])
        if half:
            self._note(control, "half_judged")
            self.faults.wait(self.faults.seconds)
        gone = self.faults.take("row_gone")
        self._verdicts(table, values[half:], gone)
        if gone:
            self._note(control, "row_gone")
        self._do(control, "judged", "UPDATE gj_control SET gj_state = '2' WHERE gj_key = :key")

    def _verdicts(self, table: str, values: list[Row], gone: bool = False) -> None:
        """With `gone` the last row is taken away in the same moment, and kept for `mend`."""
        if not values:
            return
        with self.engine.begin() as base:
            statement = (
                f"UPDATE {table} SET gj_state = :state, gj_code = :code, gj_message = :message "  # noqa: S608
                "WHERE gj_key = :key AND gj_seq = :seq"
            )
            base.execute(text(statement), values)
            if gone:
                one = "gj_key = :key AND gj_seq = :seq"
                last = {name: values[-1][name] for name in ("key", "seq")}
                self._kept += [(table, row) for row in self._read(base, table, one, last)]
                base.execute(text(f"DELETE FROM {table} WHERE {one}"), last)  # noqa: S608 - names of our own

    def _do(self, control: Row, outcome: str, statement: str, **values: Any) -> bool:
        with self.engine.begin() as base:
            base.execute(text(statement), {"key": control["gj_key"], **values})
        self._note(control, outcome)
        return True

    def _note(self, control: Row, outcome: str) -> None:
        self._log.note("TABLE", "gj_control", str(control["gj_key"]), str(control["gj_digest"]), outcome)


def _line(row: Row, fields: list[str]) -> bytes:
    """The line as it must have been sent; a revocation is its envelope alone."""
    names = fields if row["cd_operation"] != "d" else ENVELOPE
    record = {name: row[name] for name in names}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.receivers.table", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the log")
    parser.add_argument("--url", required=True, help="the database; its tables by `guiji new tables CODE`")
    parser.add_argument("--code", default="nation", help="the receiver's code: nation, or province with its own form")
    wanted, stop = parser.parse_args(), Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with TableReceiver(wanted.code, wanted.state, wanted.url):
        stop.wait()


if __name__ == "__main__":
    main()
