"""Owns a receiver's protocol over HTTP: signed deliveries under an idempotency key, receipts, inquiry, faults."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox import signatures
from sandbox.receivers.faults import AFTER, BEFORE, Faults
from sandbox.receivers.holdings import holdings
from sandbox.receivers.intake import Delivery, Intake, stored
from sandbox.receivers.log import ReceiverLog
from sandbox.receivers.spoiling import SPOIL_AFTER, SPOIL_BEFORE, SPOIL_INQUIRY
from sandbox.receivers.witness import Witness
from sandbox.server import Handler, LocalServer

SID = "guiji-delivery"
ReceiverCode = Literal["province", "nation", "hlwjg"]


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes


def _reply(status: int, code: str, message: str) -> _Reply:
    return _Reply(status, json.dumps({"code": code, "message": message}, ensure_ascii=False).encode())


class Receiver(Witness):
    """One receiver on loopback; its log lives in `state` and outlives it."""

    def __init__(self, code: ReceiverCode, state: Path, seed: int = 7, port: int = 0) -> None:
        self.code = code
        self.rid = f"guiji-{code}"
        self.secret = hashlib.sha256(f"{code} app secret {seed}".encode()).hexdigest()
        self.faults = Faults()
        self.honours_keys = True
        self.log_path = state / f"receiver_{code}.sqlite"
        self._wanted_port = port
        self._server: LocalServer | None = None
        self._log: ReceiverLog | None = None

    @property
    def port(self) -> int:
        return self._server.port if self._server else self._wanted_port

    def env(self) -> dict[str, str]:
        """What receiver.yaml names."""
        head = f"GUIJI_{self.code.upper()}"
        return {
            f"{head}_URL": f"http://127.0.0.1:{self.port}",
            f"{head}_RID": self.rid,
            **({f"{head}_SID": SID} if self.code == "hlwjg" else {}),
            f"{head}_SECRET": self.secret,
        }

    def start(self) -> None:
        """Open the log and listen; on the port of the last start when it is free."""
        self.faults.stopping.clear()
        self.faults.let_go.clear()
        self._log = ReceiverLog(self.log_path)
        self._server = LocalServer(
            _handler(self, Intake(self.code, self._log, self.honours_keys), self._log), self._wanted_port
        )

    def stop(self) -> None:
        """Stop listening and close the log; what was applied stays readable."""
        self.faults.stopping.set()
        self.faults.let_go.set()
        if self._server:
            self._wanted_port = self._server.port
            self._server.stop()
            self._server = None
        if self._log:
            self._log.close()
            self._log = None


def _handler(receiver: Receiver, intake: Intake, log: ReceiverLog) -> type[Handler]:
    class _Endpoint(Handler):
        def do_GET(self) -> None:
            if self._falls():
                return
            if self.path == "/health":
                self.answer(200, {"status": "ok"})
            elif self.path == "/_faults":
                self.answer(200, receiver.faults.left())
            elif self.path.startswith("/holdings"):
                self._finish(self._holdings(), None)
            else:
                key, _, rung = unquote(self.path.removeprefix("/deliveries/")).partition("/")
                self._finish(self._rung(key) if rung == "stored" else self._inquiry(key), key)

        def do_POST(self) -> None:
            if self.path == "/_faults":
                self._switch(json.loads(self.read_body()))
                return
            if self._falls():
                return
            if self._spoiled_before():
                return
            delivery = Delivery.of(self.headers, self.read_body())
            if self.path != "/deliveries":
                self._finish(_reply(404, "not_found", "没有该服务"), delivery.key)
            elif receiver.faults.take("applies_late"):
                with receiver.faults.held_back():
                    self._deliver(delivery)
            else:
                self._deliver(delivery)

        def _spoiled_before(self) -> bool:
            """Show at most one of the faults that come instead of applying."""
            shown = next((name for name in BEFORE if receiver.faults.take(name)), None)
            if shown is None:
                return False
            log.note("POST", self.path, self.headers.get("Idempotency-Key"), None, shown)
            SPOIL_BEFORE[shown](self, receiver.faults)
            return True

        def _falls(self) -> bool:
            if self.path == "/_faults":
                return False
            if receiver.faults.take("slow"):
                receiver.faults.wait(receiver.faults.seconds)
            if not receiver.faults.take("down"):
                return False
            log.note(self.command, self.path, self.headers.get("Idempotency-Key"), None, "down")
            self.hang_up()
            return True

        def _switch(self, wanted: dict[str, Any]) -> None:
            try:
                if wanted.get("clear"):
                    receiver.faults.clear()
                else:
                    receiver.faults.set(
                        wanted["fault"], int(wanted.get("times", 1)), wanted.get("seconds"), int(wanted.get("skip", 0))
                    )
            except (KeyError, ValueError) as error:
                self.answer(422, {"code": "422", "message": str(error)})
                return
            self.answer(200, receiver.faults.left())

        def _refused(self) -> str | None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            return signatures.refusal(headers, receiver.secret, SID, receiver.rid)

        def _inquiry(self, key: str) -> _Reply:
            if not self.path.startswith("/deliveries/"):
                return _reply(404, "not_found", "没有该服务")
            refused = self._refused()
            if refused:
                return _reply(401, "401", refused)
            found = log.answer(key)
            shown = next((name for name in SPOIL_INQUIRY if receiver.faults.take(name)), None)
            if shown:
                return _Reply(*SPOIL_INQUIRY[shown](found[1] if found else b"{}"))
            return _Reply(200, found[1]) if found else _reply(404, "not_found", "没有该批次")

        def _holdings(self) -> _Reply:
            refused = self._refused()
            if refused:
                return _reply(401, "401", refused)
            question = dict(parse_qsl(urlsplit(self.path).query))
            return _Reply(200, json.dumps(holdings(log, question), ensure_ascii=False).encode())

        def _rung(self, key: str) -> _Reply:
            """The second answer: which of the accepted records are stored (入库)."""
            refused = self._refused()
            if refused:
                return _reply(401, "401", refused)
            found = log.answer(key)
            if not found or receiver.faults.take("stored_late"):
                return _reply(202 if found else 404, "not_yet" if found else "not_found", "尚未入库")
            lost = receiver.faults.take("stored_missing")
            return _Reply(200, stored(found[1], lost))

        def _deliver(self, delivery: Delivery) -> None:
            refused = self._refused()
            if refused:
                self._finish(_reply(401, "401", refused), delivery.key)
                return
            status, body = intake.take(delivery, partial=receiver.faults.take("partial_accept"))
            if status != 200 or not self._spoil(delivery, body):
                self._finish(_Reply(status, body), delivery.key, delivery.digest)

        def _spoil(self, delivery: Delivery, body: bytes) -> bool:
            """Show at most one of the faults that come after applying; True when the answer is out, or lost."""
            shown = next((name for name in AFTER if name in SPOIL_AFTER and receiver.faults.take(name)), None)
            if shown is None:
                return False
            log.note("POST", self.path, delivery.key, delivery.digest, shown)
            SPOIL_AFTER[shown](self, receiver.faults, body)
            return True

        def _finish(self, reply: _Reply, key: str | None, digest: str | None = None) -> None:
            log.note(self.command, self.path, key, digest, str(reply.status))
            self.answer_bytes(reply.status, reply.body)

    return _Endpoint
