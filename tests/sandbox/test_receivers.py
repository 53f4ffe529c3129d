"""The receivers over real HTTP: keys honoured, rules kept, the log durable, every fault as it is named."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import signatures
from sandbox.receivers import Receiver, ReceiverLog
from sandbox.receivers.rules import party_unknown

KNOWN = [key for key in (f"market:{n}" for n in range(1000)) if not party_unknown(key)]
UNKNOWN = next(key for key in (f"market:{n}" for n in range(5000)) if party_unknown(key))


@pytest.fixture
def nation(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver("nation", tmp_path) as receiver:
        yield receiver


def _line(cd_id: str, revision: int = 1, operation: str = "i", /, **data: str) -> dict[str, Any]:
    envelope = {"cd_id": cd_id, "cd_operation": operation, "cd_source": "530000", "cd_batch": "2026030200001"}
    return envelope | {"cd_revision": revision} | data


def _ask(
    receiver: Receiver, method: str, path: str, body: bytes | None = None, **extra: str
) -> tuple[int, dict[str, Any]]:
    headers = signatures.signed_headers(receiver.secret, "guiji-delivery", receiver.rid)
    headers |= {name.replace("_", "-"): value for name, value in extra.items()}
    connection = http.client.HTTPConnection("127.0.0.1", receiver.port, timeout=5)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _send(receiver: Receiver, key: str, *lines: dict[str, Any], **extra: str) -> tuple[int, dict[str, Any]]:
    body = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
    headers = {
        "Idempotency_Key": key,
        "Content_Type": "application/x-ndjson",
        "Content_Digest": f"sha-256={hashlib.sha256(body).hexdigest()}",
        "X_Record_Type": "penalty",
        "X_Record_Count": str(len(lines)),
    }
    return _ask(receiver, "POST", "/deliveries", body, **(headers | extra))


def test_the_same_key_and_body_is_applied_once_and_answered_alike(nation: Receiver) -> None:
    first = _send(nation, "k1", *(_line(key) for key in KNOWN[:3]))
    again = _send(nation, "k1", *(_line(key) for key in KNOWN[:3]))
    assert first == again
    assert first[1]["accepted"] == 3
    assert [one.cd_id for one in nation.applied()] == KNOWN[:3]
    assert _ask(nation, "GET", "/deliveries/k1") == first


def test_the_same_key_with_another_body_is_a_conflict(nation: Receiver) -> None:
    _send(nation, "k1", _line(KNOWN[0]))
    assert _send(nation, "k1", _line(KNOWN[1]))[0] == 409
    assert [one.cd_id for one in nation.applied()] == [KNOWN[0]]


def test_an_unknown_key_is_not_found(nation: Receiver) -> None:
    assert _ask(nation, "GET", "/deliveries/nothing") == (404, {"code": "not_found", "message": "没有该批次"})
    assert _ask(nation, "GET", "/health")[0] == 200


def test_a_bad_signature_applies_nothing(nation: Receiver) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", nation.port, timeout=5)
    headers = signatures.signed_headers("wrong", "guiji-delivery", nation.rid) | {"Idempotency-Key": "k2"}
    connection.request("POST", "/deliveries", b"{}\n", headers)
    assert connection.getresponse().status == 401
    connection.close()
    assert nation.applied() == []


@pytest.mark.parametrize(
    "wrong",
    [{"Content_Digest": "sha-256=00"}, {"X_Record_Count": "2"}, {"X_Record_Type": "novel"}, {"Idempotency_Key": ""}],
)
def test_a_delivery_that_does_not_match_its_headers_is_refused_whole(nation: Receiver, wrong: dict[str, str]) -> None:
    assert _send(nation, "k1", _line(KNOWN[0]), **wrong)[0] == 422
    assert nation.applied() == []
    assert _send(nation, "k1", _line(KNOWN[0]))[0] == 200


def test_records_are_judged_one_by_one(nation: Receiver) -> None:
    _, answer = _send(
        nation,
        "k1",
        _line(KNOWN[0], 2),
        _line(UNKNOWN),
        _line(KNOWN[0], 2, "u"),
        _line(KNOWN[1], 1, "d"),
        _line(KNOWN[0], 3, "d"),
        {"cd_id": KNOWN[2]},
    )
    assert [one.get("code") for one in answer["results"]] == [None, "1001", "2001", "2002", None, "3001"]
    assert (answer["count"], answer["accepted"], answer["rejected"]) == (6, 2, 4)
    assert answer["results"][1]["message"] == "验证规则代码:1001;错误描述:未查询到主体或查询到的主体信息不匹配."
    assert nation.current() == {}
    assert [(one.seq, one.operation, one.revision) for one in nation.applied()] == [(0, "i", 2), (4, "d", 3)]


def test_about_one_party_in_two_hundred_is_unknown() -> None:
    assert 0.003 < sum(party_unknown(f"x{n}") for n in range(20_000)) / 20_000 < 0.007


def _sgs2018() -> dict[str, str]:
    names = ["XDR_MC", "XDR_LB", "WSH", "WFXW", "SY", "YJ", "CFLB", "NR", "CFJG", "CFJGDM", "SJLY", "SJLYDM"]
    data = {f"CF_{name}": "文" for name in names}
    return data | {"CF_JDRQ": "2026/03/01", "CF_YXQ": "2027/03/01", "CF_NR_FK": "0.500000"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("CF_XDR_MC", ""), ("CF_JDRQ", "2026-03-01"), ("CF_NR_FK", "0.5"), ("CF_NR_FK", "5000.00"), ("CF_SJLYDM", "")],
)
def test_the_province_wants_its_own_form(tmp_path: Path, field: str, value: str) -> None:
    with Receiver("province", tmp_path) as province:
        _, right = _send(province, "k1", _line(KNOWN[0], **_sgs2018()))
        _, wrong = _send(province, "k2", _line(KNOWN[1], **(_sgs2018() | {field: value})))
    assert right["accepted"] == 1
    assert wrong["results"][0]["code"] == "3001"
    assert field in wrong["results"][0]["message"]


def test_the_log_outlives_the_receiver_and_still_honours_the_key(tmp_path: Path) -> None:
    with Receiver("nation", tmp_path) as receiver:
        first = _send(receiver, "k1", _line(KNOWN[0], 1, party_name="甲"))
        path = receiver.log_path
    with Receiver("nation", tmp_path) as receiver:
        assert _send(receiver, "k1", _line(KNOWN[0], 1, party_name="甲")) == first
        assert _send(receiver, "k2", _line(KNOWN[0], 1))[1]["results"][0]["code"] == "2001"
    log = ReceiverLog(path)
    (one,) = log.applied()
    assert json.loads(one.line)["party_name"] == "甲"
    assert one.digest == hashlib.sha256(one.line).hexdigest()
    assert log.current() == {KNOWN[0]: (1, one.line)}
    assert [attempt.outcome for attempt in log.attempts()] == ["200", "200", "200"]
    log.close()


@pytest.mark.parametrize("fault", ["down", "error_500_before"])
def test_faults_before_applying_leave_nothing_behind(nation: Receiver, fault: str) -> None:
    assert _ask(nation, "POST", "/_faults", json.dumps({"fault": fault, "times": 1}).encode())[1] == {fault: 1}
    if fault == "down":
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            _send(nation, "k1", _line(KNOWN[0]))
    else:
        assert _send(nation, "k1", _line(KNOWN[0]))[0] == 500
    assert nation.applied() == []
    assert _send(nation, "k1", _line(KNOWN[0]))[1]["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("error_500_after", None),
        ("timeout_after", TimeoutError),
        ("reset_mid_body", (ConnectionError, http.client.IncompleteRead)),
        ("truncated_answer", ValueError),
        ("wrong_key_receipt", None),
        ("short_count_receipt", None),
        ("slow", None),
    ],
)
def test_faults_after_applying_are_healed_by_sending_the_same_again(
    nation: Receiver, fault: str, seen: type[Exception] | tuple[type[Exception], ...] | None
) -> None:
    nation.faults.set(fault, times=1, seconds=0.05)
    lines = [_line(KNOWN[0]), _line(KNOWN[1])]
    spoiled: tuple[int, dict[str, Any]] | None = None
    if seen:
        with pytest.raises(seen):
            _send(nation, "k1", *lines)
    else:
        spoiled = _send(nation, "k1", *lines)
    assert len(nation.applied()) == 2
    healed = _send(nation, "k1", *lines)
    assert (healed[0], healed[1]["key"], healed[1]["count"]) == (200, "k1", 2)
    assert len(nation.applied()) == 2
    assert spoiled is None or (spoiled == healed) == (fault == "slow")
    assert nation.faults.left() == {}


def test_an_unknown_fault_is_refused(nation: Receiver) -> None:
    assert _ask(nation, "POST", "/_faults", b'{"fault": "fire"}')[0] == 422


def test_a_chunked_body_is_taken_whole_and_the_connection_kept(nation: Receiver) -> None:
    body = json.dumps(_line(KNOWN[0])).encode() + b"\n"
    headers = signatures.signed_headers(nation.secret, "guiji-delivery", nation.rid) | {
        "Idempotency-Key": "k1",
        "Content-Digest": f"sha-256={hashlib.sha256(body).hexdigest()}",
        "X-Record-Type": "licence",
        "X-Record-Count": "1",
    }
    connection = http.client.HTTPConnection("127.0.0.1", nation.port, timeout=5)
    for _ in range(3):
        connection.request("POST", "/deliveries", iter([body[:7], body[7:]]), headers, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["accepted"]) == (200, 1)
        assert not answer.will_close
    connection.close()
    assert list(nation.current("licence")) == [KNOWN[0]]
    assert nation.current("penalty") == {}
