"""Raw bytes of every format come out as the text that stood there, every row in its place."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError, SourceChanged
from transforms.decode import read_tables
from transforms.decoders import delimited, rows

ID = "110101199003077758"


def read(data: bytes, **fmt: Any) -> list[dict[str, Any]]:
    return [row for table in read_tables(io.BytesIO(data), fmt, "part-1") for row in table.to_pylist()]


def cells(data: bytes, **fmt: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if not k.startswith("_")} for row in read(data, **fmt)]


def workbook(*lines: list[Any]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (f"a,b\n{ID},\n,1.10\n", [{"a": ID, "b": ""}, {"a": "", "b": "1.10"}]),
        ('a,b\n"x,y","1\n2"\r\n', [{"a": "x,y", "b": "1\n2"}]),
        ('a,b\n"say ""hi""",007\n', [{"a": 'say "hi"', "b": "007"}]),
        ('\ufeff"决定书\n文号", 金 额\n甲,1\n', [{"决定书文号": "甲", "金额": "1"}]),
        ("a,b\nNA,null\n", [{"a": "NA", "b": "null"}]),
        ("a,b\n1,2", [{"a": "1", "b": "2"}]),
        ("a,b,\n1,2,\n", [{"a": "1", "b": "2", "column_3": ""}]),
        ("a,b\n", []),
        ("", []),
    ],
)
def test_csv_keeps_what_stood_there(data: str, expected: list[dict[str, Any]]) -> None:
    assert cells(data.encode(), kind="csv") == expected


def test_csv_in_gb18030_keeps_four_byte_and_moved_characters_and_marks_lost_ones() -> None:
    data = "a,b\n㛃𬭎,甲\n".encode("gb18030") + b"\xfe\x59,\xff\n"
    assert cells(data, kind="csv", encoding="gb18030") == [{"a": "㛃𬭎", "b": "甲"}, {"a": "\u9fb4", "b": "\ufffd"}]


@pytest.mark.parametrize("block", [64, 8 << 20])
def test_csv_rows_that_do_not_fit_stay_in_their_place(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", block)
    lines = ["a,b"] + [f"{n}" if n % 7 == 0 else f"{n},{n},{n}" if n % 11 == 0 else f"{n},x" for n in range(200)]
    found = sorted(read("\n".join(lines).encode(), kind="csv"), key=lambda row: row["_row"])
    assert [row["_row"] for row in found] == list(range(200))
    for n, row in enumerate(found):
        bad = n % 7 == 0 or n % 11 == 0
        assert (row["_ragged"], row["a"]) == (("1", None) if bad else (None, str(n)))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_csv_blocks_may_end_inside_a_character(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 101)
    lines = [f'"未按规定，\n{"某" * (n % 20)}",𬭎{n}' for n in range(300)]
    found = cells("\n".join(["甲,乙", *lines]).encode(encoding), kind="csv", encoding=encoding)
    assert found == [{"甲": f"未按规定，\n{'某' * (n % 20)}", "乙": f"𬭎{n}"} for n in range(300)]


@pytest.mark.parametrize("data", ['a,b\n1,"x\n2,y\n', "a, a\n1,2\n", "_row,b\n1,2\n"])
def test_csv_that_cannot_be_trusted_as_a_whole_is_refused(data: str) -> None:
    with pytest.raises(SourceChanged, match="part-1"):
        read(data.encode(), kind="csv")


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"))] * 2), max_size=8))
def test_csv_written_by_the_book_is_read_back(table: list[tuple[str, str]]) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in [("a", "b"), *table]]
    assert cells("\n".join(quoted).encode(), kind="csv") == [{"a": a, "b": b} for a, b in table]


