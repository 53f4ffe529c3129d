"""A receiver behind REST (接收接口): one attempt per call, the same bytes under the same key, answers read strictly."""

import json
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode

import requests
from requests.utils import super_len
from urllib3.exceptions import NewConnectionError

from connectors.http import TooLarge, ask, new_session
from connectors.receipts import parsed, plain, read_receipt
from connectors.signing import Signer
from schemas.errors import ReceiptMismatch, ReceiverRefused, ReceiverUnreachable
from schemas.exchange import Answer, Receipt, Sealed

MAX_ANSWER = 64 * 1024**2
SLOWEST = 64 * 1024
"""Bytes a second, below which a line to a receiver is taken for a broken one."""
UNSETTLED = (408, 425, 429)


class NotSent(ReceiverUnreachable):
    """No connection came about: not one byte left this machine."""

    sent = False


class RestTarget:
    """One receiver."""

    def __init__(self, access: Mapping[str, Any], where: str) -> None:
        self.url, self.where = str(access["url"]).rstrip("/"), where
        self.service, self.timeout = str(access["service"]), float(access.get("timeout", 60))
        self.session = new_session(str(access.get("ca", "")), where)
        self.signer = Signer(access["signing"])

    def check(self) -> str:
        answer = self._request("GET", "/health", {})
        if answer.status != 200:
            raise ReceiverUnreachable(f"answers HTTP {answer.status}", where=self.where, remedy="ask the receiver")
        return "the receiver answers"

    def send(self, sealed: Sealed) -> Answer:
        """Raises NotSent or ReceiverUnreachable."""
        with sealed.open() as body:
            return self._request("POST", "/deliveries", self._headers(sealed), body)

    def _headers(self, sealed: Sealed) -> dict[str, str]:
        return {
            "Idempotency-Key": sealed.key,
            "Content-Type": "application/x-ndjson",
            "Content-Digest": f"sha-256={sealed.digest}",
            "X-Feed": sealed.feed,
            "X-Record-Type": sealed.record_type,
            "X-Record-Count": str(sealed.count),
        }

    def inquire(self, key: str) -> Answer | None:
        """None only when the receiver says in so many words that it does not know the key."""
        answer = self._request("GET", f"/deliveries/{quote(key, safe='')}", {})
        if answer.status == 404 and _is_json(answer):
            return None
        if answer.status != 200:
            raise ReceiverUnreachable(
                f"does not say what became of a delivery (HTTP {answer.status})", where=self.where, remedy="asked again"
            )
        return answer

    def holdings(self, question: Mapping[str, str]) -> dict[str, Any]:
        """What it holds, as it says: counts, digests, names of records."""
        answer = self._request("GET", f"/holdings?{urlencode(question)}", {})
        if answer.status != 200:
            raise ReceiverUnreachable(
                f"does not say what it holds (HTTP {answer.status})", where=self.where, remedy="ask the receiver"
            )
        return parsed(answer.body, self.where)

    def ask_rung(self, key: str, name: str) -> Answer | None:
        """None when it says in so many words that it has not got that far, or does not know the delivery."""
        answer = self._request("GET", f"/deliveries/{quote(key, safe='')}/{quote(name, safe='')}", {})
        if answer.status in (202, 404) and _is_json(answer):
            return None
        if answer.status != 200:
            raise ReceiverUnreachable(
                f"does not say how far a delivery got (HTTP {answer.status})", where=self.where, remedy="asked again"
            )
        return answer

    def read_rung(self, key: str, name: str, answer: Answer) -> dict[int, tuple[str, str] | None]:
        """Strict as `read`: it must speak of this delivery and this rung, and of no record twice."""
        data, found = parsed(answer.body, self.where), dict[int, tuple[str, str] | None]()
        if data.get("key") != key or data.get("rung") != name or not isinstance(data.get("results"), list):
            raise ReceiptMismatch("speaks of another delivery", where=self.where, remedy="ask the receiver")
        for row in data["results"]:
            seq, status = (row.get("seq"), row.get("status")) if isinstance(row, dict) else (None, None)
            if type(seq) is not int or seq in found or status not in (name, f"not_{name}"):
                raise ReceiptMismatch("a line of the answer is none", where=self.where, remedy="ask the receiver")
            there = status == name
            found[seq] = None if there else (plain(row.get("code"), 60), plain(row.get("message"), 2000))
        return found

    def _request(self, method: str, path: str, headers: dict[str, str], body: IO[bytes] | None = None) -> Answer:
        signed = {**headers, **self.signer.headers(self.service)}
        size = super_len(body) if body else 0  # type: ignore[no-untyped-call]
        try:
            return ask(
                self.session, method, self.url + path, data=body, headers=signed, timeout=self.timeout,
                limit=MAX_ANSWER, seconds=self.timeout * 3 + size / SLOWEST,
            )  # fmt: skip
        except requests.RequestException as error:
            kind = NotSent if _never_connected(error) else ReceiverUnreachable
            raise kind(
                f"no answer ({type(error).__name__})", where=self.where, remedy="the next run asks what became of it"
            ) from None
        except TooLarge:
            raise ReceiverUnreachable("the answer is too long to be one", where=self.where, remedy="ask them") from None

    def read(self, sealed: Sealed, answer: Answer) -> Receipt:
        """Raises ReceiverRefused, ReceiptMismatch or ReceiverUnreachable."""
        status = answer.status
        if status in UNSETTLED or status >= 500 or (status < 400 and status != 200):
            raise ReceiverUnreachable(f"answers HTTP {status}", where=self.where, remedy="the next run asks again")
        if status != 200:
            remedy = "check requester and secret" if status in (401, 403) else "see the receipt file; ask the receiver"
            raise ReceiverRefused(f"refuses the delivery (HTTP {status})", where=self.where, remedy=remedy)
        return read_receipt(answer.body, sealed, self.where)


def _never_connected(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _is_json(answer: Answer) -> bool:
    """A gateway's page must not pass for the receiver's word."""
    try:
        return isinstance(json.loads(answer.body), dict)
    except (ValueError, RecursionError):
        return False
