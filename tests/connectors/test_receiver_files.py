"""A receiver by file, in a folder and behind a real SFTP server: the manifest last, nothing overwritten, no trust."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ConfigurationError, GuijiError, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable
from schemas.exchange import Sealed
from tests.connectors.exchange_folder import GOOD, KEY, Exchange, waiting
from tests.connectors.exchange_platform import GONE, LINES, sealed


def test_data_first_manifest_last_and_the_same_again(exchange: Exchange, delivery: Sealed) -> None:
    target = exchange.target()
    assert target.check() == "the folder is there"
    assert target.inquire(KEY) is None
    assert waiting(target, delivery, target.send(delivery))
    with delivery.open() as body:
        content = body.read()
    manifest = json.loads(exchange.incoming[f"{KEY}.ok"])
    assert exchange.incoming == {f"{KEY}.ndjson": content, f"{KEY}.ok": exchange.incoming[f"{KEY}.ok"]}
    assert manifest == {
        "key": KEY, "feed": "market/penalty", "record_type": "penalty", "count": 2, "digest": delivery.digest,
        "file": f"{KEY}.ndjson", "format": "ndjson", "size": len(content), "sha256": delivery.digest,
    }  # fmt: skip
    before = {path.name: path.stat().st_mtime_ns for path in (exchange.root / "in").iterdir()}
    assert waiting(target, delivery, target.send(delivery))
    assert waiting(target, delivery, target.inquire(KEY))
    assert {path.name: path.stat().st_mtime_ns for path in (exchange.root / "in").iterdir()} == before


@pytest.mark.parametrize("name", [f"{KEY}.ndjson", f"{KEY}.ok"])
def test_other_bytes_under_our_name_are_refused_and_kept(exchange: Exchange, delivery: Sealed, name: str) -> None:
    exchange.target().send(delivery)
    other = json.dumps({"key": KEY, "count": 1, "digest": "0" * 64}).encode()
    (exchange.root / "in" / name).write_bytes(other)
    target = exchange.target()
    for asked in (lambda: target.send(delivery), lambda: target.inquire(KEY)):
        with pytest.raises(ReceiptMismatch, match="other bytes"):
            target.read(delivery, asked())  # type: ignore[arg-type]
    assert exchange.incoming[name] == other
    (exchange.root / f"in/{KEY}.ok").unlink()
    (exchange.root / f"in/{KEY}.ndjson").write_bytes(other)
    with pytest.raises(ReceiptMismatch, match="other bytes") as told:
        target.send(delivery)
    assert told.value.sent is False
    assert exchange.incoming == {f"{KEY}.ndjson": other}


def test_a_half_upload_is_nothing_and_is_written_anew(exchange: Exchange, delivery: Sealed) -> None:
    for name in (f"{KEY}.ndjson.12345678.part", f"{KEY}.ok.part"):
        (exchange.root / "in" / name).write_bytes(b"half")
    assert exchange.target().inquire(KEY) is None
    exchange.target().send(delivery)
    with delivery.open() as body:
        assert exchange.incoming[f"{KEY}.ndjson"] == body.read()
    assert len(exchange.incoming) == 4


@pytest.mark.parametrize("form", ["json", "csv"])
def test_verdicts_are_read_from_the_receipt(exchange: Exchange, delivery: Sealed, form: str) -> None:
    target = exchange.target()
    target.send(delivery)
    words = '乙 "引号"，\n=1+1'
    if form == "json":
        results = [{"seq": 1, "status": "rejected", "code": "1001", "message": words}, {"seq": 0, "status": "accepted"}]
        exchange.receipt(GOOD | {"sha256": delivery.digest, "receipt": "R1", "results": results})
    else:
        out = io.StringIO(newline="")
        csv.writer(out).writerows(
            [["key", "count", "sha256", "seq", "status", "code", "message"],
             [KEY, 2, delivery.digest, 1, "rejected", "1001", words], [KEY, 2, delivery.digest, 0, "accepted", "", ""]]
        )  # fmt: skip
        exchange.receipt(b"\xef\xbb\xbf" + out.getvalue().encode(), "csv")
    answer = target.inquire(KEY)
    assert answer
    assert answer.headers["Sent-Digest"] == f"sha-256={delivery.digest}"
    receipt = target.read(delivery, answer)
    assert [tuple(one) for one in receipt.verdicts] == [(0, "accepted", "", ""), (1, "rejected", "1001", words)]
    for path in (exchange.root / "in").iterdir():
        path.unlink()
    assert target.read(delivery, target.send(delivery)) == receipt  # taken away once judged: nothing comes twice
    assert exchange.incoming == {}


BAD_JSON: list[tuple[Any, type[GuijiError]]] = [
    (b"", ReceiverUnreachable), (json.dumps(GOOD).encode()[:-9], ReceiverUnreachable),
    ("未收到".encode("gb18030"), ReceiverUnreachable), (b"[" * 200_000, ReceiverUnreachable),
    (GOOD | {"key": "0" * 64}, ReceiptMismatch), (GOOD | {"count": 3}, ReceiptMismatch),
    (GOOD | {"count": "2"}, ReceiptMismatch), (GOOD | {"results": GOOD["results"][:1]}, ReceiptMismatch),  # type: ignore[index]
    (GOOD | {"results": [{"seq": 0, "status": "ok"}]}, ReceiptMismatch), (GOOD | {"sha256": "0" * 64}, ReceiptMismatch),
    ({"key": KEY, "count": 2, "refused": {"code": "4001", "message": "x"}}, ReceiverRefused),
    ({"key": "0" * 64, "count": 2, "refused": {}}, ReceiptMismatch), (b"[]", ReceiptMismatch),
]  # fmt: skip
BAD_CSV: list[tuple[str, type[GuijiError]]] = [
    ("key,count,seq,status\n", ReceiverUnreachable),
    (f"key,count,seq\n{KEY},2,0\n", ReceiverUnreachable),
    (f"key,count,seq,status,odd\n{KEY},2,0,accepted,\n", ReceiverUnreachable),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},2,1,accep", ReceiverUnreachable),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},2\n", ReceiverUnreachable),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n", ReceiptMismatch),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},3,1,accepted\n", ReceiptMismatch),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{'0' * 64},2,1,accepted\n", ReceiptMismatch),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},2,0,accepted\n", ReceiptMismatch),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},2,1,OK\n", ReceiptMismatch),
    (f"key,count,seq,status\n{KEY},2,0,accepted\n{KEY},2,一,accepted\n", ReceiptMismatch),
]


@pytest.mark.parametrize(
    ("form", "body", "kind"),
    [("json", *one) for one in BAD_JSON] + [("csv", body.encode(), kind) for body, kind in BAD_CSV],
)
def test_what_is_no_receipt_is_not_believed(
    folder: Exchange, delivery: Sealed, form: str, body: Any, kind: type[GuijiError]
) -> None:
    target = folder.target()
    target.send(delivery)
    folder.receipt(body, form)
    answer = target.inquire(KEY)
    assert answer
    with pytest.raises(kind) as told:
        target.read(delivery, answer)
    assert type(told.value) is kind
    assert told.value.there is (kind is not ReceiverRefused), "gone later, it may have been taken"


def test_two_receipts_are_none(exchange: Exchange, delivery: Sealed) -> None:
    exchange.target().send(delivery)
    exchange.receipt(GOOD)
    exchange.receipt(b"key", "csv")
    with pytest.raises(ReceiptMismatch, match="two receipts"):
        exchange.target().inquire(KEY)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_is_the_same_every_time_and_its_digest_is_its_own(
    folder: Exchange, delivery: Sealed, form: str
) -> None:
    folder.target(format=form).send(delivery)
    content, manifest = folder.incoming[f"{KEY}.{form}"], json.loads(folder.incoming[f"{KEY}.ok"])
    assert (manifest["sha256"], manifest["digest"]) == (sha256(content).hexdigest(), delivery.digest)
    assert manifest["sha256"] != delivery.digest
    target = folder.target(format=form)
    assert waiting(target, delivery, target.send(delivery))
    folder.receipt(GOOD | {"sha256": delivery.digest})
    with pytest.raises(ReceiptMismatch, match="another file"):
        target.read(delivery, target.inquire(KEY))  # type: ignore[arg-type]
    folder.receipt(GOOD | {"sha256": manifest["sha256"]})
    (folder.root / f"in/{KEY}.ok").unlink()
    assert target.read(delivery, target.inquire(KEY))  # type: ignore[arg-type]


def test_csv_holds_every_value_as_it_is(folder: Exchange, tmp_path: Path) -> None:
    odd = ["=1+1", "+1", "-1", "@SUM(A1)", '甲"乙,丙', "行\n行", "\r", " 两边 ", "", "0012"]
    lines = [LINES[0] | {"CF_SY": text} for text in odd] + [LINES[0] | {"CF_SY": None}]
    folder.target(format="csv").send(sealed(tmp_path, lines))
    text = folder.incoming[f"{KEY}.csv"].decode()
    titles, *rows = csv.reader(io.StringIO(text, newline=""))
    assert titles == list(LINES[0])
    assert [row[-1] for row in rows] == [*odd, ""]
    assert text.count(',""\n') == 1  # an empty text; the missing value has no quotes
    assert text.endswith(",\n")


def test_sheets_come_from_the_profile_and_must_say_what_is_to_be_done(folder: Exchange, tmp_path: Path) -> None:
    columns = {"文号": "CF_WSH", "罚款": "CF_NR_FK", "事实": "CF_SY"}
    for wrong, says in (
        ({"文号": "CF_WSH"}, "CF_NR_FK has no column"),
        (columns | {"无": "CF_X"}, "CF_X, which is not"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            folder.target({"penalty": {"处罚": wrong}}, format="xlsx").send(sealed(tmp_path))
    target = folder.target({"penalty": {"处罚": columns}}, format="xlsx")
    with pytest.raises(ConfigurationError, match="cd_operation") as told:
        target.send(sealed(tmp_path))
    assert told.value.sent is False
    assert folder.incoming == {}
    target.send(sealed(tmp_path, LINES[:1]))
    assert f"{KEY}.xlsx" in folder.incoming


def test_a_sheet_for_a_list_may_have_no_row_in_a_delivery(folder: Exchange, tmp_path: Path) -> None:
    sheets = {"penalty": {"案": {"操作": "cd_operation", "文号": "CF_WSH"}, "人": {"文号": "CF_WSH", "名": "p[].name"}}}
    plain = {name: text for name, text in LINES[0].items() if name not in ("CF_NR_FK", "CF_SY")}
    target = folder.target(sheets, format="xlsx")
    for number, value in enumerate(([], None, [{"name": "甲"}])):
        target.send(sealed(tmp_path, [plain | {"p": value}], f"{number}" * 64))
    target.send(sealed(tmp_path, GONE, "9" * 64))
    with pytest.raises(ConfigurationError, match=r"p\[\]\.age has no column"):
        target.send(sealed(tmp_path, [plain | {"p": [{"name": "甲", "age": 1}]}], "8" * 64))


def test_lists_have_no_place_in_csv(folder: Exchange, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no room for a list"):
        folder.target(format="csv").send(sealed(tmp_path, [LINES[0] | {"parties": [{"name": "甲"}]}]))


@pytest.mark.parametrize(
    ("access", "says"),
    [
        ({"format": "pdf"}, "no form"), ({"url": "ftp://x/in"}, "no folder"), ({"url": "file://host/in"}, "no folder"),
        ({"url": "sftp://x/in"}, "user and folder"), ({"url": "file:///"}, "names no folder"),
        ({"url": "sftp://u@x:abc/in"}, "names no folder"),
        ({"url": "sftp://u@x"}, "names no folder"), ({"url": "sftp://u:geheim@x/in"}, "no password"),
        ({"url": "sftp://u@x/in"}, "host_key"), ({"url": "sftp://u@x/in", "host_key": "k"}, "login"),
        ({"url": "sftp://u@x/in", "host_key": "none", "password": "geheim"}, "no host key"),
        ({"url": "sftp://u@x/in", "key_file": "/not/there", "host_key": KEY}, "no host key"),
        ({"odd": 1}, "not a key"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(folder: Exchange, access: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as told:
        folder.target(**access).check()
    assert "geheim" not in str(told.value)
