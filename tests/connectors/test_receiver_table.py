"""A receiver by exchange table, on three databases: one transaction, a key once, verdicts as they stand in the rows."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.registry import open_target
from schemas.errors import AwaitingVerdicts, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable
from schemas.exchange import Sealed
from tests.connectors.exchange_platform import ACCESS, GONE, LINES, WHERE, Platform, held, sealed


def judge(platform: Platform, seq: int, state: int, code: str = "", message: str = "") -> None:
    platform.do(
        "UPDATE gj_penalty SET gj_state = :state, gj_code = :code, gj_message = :message WHERE gj_seq = :seq",
        state=str(state), code=code, message=message, seq=seq,
    )  # fmt: skip


def test_rows_and_control_row_are_what_was_sealed(platform: Platform, delivery: Sealed) -> None:
    target = platform.target()
    assert "gj_control" in target.check()
    answer = target.send(delivery)
    with pytest.raises(AwaitingVerdicts):
        target.read(delivery, answer)
    ((key, feed, kind, count, digest, fields, state),), rows = held(platform)
    assert (key, feed, kind, int(count), digest) == ("k" * 64, "market/penalty", "penalty", 2, delivery.digest)
    assert (fields, state) == ("CF_WSH,CF_NR_FK,CF_SY", "0")
    assert [row[2:10] for row in rows] == [tuple(line.values()) for line in LINES]
    assert [(row[0], int(row[1]), *row[10:]) for row in rows] == [("k" * 64, n, "0", None, None) for n in (0, 1)]


def test_the_same_key_again_changes_nothing(platform: Platform, delivery: Sealed, tmp_path: Path) -> None:
    platform.target().send(delivery)
    judge(platform, 0, 2)
    before = held(platform)
    other = replace(sealed(tmp_path, LINES[:1], "j" * 64), key=delivery.key)
    for again in (delivery, other):
        assert platform.target().send(again).status == 202
    assert held(platform) == before
    with pytest.raises(ReceiptMismatch):
        platform.target().read(other, platform.target().send(other))


def test_verdicts_are_read_when_the_last_one_stands(platform: Platform, delivery: Sealed) -> None:
    target = platform.target()
    target.send(delivery)
    judge(platform, 1, -1, "1001", "未查询到主体")
    assert target.inquire(delivery.key).status == 202  # type: ignore[union-attr]
    judge(platform, 0, 2)
    answer = target.inquire(delivery.key)
    assert answer
    assert (
        answer.body
        == json.dumps(json.loads(answer.body), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )
    receipt = target.read(delivery, answer)
    assert [tuple(verdict) for verdict in receipt.verdicts] == [
        (0, "accepted", "", ""), (1, "rejected", "1001", "未查询到主体"),
    ]  # fmt: skip
    assert [row["state"] for row in json.loads(answer.body)["results"]] == ["2", "-1"]


def test_what_was_never_sent_is_not_there(platform: Platform, delivery: Sealed) -> None:
    assert platform.target().inquire(delivery.key) is None


def test_a_revocation_is_its_envelope(platform: Platform, tmp_path: Path) -> None:
    platform.target().send(sealed(tmp_path, GONE))
    _, (row,) = held(platform)
    assert row[2:10] == (*GONE[0].values(), None, None, None)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("UPDATE gj_penalty SET gj_state = '9'", "no verdict"),
        ("DELETE FROM gj_penalty WHERE gj_seq = 1", "2 records were sent, 1 are spoken of"),
        ("UPDATE gj_control SET gj_digest = 'x'", "other content"),
        ("UPDATE gj_control SET gj_count = 3", "other content"),
    ],
)
def test_what_contradicts_itself_is_no_receipt(platform: Platform, delivery: Sealed, spoil: str, says: str) -> None:
    target = platform.target()
    target.send(delivery)
    judge(platform, 0, 2)
    judge(platform, 1, 2)
    platform.do(spoil)
    answer = target.inquire(delivery.key)
    assert answer
    with pytest.raises(ReceiptMismatch, match=says) as told:
        target.read(delivery, answer)
    assert told.value.there


def test_a_control_row_may_refuse_the_whole_delivery(platform: Platform, delivery: Sealed) -> None:
    target = platform.target()
    target.send(delivery)
    platform.do("UPDATE gj_control SET gj_state = '3'")
    with pytest.raises(ReceiverRefused):
        target.read(delivery, target.inquire(delivery.key))  # type: ignore[arg-type]


def test_rows_without_their_control_row_are_for_a_person(platform: Platform, delivery: Sealed) -> None:
    target = platform.target()
    target.send(delivery)
    platform.do("DELETE FROM gj_control")
    before = held(platform)
    for answer in (target.inquire(delivery.key), target.send(delivery)):
        assert answer
        with pytest.raises(ReceiptMismatch, match="without their control row") as told:
            target.read(delivery, answer)
        assert told.value.there, "gone from there, it may have been taken"
    assert held(platform) == before


def test_a_locked_table_is_nothing_sent(platform: Platform, delivery: Sealed) -> None:
    lock = {
        "sqlite": "BEGIN IMMEDIATE", "postgresql": "LOCK TABLE gj_penalty IN EXCLUSIVE MODE",
        "mysql": "LOCK TABLES gj_penalty WRITE, gj_control WRITE",
    }[platform.dialect]  # fmt: skip
    with platform.engine.connect() as holder:
        holder.exec_driver_sql(lock)
        with pytest.raises(ReceiverUnreachable, match="locked") as told:
            platform.target().send(delivery)
        holder.rollback()
        if platform.dialect == "mysql":
            holder.exec_driver_sql("UNLOCK TABLES")
    assert told.value.sent is False
    assert platform.target().send(delivery).status == 202


def test_a_refused_login_says_so_without_the_password(postgres: str, maria: str, delivery: Sealed) -> None:
    for address in (
        postgres.replace("postgres@", "nobody_known:geheim@"),
        maria.replace("root@", "nobody_known:geheim@"),
        f"{postgres}_not_there",
    ):
        with pytest.raises(ReceiverRefused, match=r"access\.url") as told:
            open_target(ACCESS | {"url": address}, WHERE).send(delivery)
        assert told.value.sent is False
        assert "geheim" not in str(told.value)


@pytest.mark.parametrize(
    "address", ["postgresql://x@127.0.0.1:1/x", "mysql://x@127.0.0.1:1/x", "sqlite:///not/there.db"]
)
def test_nobody_there_is_nothing_sent(delivery: Sealed, address: str) -> None:
    with pytest.raises(ReceiverUnreachable) as told:
        open_target(ACCESS | {"url": address}, WHERE).send(delivery)
    assert told.value.sent is False


def test_verdicts_in_a_table_of_their_own_and_other_names(exchange_url: str, delivery: Sealed) -> None:
    names = {"key": "BATCH_ID", "seq": "XH", "state": "ZT", "code": "", "message": "SM", "time": "cd_time"}
    made = Platform(exchange_url, ACCESS | {"verdicts": "gj_verdict", "columns": names, "fixed": {"SFYD": "0"}})
    made.make()
    target = made.target()
    assert target.send(delivery).status == 202
    q = made.quote
    assert {row[0] for row in made.all(f"SELECT {q}SFYD{q} FROM gj_penalty WHERE cd_time IS NOT NULL")} == {"0"}
    columns = ", ".join(f"{q}{name}{q}" for name in ("BATCH_ID", "XH", "ZT", "SM"))
    for seq, state in ((0, "2"), (1, "3")):
        assert target.inquire(delivery.key).status == 202  # type: ignore[union-attr]
        made.do(
            f"INSERT INTO gj_verdict ({columns}) VALUES (:key, :seq, :state, '')", key="k" * 64, seq=seq, state=state
        )
    made.do("DELETE FROM gj_penalty")  # taken over: the verdicts stand elsewhere
    receipt = target.read(delivery, target.inquire(delivery.key))  # type: ignore[arg-type]
    assert [verdict.verdict for verdict in receipt.verdicts] == ["accepted", "rejected"]
    made.engine.dispose()


def test_what_was_committed_is_known_to_lie_there_when_the_look_fails(tmp_path: Path, delivery: Sealed) -> None:
    made = Platform(f"sqlite:///{tmp_path / 'platform.db'}", ACCESS | {"verdicts": "gj_verdict"})
    sqlite3.connect(tmp_path / "platform.db").close()
    made.make()
    made.do("DROP TABLE gj_verdict")
    spoiled = "gj_key, gj_seq, json('{' || gj_seq) AS gj_state, '' AS gj_code, '' AS gj_message"
    made.do(f"CREATE VIEW gj_verdict AS SELECT {spoiled} FROM gj_penalty")
    with pytest.raises(AwaitingVerdicts):
        made.target().read(delivery, made.target().send(delivery))
    with pytest.raises(ReceiverUnreachable):
        made.target().inquire(delivery.key)
    made.engine.dispose()


def test_no_statement_for_each_record(tmp_path: Path) -> None:
    path = tmp_path / "platform.db"
    with closing(sqlite3.connect(path)):
        made = Platform(f"sqlite:///{path}", ACCESS)
        made.make()
    lines = [LINES[0] | {"cd_id": f"c:{number}"} for number in range(5000)]
    made.target().send(sealed(tmp_path, lines))
    assert made.all("SELECT COUNT(*), COUNT(DISTINCT cd_id) FROM gj_penalty") == [(5000, 5000)]
    made.engine.dispose()
