"""Owns what a spoiled delivery looks like to the sender: instead of applying, after applying, and when asked by key."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.receivers.faults import Faults
from sandbox.server import Handler

_HELD_BACK = 60.0
_PAGE = "<html><body><h1>系统维护中</h1></body></html>".encode()
Answer = dict[str, Any]


def _answers(status: int, body: bytes, headers: dict[str, str] | None = None) -> Callable[[Handler, Faults], None]:
    def answer(handler: Handler, _: Faults) -> None:
        handler.read_body()
        handler.answer_bytes(status, body, headers=headers)

    return answer


def _never(handler: Handler, faults: Faults, _: bytes = b"") -> None:
    faults.wait(_HELD_BACK)
    handler.hang_up()


def _half_a_request(handler: Handler, _: Faults) -> None:
    handler.rfile.read(int(handler.headers.get("Content-Length") or 0) // 2)
    handler.hang_up()


def _not_http(handler: Handler, _: Faults) -> None:
    handler.read_body()
    handler.wfile.write(b"220 mail.example ESMTP ready\r\n")
    handler.close_connection = True


_JSON_500 = json.dumps({"code": "500", "message": "系统繁忙"}, ensure_ascii=False).encode()
_JSON_401 = json.dumps({"code": "401", "message": "令牌已过期"}, ensure_ascii=False).encode()
SPOIL_BEFORE: dict[str, Callable[[Handler, Faults], None]] = {
    "timeout_before": _never,
    "reset_mid_request": _half_a_request,
    "error_500_before": _answers(500, _JSON_500),
    "gateway_502": _answers(502, _PAGE),
    "maintenance_503": _answers(503, _PAGE, {"Retry-After": "Wed, 21 Oct 2037 07:28:00 GMT"}),
    "busy_429": _answers(429, _JSON_500, {"Retry-After": "1"}),
    "busy_429_absurd": _answers(429, _JSON_500, {"Retry-After": "9" * 40}),
    "token_expired_401": _answers(401, _JSON_401),
    "redirect_307": _answers(307, b"", {"Location": "http://127.0.0.1:9/deliveries"}),
    "not_found_page": _answers(404, _PAGE),
    "portal_page_before": _answers(200, _PAGE),
    "not_http": _not_http,
}


def _reset(handler: Handler, faults: Faults, body: bytes) -> None:
    handler.answer_bytes(200, body[: len(body) // 2], declared=len(body))
    faults.wait(0.05)
    handler.hang_up()


def _hangs_up(handler: Handler, _: Faults, __: bytes) -> None:
    handler.hang_up()


def _as(status: int, spoil: Callable[[bytes], bytes], **headers: str) -> Callable[[Handler, Faults, bytes], None]:
    """An answer of this status, its body changed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _, body: handler.answer_bytes(status, spoil(body), headers=named)


def _receipt(change: Callable[[Answer], Answer]) -> Callable[[Handler, Faults, bytes], None]:
    """A well-formed answer that says something else."""
    return _as(200, lambda body: json.dumps(change(json.loads(body)), ensure_ascii=False).encode())


def _lines(change: Callable[[list[Answer]], list[Answer]]) -> Callable[[Handler, Faults, bytes], None]:
    return _receipt(lambda answer: answer | {"results": change(answer["results"])})


def _counted(answer: Answer, lines: list[Answer]) -> Answer:
    """The same receipt over other lines, its sums right for them."""
    accepted = sum(line["status"] == "accepted" for line in lines)
    sums = {"count": len(lines), "accepted": accepted, "rejected": len(lines) - accepted}
    return answer | sums | {"results": lines}


def _endless(handler: Handler, faults: Faults, _: bytes) -> None:
    handler.answer_bytes(200, b'{"key": "', declared=10**12)
    while not faults.stopping.is_set():
        handler.wfile.write(b" " * (1 << 20))


def _dripping(handler: Handler, faults: Faults, body: bytes) -> None:
    handler.answer_bytes(200, b"", declared=len(body))
    for at in range(0, len(body), 100):
        faults.wait(0.002)
        handler.wfile.write(body[at : at + 100])
        handler.wfile.flush()


def _second(handler: Handler, _: Faults, body: bytes) -> None:
    handler.answer_bytes(200, body)
    handler.answer_bytes(200, json.dumps(json.loads(body) | {"key": "0" * 64}).encode())


SPOIL_AFTER: dict[str, Callable[[Handler, Faults, bytes], None]] = {
    "error_500_after": _as(500, lambda _: _JSON_500),
    "timeout_after": _never,
    "hang_up_after": _hangs_up,
    "reset_mid_body": _reset,
    "truncated_answer": _as(200, lambda body: body[: len(body) // 2]),
    "portal_page_after": _as(200, lambda _: _PAGE),
    "accepted_202": _as(202, lambda body: body),
    "no_content_204": _as(204, lambda _: b""),
    "empty_answer": _as(200, lambda _: b""),
    "not_utf8_answer": _as(200, lambda body: body.decode().replace("accepted", "已接收").encode("gb18030")),
    "false_gzip_answer": _as(200, lambda body: body, Content_Encoding="gzip"),
    "deep_answer": _as(200, lambda _: b"[" * 200_000),
    "endless_answer": _endless,
    "dripping_answer": _dripping,
    "second_answer": _second,
    "wrong_key_receipt": _receipt(lambda answer: answer | {"key": "0" * 64}),
    "short_count_receipt": _receipt(lambda answer: _counted(answer, answer["results"][:-1])),
    "long_count_receipt": _receipt(
        lambda answer: _counted(answer, [*answer["results"], answer["results"][0] | {"seq": answer["count"]}])
    ),
    "text_count_receipt": _receipt(lambda answer: answer | {"count": str(answer["count"])}),
    "twice_spoken_receipt": _lines(lambda lines: [*lines, lines[0]]),
    "unspoken_line_receipt": _lines(lambda lines: lines[:-1]),
    "odd_verdict_receipt": _lines(lambda lines: [line | {"status": "ok"} for line in lines]),
    "wrong_sums_receipt": _receipt(lambda answer: answer | {"accepted": answer["accepted"] + 1}),
    "twin_keys_receipt": _as(200, lambda body: body[:-1] + b',"key":"' + b"0" * 64 + b'"}'),
    "not_a_number_receipt": _as(200, lambda body: body.replace(b'"count":', b'"worth":NaN,"count":')),
    "list_receipt": _as(200, lambda body: b"[" + body + b"]"),
    "reversed_receipt": _lines(lambda lines: lines[::-1]),
}
_UNKNOWN = json.dumps({"code": "not_found", "message": "没有该批次"}, ensure_ascii=False).encode()
SPOIL_INQUIRY: dict[str, Callable[[bytes], tuple[int, bytes]]] = {
    "inquiry_500": lambda _: (500, _JSON_500),
    "inquiry_page_404": lambda _: (404, _PAGE),
    "inquiry_forgets": lambda _: (404, _UNKNOWN),
    "inquiry_empty": lambda body: (200, json.dumps(json.loads(body) | {"count": 0, "results": []}).encode()),
    "inquiry_wrong_key": lambda body: (200, json.dumps(json.loads(body) | {"key": "0" * 64}).encode()),
}
