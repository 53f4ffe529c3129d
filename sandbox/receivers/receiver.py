"""Owns a receiver's protocol over HTTP: signed deliveries under an idempotency key, receipts, inquiry, faults."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import unquote

from sandbox import signatures
from sandbox.receivers.faults import Faults
from sandbox.receivers.intake import Delivery, Intake
from sandbox.receivers.log import Applied, Attempt, ReceiverLog
from sandbox.server import Handler, LocalServer

SID = "guiji-delivery"
ReceiverCode = Literal["province", "nation"]
_HELD_BACK = 60.0


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes


def _reply(status: int, code: str, message: str) -> _Reply:
    return _Reply(status, json.dumps({"code": code, "message": message}, ensure_ascii=False).encode())


class Receiver:
    """One receiver on loopback; its log lives in `state` and outlives it."""

    def __init__(self, code: ReceiverCode, state: Path, seed: int = 7, port: int = 0) -> None:
        self.code: ReceiverCode = code
        self.rid = f"guiji-{code}"
        self.secret = hashlib.sha256(f"{code} app secret {seed}".encode()).hexdigest()
        self.faults = Faults()
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
            f"{head}_SECRET": self.secret,
        }

    def start(self) -> None:
        """Open the log and listen; on the port of the last start when it is free."""
        self.faults.stopping.clear()
        self._log = ReceiverLog(self.log_path)
        self._server = LocalServer(_handler(self, Intake(self.code, self._log), self._log), self._wanted_port)

    def stop(self) -> None:
        """Stop listening and close the log; what was applied stays readable."""
        self.faults.stopping.set()
        if self._server:
            self._wanted_port = self._server.port
            self._server.stop()
            self._server = None
        if self._log:
            self._log.close()
            self._log = None

    def __enter__(self) -> "Receiver":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def applied(self) -> list[Applied]:
        """Every record version taken in, read from disk."""
        with _Witness(self.log_path) as log:
            return log.applied()

    def current(self, record_type: str | None = None) -> dict[str, tuple[int, bytes]]:
        """What the receiver holds now, read from disk: cd_id → (revision, verbatim line)."""
        with _Witness(self.log_path) as log:
            return log.current(record_type)

    def attempts(self) -> list[Attempt]:
        """Every request, read from disk."""
        with _Witness(self.log_path) as log:
            return log.attempts()


class _Witness:
    def __init__(self, path: Path) -> None:
        self._log = ReceiverLog(path)

    def __enter__(self) -> ReceiverLog:
        return self._log

    def __exit__(self, *_: object) -> None:
        self._log.close()


def _handler(receiver: Receiver, intake: Intake, log: ReceiverLog) -> type[Handler]:
    class _Endpoint(Handler):
        def do_GET(self) -> None:
            if self._falls():
                return
            if self.path == "/health":
                self.answer(200, {"status": "ok"})
            elif self.path == "/_faults":
                self.answer(200, receiver.faults.left())
            else:
                key = unquote(self.path.removeprefix("/deliveries/"))
                self._finish(self._inquiry(key), key)

        def do_POST(self) -> None:
            if self.path == "/_faults":
                self._switch(json.loads(self.read_body()))
                return
            if self._falls():
                return
            delivery = Delivery.of(self.headers, self.read_body())
            if self.path != "/deliveries":
                self._finish(_reply(404, "not_found", "没有该服务"), delivery.key)
            elif receiver.faults.take("error_500_before"):
                self._finish(_reply(500, "500", "系统繁忙"), delivery.key)
            else:
                self._deliver(delivery)

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
                    receiver.faults.set(wanted["fault"], int(wanted.get("times", 1)), wanted.get("seconds"))
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
            return _Reply(200, found[1]) if found else _reply(404, "not_found", "没有该批次")

        def _deliver(self, delivery: Delivery) -> None:
            refused = self._refused()
            if refused:
                self._finish(_reply(401, "401", refused), delivery.key)
                return
            status, body = intake.take(delivery)
            if status != 200 or not self._spoil(delivery, body):
                self._finish(_Reply(status, body), delivery.key, delivery.digest)

        def _spoil(self, delivery: Delivery, body: bytes) -> bool:
            """Show at most one of the faults that come after applying; True when the answer is out, or lost."""
            shown = next((name for name in _AFTER if receiver.faults.take(name)), None)
            if shown is None:
                return False
            log.note("POST", self.path, delivery.key, delivery.digest, shown)
            _AFTER[shown](self, receiver, body)
            return True

        def _finish(self, reply: _Reply, key: str | None, digest: str | None = None) -> None:
            log.note(self.command, self.path, key, digest, str(reply.status))
            self.answer_bytes(reply.status, reply.body)

    return _Endpoint


def _never_answer(handler: Handler, receiver: Receiver, body: bytes) -> None:
    receiver.faults.wait(_HELD_BACK)
    handler.hang_up()


def _reset(handler: Handler, receiver: Receiver, body: bytes) -> None:
    handler.answer_bytes(200, body[: len(body) // 2], declared=len(body))
    receiver.faults.wait(0.05)
    handler.hang_up()


def _shorter(handler: Handler, receiver: Receiver, body: bytes) -> None:
    answer = json.loads(body)
    answer["count"] -= 1
    answer["results"] = answer["results"][:-1]
    handler.answer(200, answer)


def _error(handler: Handler, receiver: Receiver, body: bytes) -> None:
    handler.answer(500, {"code": "500", "message": "系统繁忙"})


def _truncated(handler: Handler, receiver: Receiver, body: bytes) -> None:
    handler.answer_bytes(200, body[: len(body) // 2])


def _other_key(handler: Handler, receiver: Receiver, body: bytes) -> None:
    handler.answer(200, json.loads(body) | {"key": "0" * 64})


_AFTER = {
    "error_500_after": _error,
    "timeout_after": _never_answer,
    "reset_mid_body": _reset,
    "truncated_answer": _truncated,
    "wrong_key_receipt": _other_key,
    "short_count_receipt": _shorter,
}
