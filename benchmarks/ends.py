"""Owns both ends of the measured chains: the market department's table in SQLite, and a receiver that costs little.

The receiver speaks the protocol of the sandbox's receivers and believes everything: it keeps no log and accepts every
record, so that neither chain is charged for a receiver's own work. It runs in a process of its own.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sandbox.departments.market import _load_sqlite
from sandbox.generator import penalty_table
from sandbox.server import Handler, LocalServer
from schemas.catalog import HOUSE

SECRET = "benchmark secret"


def fill(path: Path, rows: int, seed: int = 7) -> None:
    """A fresh database with `rows` penalties."""
    _load_sqlite(path, "xzcf", penalty_table(rows, seed).to_pylist())


def one_receiver_catalog(folder: Path) -> Path:
    """The market department and the province, as they are shipped, with the province as the only receiver."""
    shutil.copytree(HOUSE / "departments" / "market", folder / "departments" / "market")
    shutil.copytree(HOUSE / "receivers" / "province", folder / "receivers" / "province")
    for mapping in (folder / "departments" / "market").glob("*.yaml"):
        text = mapping.read_text(encoding="utf-8")
        mapping.write_text(text.replace("receivers: [province, nation]", "receivers: [province]"), encoding="utf-8")
    receiver = folder / "receivers" / "province" / "receiver.yaml"
    text = receiver.read_text(encoding="utf-8")
    receiver.write_text(text.replace("max_records: 1000", "max_records: 5000"), encoding="utf-8")
    return folder


@cache
def _verdicts(count: int) -> str:
    return ",".join(f'{{"seq":{seq},"status":"accepted"}}' for seq in range(count))


class _Believer(Handler):
    """Reads the body and accepts as many records as the header announces."""

    def do_GET(self) -> None:
        self.answer(404, {"code": "not_found", "message": "没有该批次"})

    def do_POST(self) -> None:
        self.read_body()
        key, count = self.headers.get("Idempotency-Key") or "", int(self.headers.get("X-Record-Count") or 0)
        head = json.dumps({"receipt": f"bench-{key[:16]}", "key": key, "count": count, "accepted": count})
        self.answer_bytes(200, f'{head[:-1]},"rejected":0,"results":[{_verdicts(count)}]}}'.encode())


@contextmanager
def believing_receiver() -> Iterator[str]:
    """The receiver in its own process; gives its address."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.ends"], stdin=-1, stdout=-1, cwd=HOUSE, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate()


def main() -> None:
    """Serve until standard input ends."""
    server = LocalServer(_Believer)
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
