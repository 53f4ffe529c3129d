"""Owns a receiver that takes files (文件交换): it reads what has a manifest and no receipt, judges, lays its receipt.

Files come by a folder, or over SFTP. It takes whatever manifest it finds unanswered, as often as it finds one: only
the sender's care keeps a delivery single. `python -m sandbox.receivers.files --help` runs one as a process.
"""

import argparse
import csv
import io
import json
import shlex
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import Any

from openpyxl import load_workbook

from sandbox.receivers.faults import Faults
from sandbox.receivers.log import Applied, ReceiverLog, digest_of
from sandbox.receivers.rules import ENVELOPE, refusal
from sandbox.receivers.sftp import DOOR_FAULTS, PASSWORD, Door
from sandbox.receivers.witness import Witness

JUDGE_FAULTS = (
    "partial_accept", "late", "spoiled", "batch_refused", "half_receipt", "wrong_key", "short_count", "wrong_digest",
    "not_utf8", "two_receipts", "odd_status", "linked_receipt", "taken_and_gone", "tidied",
)  # fmt: skip
"""`spoiled`: the data file's bytes change after it came. `tidied`: the files are taken away once judged."""
PAUSE = 0.02
Row = dict[str, Any]


class FileReceiver(Witness):
    """Takes files in `state`/<code>_files/in, lays receipts in …/out; `form` ndjson, csv (receipts too) or xlsx."""

    def __init__(self, code: str, state: Path, form: str, sftp: bool) -> None:
        self.code, self.form, self.sftp = code, form, sftp
        self.faults = Faults(JUDGE_FAULTS + (DOOR_FAULTS if sftp else ()))
        self.log_path, self.root = state / f"receiver_{code}.sqlite", state / f"{code}_files"
        self.incoming, self.outgoing = self.root / "in", self.root / "out"
        for folder in (self.incoming, self.outgoing):
            folder.mkdir(parents=True, exist_ok=True)
        self.door = Door(state, self.root, self.faults) if sftp else None
        self._seen: dict[str, float] = {}
        self._done: set[str] = set()
        self._again: set[str] = set()
        self._stop = Event()
        self._thread: Thread | None = None

    @property
    def port(self) -> int:
        return self.door.port if self.door else 0

    def env(self) -> dict[str, str]:
        name = f"GUIJI_{self.code.upper()}"
        if not self.door:
            return {f"{name}_URL": self.incoming.as_uri(), f"{name}_RECEIPTS": str(self.outgoing)}
        return {
            f"{name}_URL": f"sftp://guiji@127.0.0.1:{self.port}/in", f"{name}_RECEIPTS": "/out",
            f"{name}_HOST_KEY": self.door.host_key, f"{name}_PASSWORD": PASSWORD,
        }  # fmt: skip

    def start(self) -> None:
        """Open log and door, and begin to read."""
        self._stop.clear()
        self._log = ReceiverLog(self.log_path)
        if self.door:
            self.door.start()
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read no more; what lies in the folders stays."""
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._thread = None
            self._log.close()
        if self.door:
            self.door.stop()

    def hurry(self) -> None:
        """What was late is judged now."""
        self.faults.clear()
        self._seen = dict.fromkeys(self._seen, 0.0)

    def mend(self) -> None:
        """The receiver's people put it right: receipts go, and are written anew; what was refused goes whole."""
        self.hurry()
        for path in self.outgoing.glob("*.receipt.*"):
            key = path.name.partition(".")[0]
            path.unlink()
            if self._log.answer(key):
                self._again.add(key)
            else:
                for ours in self.incoming.glob(f"{key}.*"):
                    ours.unlink()

    def _serve(self) -> None:
        while not self._stop.wait(PAUSE):
            try:
                for manifest in self._new():
                    self._judge(manifest)
            except FileNotFoundError:
                continue  # its own people took it away meanwhile

    def _new(self) -> list[Row]:
        """Manifests without a receipt, in the order of cd_batch: the number that says which came first."""
        found = []
        for path in self.incoming.glob("*.ok"):
            key = path.name.removesuffix(".ok")
            if key not in self._done and not list(self.outgoing.glob(f"{key}.receipt.*")):
                manifest = json.loads(path.read_bytes())
                found.append((self._batch(manifest), manifest))
        return [manifest for _, manifest in sorted(found, key=lambda one: one[0])]

    def _batch(self, manifest: Row) -> str:
        """Empty of a file whose bytes are not those of its manifest: it is to be refused."""
        data = self.incoming / manifest["file"]
        if sha256(data.read_bytes()).hexdigest() != manifest["sha256"]:
            return ""
        return str(json.loads(self._lines(data)[0])["cd_batch"])

    def _judge(self, manifest: Row) -> None:
        """The file's digest first, then record by record."""
        key, kind = manifest["key"], manifest["record_type"]
        data = self.incoming / manifest["file"]
        if key in self._seen and time.monotonic() < self._seen[key]:
            return
        if key not in self._seen and self.faults.take("late"):
            self._seen[key] = time.monotonic() + self.faults.seconds
            self._note(manifest, "late")
            return
        if self.faults.take("spoiled"):
            content = data.read_bytes()
            data.write_bytes(content[:-2] + bytes((content[-2] ^ 1,)) + content[-1:])
            self._note(manifest, "spoiled")
        content = data.read_bytes()
        if self.faults.take("batch_refused") or sha256(content).hexdigest() != manifest["sha256"]:
            said = {"key": key, "count": manifest["count"], "refused": {"code": "4001", "message": "文件不完整"}}
            self._lay(manifest, said, "batch_refused")
            return
        if key in self._again and (known := self._log.answer(key)):
            self._lay(manifest, json.loads(known[1]), "again")
            return
        self._lay(manifest, self._take(manifest, kind, self._lines(data), sha256(content).hexdigest()), "judged")

    def _take(self, manifest: Row, kind: str, lines: list[bytes], digest: str) -> Row:
        key, sent = manifest["key"], digest_of(b"".join(line + b"\n" for line in lines))
        assert (len(lines), sent) == (manifest["count"], manifest["digest"]), "the table is not what was sealed"
        away = {*range(2, len(lines), 3), len(lines) - 1} if self.faults.take("partial_accept") else set()
        with self._log.transaction():
            results = [self._one(kind, key, seq, line, seq in away) for seq, line in enumerate(lines)]
            accepted = sum(one["status"] == "accepted" for one in results)
            said = {"receipt": f"{self.code}-{key[:12]}", "key": key, "count": len(lines), "sha256": digest,
                    "accepted": accepted, "rejected": len(lines) - accepted, "results": results}  # fmt: skip
            if not self._log.answer(key):
                self._log.keep_answer(key, digest, kind, json.dumps(said, ensure_ascii=False).encode())
        return said

    def _one(self, kind: str, key: str, seq: int, line: bytes, turned_away: bool) -> Row:
        record = json.loads(line)
        refused = ("9001", "系统暂不能处理该记录") if turned_away else refusal(self.code, kind, record, self._log)
        if refused:
            return {"seq": seq, "status": "rejected", "code": refused[0], "message": refused[1]}
        one = Applied(key, seq, kind, record["cd_id"], record["cd_revision"], record["cd_operation"],
                      digest_of(line), line)  # fmt: skip
        self._log.apply(one)
        return {"seq": seq, "status": "accepted", "code": "", "message": ""}

    def _lay(self, manifest: Row, said: Row, outcome: str) -> None:
        """The receipt under another name, then its own; unless a fault is to be shown."""
        self._note(manifest, outcome)
        key, shown = manifest["key"], next((name for name in JUDGE_FAULTS[4:] if self.faults.take(name)), "")
        if shown:
            self._note(manifest, shown)
        if shown == "taken_and_gone":
            self._done.add(key)
            self._tidy(manifest)
            return
        said = _spoiled(said, shown)
        path = self.outgoing / f"{key}.receipt.{'csv' if self.form == 'csv' and 'refused' not in said else 'json'}"
        body = _csv(said) if path.suffix == ".csv" else json.dumps(said, ensure_ascii=False).encode()
        if shown == "not_utf8":
            body = body.decode().replace("accepted", "已接收").encode("gb18030")
        if shown == "half_receipt":
            path.write_bytes(body[: len(body) // 2])
            self.faults.wait(self.faults.seconds)
        if shown == "two_receipts":
            path.with_suffix(".json" if path.suffix == ".csv" else ".csv").write_bytes(b"{}")
        if shown == "linked_receipt":
            path.symlink_to("/etc/hostname")
            return
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(body)
        part.replace(path)
        if shown == "tidied":
            self._tidy(manifest)

    def _tidy(self, manifest: Row) -> None:
        for name in (f"{manifest['key']}.ok", manifest["file"]):
            (self.incoming / name).unlink()

    def _lines(self, data: Path) -> list[bytes]:
        """The sealed lines, whatever form they came in; a revocation is its envelope alone."""
        content = data.read_bytes()
        if data.suffix == ".ndjson":
            return content.splitlines()
        if data.suffix == ".csv":
            titles, *rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
            cells = [[cell or None for cell in row] for row in rows]
        else:
            sheet = load_workbook(io.BytesIO(content)).worksheets[0]
            head, *body = [[None if cell is None else str(cell) for cell in row] for row in sheet.values]
            titles, cells = [str(title) for title in head], body
        return [_line(dict(zip(titles, row, strict=True))) for row in cells]

    def _note(self, manifest: Row, outcome: str) -> None:
        self._log.note("FILE", manifest["file"], manifest["key"], manifest["sha256"], outcome)


def _line(row: Row) -> bytes:
    names = row if row["cd_operation"] != "d" else ENVELOPE
    record = {name: row[name] for name in names} | {"cd_revision": int(row["cd_revision"])}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _spoiled(said: Row, shown: str) -> Row:
    changes: dict[str, Any] = {
        "wrong_key": lambda: {"key": "0" * 64},
        "short_count": lambda: {"results": said["results"][:-1]},
        "wrong_digest": lambda: {"sha256": "0" * 64},
        "odd_status": lambda: {"results": [one | {"status": "ok"} for one in said["results"]]},
    }
    return said | (changes[shown]() if shown in changes else {})


def _csv(said: Row) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("key", "count", "sha256", "seq", "status", "code", "message"))
    for one in said["results"]:
        words = (one["seq"], one["status"], one["code"], one["message"])
        writer.writerow((said["key"], said["count"], said["sha256"], *words))
    return out.getvalue().encode()


def main() -> None:
    """Serve until told to stop; prints what receiver.yaml needs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.receivers.files", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps log, files and host key")
    parser.add_argument("--code", default="nation", help="the receiver's code: nation, or province with its own form")
    parser.add_argument("--format", default="ndjson", help="ndjson, csv or xlsx")
    parser.add_argument("--folder", action="store_true", help="no SFTP: a folder alone")
    wanted, stop = parser.parse_args(), Event()
    wanted.state.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with FileReceiver(wanted.code, wanted.state, wanted.format, not wanted.folder) as receiver:
        for name, value in receiver.env().items():
            sys.stdout.write(f"{name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