@pytest.mark.parametrize("piece", [7, 1 << 20])
def test_json_keeps_literal_numbers_under_a_path(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PIECE", piece)
    found = '[{"a":1.10,"b":110101199003077758,"c":true,"d":null},{"a":{"z":[1.0,"甲"]}}]'
    body = '{"code":0,"skip":{"rows":[1]},"data":{"rows":' + found + "}}"
    assert cells(body.encode(), kind="json", rows="data.rows") == [
        {"a": "1.10", "b": ID, "c": "true", "d": None},
        {"a": '{"z":[1.0,"甲"]}', "b": None, "c": None, "d": None},
    ]


def test_json_one_object_a_line_and_columns_that_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK", 1)
    assert cells(b'{"a":1}\n{"b":"\\ud800"}\n', kind="json") == [{"a": "1"}, {"a": None, "b": "\ufffd"}]


def test_json_elements_without_one_meaning_are_ragged() -> None:
    found = read(b'[{"a":1},{"a":1,"a":2},3,{"b":{"x":1,"x":2}}]', kind="json")
    assert [row["_ragged"] for row in found] == [None, "1", "1", "1"]


@pytest.mark.parametrize("data", [b'[{"a":1}', b'[{"a":NaN}]', b"[{]", b'{"data":{}}', b"[" * 100_000, b"<html>"])
def test_json_that_is_broken_is_refused(data: bytes) -> None:
    with pytest.raises(SourceChanged):
        read(data, kind="json", rows="data.rows" if data.startswith(b'{"') else "")


def test_xlsx_shows_what_a_person_sees() -> None:
    data = workbook(
        ["文 号", "金额\n(元)", "日期"],
        [45291, 0.1 + 0.2, datetime(2024, 3, 1)],
        [],
        [ID, 1e-7, datetime(2024, 3, 1, 8, 30)],
        [110101199003077758, "=1+1", True],
        ["多一格", 1, 2, 3],
        [],
    )
    assert cells(data, kind="xlsx") == [
        {"文号": "45291", "金额(元)": "0.3", "日期": "2024-03-01"},
        {"文号": None, "金额(元)": None, "日期": None},
        {"文号": ID, "金额(元)": "0.0000001", "日期": "2024-03-01 08:30:00"},
        {"文号": "1.10101199003078E+17", "金额(元)": "=1+1", "日期": "true"},
        {"文号": None, "金额(元)": None, "日期": None},
    ]
    assert [row["_ragged"] for row in read(data, kind="xlsx")] == [None, None, None, None, "1"]


def test_xlsx_that_would_swell_is_refused() -> None:
    import zipfile

    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (64 << 20))
    with pytest.raises(SourceChanged, match="safe to open"):
        read(bomb.getvalue(), kind="xlsx")


def test_parquet_says_in_text_what_its_types_say() -> None:
    table = pa.table(
        {
            "n": pa.array([int(ID), None], pa.int64()),
            "m": pa.array([Decimal("0.0000000001"), Decimal("9999999999.9900000000")], pa.decimal128(24, 10)),
            "d": pa.array([date(1986, 5, 4), None]),
            "t": pa.array([datetime(2024, 1, 1, 0, 0), None], pa.timestamp("us")),
            "z": pa.array([1704038400, None], pa.timestamp("s", "Asia/Shanghai")),
            "y": pa.array(["甲".encode(), b"\xff"]),
            "k": pa.array(["甲", "甲"]).dictionary_encode(),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    first, second = cells(out.getvalue(), kind="parquet")
    assert first == {
        "n": ID, "m": "0.0000000001", "d": "1986-05-04", "t": "2024-01-01 00:00:00",
        "z": "2024-01-01T00:00:00+08:00", "y": "甲", "k": "甲",
    }  # fmt: skip
    assert (second["m"], second["y"], second["n"]) == ("9999999999.9900000000", "\ufffd", None)


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_bytes_of_another_format_are_refused(kind: str) -> None:
    with pytest.raises(SourceChanged):
        read(b"a,b\n1,2\n", kind=kind)


@pytest.mark.parametrize("fmt", [{"kind": "cvs"}, {"kind": "csv", "encodign": "x"}, {"kind": "csv", "encoding": "gbx"}])
def test_a_format_that_cannot_be_obeyed_names_its_key(fmt: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"format\."):
        read(b"a\n1\n", **fmt)
