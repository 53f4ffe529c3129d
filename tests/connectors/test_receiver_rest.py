"""A receiver's word, however hostile: what is believed, what leaves the outcome open, what a person must see."""

import base64
import hashlib
import hmac
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from connectors.receiver_rest import NotSent
from connectors.registry import open_target
from schemas.errors import ReceiptMismatch, ReceiverRefused, ReceiverUnreachable
from schemas.exchange import Answer, Sealed, Target

GOOD = {
    "receipt": "r1", "key": "k1", "count": 2, "accepted": 1, "rejected": 1,
    "results": [
        {"seq": 1, "status": "rejected", "code": "1001", "message": "未查询到主体"}, {"seq": 0, "status": "accepted"},
    ],
}  # fmt: skip


def target(url: str, timeout: float = 5) -> Target:
    signing = {"scheme": "gjgxjhpt", "requester": "rid", "secret": "s3"}
    access = {"method": "rest", "url": url, "service": "sid", "timeout": timeout, "signing": signing}
    return open_target(access, "receivers/x/receiver.yaml")


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    body = tmp_path / "body"
    body.write_bytes('{"a":"甲"}\n{"a":"乙"}\n'.encode())
    return Sealed(
        "k1", "water/penalty", "penalty", 2, hashlib.sha256(body.read_bytes()).hexdigest(), lambda: body.open("rb")
    )


def answer(data: Any, status: int = 200) -> Answer:
    return Answer(status, {}, data if isinstance(data, bytes) else json.dumps(data).encode())


def test_the_bytes_on_disk_go_out_signed_under_their_key(server: Any, sealed: Sealed) -> None:
    server.says(GOOD)
    got = target(server.url).send(sealed)
    (asked,) = server.asked
    with sealed.open() as body:
        assert (asked.method, asked.path, asked.body) == ("POST", "/deliveries", body.read())
    assert asked.headers["Idempotency-Key"] == "k1"
    assert asked.headers["Content-Digest"] == f"sha-256={hashlib.sha256(asked.body).hexdigest()}"
    message = f"sidrid{asked.headers['gjgxjhpt_rtime']}".encode()
    expected = base64.b64encode(hmac.new(b"s3", message, hashlib.sha256).digest()).decode()
    assert asked.headers["gjgxjhpt_sign"] == expected
    assert json.loads(got.body) == GOOD


def test_verdicts_come_in_sealed_order(sealed: Sealed) -> None:
    receipt = target("http://127.0.0.1:1").read(sealed, answer(GOOD))
    assert [(v.position, v.verdict, v.code, v.text) for v in receipt.verdicts] == [
        (0, "accepted", "", ""), (1, "rejected", "1001", "未查询到主体")]  # fmt: skip
    assert receipt.number == "r1"


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 422])
def test_a_no_for_the_whole_delivery_is_terminal(sealed: Sealed, status: int) -> None:
    with pytest.raises(ReceiverRefused, match=f"HTTP {status}"):
        target("http://127.0.0.1:1").read(sealed, answer({}, status))


@pytest.mark.parametrize("status", [202, 204, 302, 408, 429, 500, 502, 503])
def test_a_word_that_settles_nothing_leaves_the_outcome_open(sealed: Sealed, status: int) -> None:
    with pytest.raises(ReceiverUnreachable, match=f"HTTP {status}"):
        target("http://127.0.0.1:1").read(sealed, answer(GOOD, status))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>busy</html>", json.dumps(GOOD).encode()[:-9], b"\xff\xfe", b"[" * 100_000,
        b'{"key":"k1","key":"k1","count":2,"results":[]}', b'{"key":"k1","count":NaN}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_leaves_the_outcome_open(sealed: Sealed, body: bytes) -> None:
    with pytest.raises(ReceiverUnreachable, match="cannot be read"):
        target("http://127.0.0.1:1").read(sealed, answer(body))


ROW = {"seq": 0, "status": "accepted"}


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "k2"}, {"key": None}, {"count": 3}, {"count": 2.0}, {"count": True}, {"accepted": 2}, {"results": None},
        {"results": [ROW]}, {"results": [ROW, ROW]}, {"results": [ROW, {"seq": 2, "status": "accepted"}]},
        {"results": [ROW, {"seq": True, "status": "accepted"}]}, {"results": [ROW, {"seq": 1, "status": "ok"}]},
        {"results": [ROW, {"seq": 1, "status": ["accepted"]}]}, {"results": [ROW, "x"]},
        {"results": [ROW, {"seq": 1, "status": "accepted"}, {"seq": 2, "status": "accepted"}]},
    ],
)  # fmt: skip
def test_a_receipt_that_does_not_match_proves_nothing(sealed: Sealed, changed: dict[str, Any]) -> None:
    with pytest.raises(ReceiptMismatch):
        target("http://127.0.0.1:1").read(sealed, answer({**GOOD, **changed}))


def test_text_no_database_can_keep_is_made_plain(sealed: Sealed) -> None:
    rows = [{**ROW, "code": None, "message": "a\0\ud800"}, {"seq": 1, "status": "rejected"}]
    receipt = target("http://127.0.0.1:1").read(sealed, answer({**GOOD, "results": rows}))
    assert (receipt.verdicts[0].code, receipt.verdicts[0].text) == ("", "a??")


def test_nothing_left_our_side_is_told_apart_from_no_answer(server: Any, sealed: Sealed) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(NotSent) as refused:
        target(closed).send(sealed)
    assert refused.value.sent is False
    server.answer = lambda asked: None
    with pytest.raises(ReceiverUnreachable) as lost:
        target(server.url).send(sealed)
    assert not isinstance(lost.value, NotSent)
    assert len(server.asked) == 1


def test_a_truncated_answer_and_a_redirect_are_not_followed_up(server: Any, sealed: Sealed) -> None:
    server.answer = lambda asked: (200, {"Content-Length": "1000"}, b"{")
    with pytest.raises(ReceiverUnreachable):
        target(server.url).send(sealed)
    server.answer = lambda asked: (302, {"Location": "/deliveries/elsewhere"}, b"")
    assert target(server.url).send(sealed).status == 302
    assert len(server.asked) == 2


def test_inquiry_knows_the_key_does_not_know_it_or_cannot_say(server: Any) -> None:
    server.says(GOOD)
    got = target(server.url).inquire("k1")
    assert got is not None
    assert json.loads(got.body) == GOOD
    server.says({"code": "not_found"}, 404)
    assert target(server.url).inquire("k1") is None
    server.answer = lambda asked: (404, {"Content-Type": "text/html"}, b"<html>gateway</html>")
    with pytest.raises(ReceiverUnreachable):
        target(server.url).inquire("k1")
    server.says({}, 500)
    with pytest.raises(ReceiverUnreachable):
        target(server.url).inquire("k1")
