"""The three departments over real access: SQL, signed REST with pages and cursors, files in GB18030 and XLSX."""

import base64
import csv
import hashlib
import io
import json
import os
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sandbox import signatures
from sandbox.departments import MarketDepartment, TransportDepartment, WaterDepartment
from sandbox.generator import Night, make_night

POSTGRES = os.environ.get("GUIJI_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="module")
def night() -> Night:
    return make_night(1, seed=3, rows=200)


@pytest.fixture
def water() -> Iterator[WaterDepartment]:
    with WaterDepartment() as department:
        yield department


def _ask(department: WaterDepartment, call: str, sid: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    signed = headers or signatures.signed_headers(department.secret, sid, "guiji-water")
    request = urllib.request.Request(f"{department.env()['GUIJI_WATER_URL']}/{call}", headers=signed)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        return dict(json.load(answer))


def _rows(count: int) -> list[dict[str, str | None]]:
    return [
        {"id": f"w{n:05d}", "updateTime": f"2026-03-01 00:00:{n // 7:02d}", "fineAmount": "0.50"} for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 20, 21])
def test_pages_give_every_row_once(water: WaterDepartment, count: int) -> None:
    water.hold(_rows(count), [])
    seen, page = [], 1
    while True:
        data = _ask(water, f"penalties?page={page}&size=10", "water-penalty")["data"]
        assert data["total"] == count
        if not data["rows"]:
            break
        seen += [row["id"] for row in data["rows"]]
        page += 1
    assert seen == [row["id"] for row in _rows(count)]
    assert page == -(-count // 10) + 1


@pytest.mark.parametrize("count", [0, 1, 20, 21])
def test_cursors_give_every_row_once_and_end_with_null(water: WaterDepartment, count: int) -> None:
    water.hold([], _rows(count))
    seen, calls = [], 0
    cursor: str | None = ""
    while cursor is not None:
        data = _ask(water, f"licences?limit=10&cursor={cursor}", "water-licence")["data"]
        seen += [row["id"] for row in data["rows"]]
        cursor, calls = data["next"], calls + 1
    assert seen == [row["id"] for row in _rows(count)]
    assert calls == max(1, -(-count // 10))


def test_updated_after_is_strict_and_amounts_are_numbers(water: WaterDepartment) -> None:
    water.hold(_rows(20), [])
    data = _ask(water, "penalties?updated_after=2026-03-01%2000:00:01", "water-penalty")["data"]
    assert [row["id"] for row in data["rows"]] == [f"w{n:05d}" for n in range(14, 20)]
    assert data["rows"][0]["fineAmount"] == 0.5


def test_the_secret_opens_with_the_app_key_as_the_platform_describes(water: WaterDepartment) -> None:
    signed = signatures.signed_headers(water.app_key, "water-secret", "guiji-water")
    data = _ask(water, "secret", "water-secret", signed)["data"]
    key = hashlib.sha1(hashlib.sha1(water.app_key.encode()).digest()).digest()[:16]
    opener = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = opener.update(base64.b64decode(data["secret"])) + opener.finalize()
    assert plain[: -plain[-1]].decode() == water.secret
    assert data["secretEndTime"] > signatures.now_ms()


def test_wrong_old_and_missing_signatures_are_refused_under_http_200(water: WaterDepartment) -> None:
    wrong = signatures.signed_headers("not the secret", "water-penalty", "guiji-water")
    rtime = str(signatures.now_ms() - 11 * 60 * 1000)
    old = signatures.signed_headers(water.secret, "water-penalty", "guiji-water") | {
        "gjgxjhpt_rtime": rtime,
        "gjgxjhpt_sign": signatures.sign(water.secret, "water-penalty", "guiji-water", rtime),
    }
    other_service = signatures.signed_headers(water.secret, "water-licence", "guiji-water")
    for headers in (wrong, old, other_service, {"X-Nothing": "1"}):
        answer = _ask(water, "penalties", "water-penalty", headers)
        assert answer["code"] == "401"
        assert answer["data"] is None


def test_bad_parameters_are_named(water: WaterDepartment) -> None:
    assert _ask(water, "penalties?page=0", "water-penalty")["code"] == "400"
    assert _ask(water, "licences?cursor=zzz", "water-licence")["code"] == "400"


def test_market_tables_in_sqlite_hold_the_night(tmp_path: Path, night: Night) -> None:
    with MarketDepartment(tmp_path / "market.sqlite") as market:
        market.load(night)
        market.load(night)
    with sqlite3.connect(tmp_path / "market.sqlite") as db:
        rows = db.execute("SELECT * FROM xzcf ORDER BY id").fetchall()
        kinds = {row[2] for row in db.execute("PRAGMA table_info(xzxk)")}
    db.close()
    assert rows == [tuple(row.values()) for row in night.feeds["market/penalty"].rows]
    assert kinds == {"TEXT"}


def test_market_tables_in_postgresql_hold_the_same_night(night: Night) -> None:
    schema = f"sandbox_{uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            url = f"{POSTGRES}?options=-csearch_path%3D{schema}"
            MarketDepartment(url=url).load(night)
            rows = db.execute(f"SELECT * FROM {schema}.xzcf ORDER BY id".encode()).fetchall()
        finally:
            db.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    assert rows == [tuple(row.values()) for row in night.feeds["market/penalty"].rows]


def test_transport_csv_comes_back_whole_from_gb18030(tmp_path: Path, night: Night) -> None:
    with TransportDepartment(tmp_path) as transport:
        transport.load(night)
    text = (tmp_path / "xzcf_20260302.csv").read_bytes().decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows == [{name: value or "" for name, value in row.items()} for row in night.feeds["transport/penalty"].rows]
    assert any("\n" in row["违法事实"] and "," in row["违法事实"] for row in rows)
    assert any("😀" in row["备注"] for row in rows)


def test_transport_sheet_has_text_cells_and_headers_as_people_type_them(tmp_path: Path, night: Night) -> None:
    TransportDepartment(tmp_path).load(night)
    sheet = openpyxl.load_workbook(tmp_path / "xzxk_20260302.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    expected = night.feeds["transport/licence"].rows
    assert "统一社会\n信用代码" in header
    assert ["".join(str(name).split()) for name in header] == list(expected[0])
    assert [[value or "" for value in row] for row in rows] == [[v or "" for v in row.values()] for row in expected]


def test_later_files_hold_only_changes_and_a_dropped_file_never_changes(tmp_path: Path, night: Night) -> None:
    transport = TransportDepartment(tmp_path)
    transport.load(night)
    before = (tmp_path / "xzxk_20260302.xlsx").read_bytes()
    later = make_night(2, seed=3, rows=200)
    transport.load(later)
    transport.load(night)
    text = (tmp_path / "xzcf_20260303.csv").read_bytes().decode("gb18030")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["流水号"] for row in rows] == [row["流水号"] for row in later.feeds["transport/penalty"].changed]
    assert {row["操作类型"] for row in rows} == {"新增", "变更", "撤销"}
    assert (tmp_path / "xzxk_20260302.xlsx").read_bytes() == before
    assert not list(tmp_path.glob(".*"))
