"""A field table as a spreadsheet: CSV in two encodings, xlsx; what is refused as a whole, and what by its cell."""

from pathlib import Path

import openpyxl
import pytest

from exchange.cli.new_table import COLUMNS, read_field_table
from schemas.errors import ConfigurationError
from schemas.standard import FOLDER

HEAD = ["字段代码", "中文名称", "类型", "长度", "必填"]
ROWS = [["WSH", "文号", "字符", "100", "是"], ["JE", "金额（万元）", "数值", "18,6", "否"]]


def as_csv(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode(encoding))
    return path


def as_xlsx(path: Path, rows: list[list[str]], title: str = "字段") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_any_encoding_and_xlsx_give_the_same(tmp_path: Path, encoding: str) -> None:
    from_csv = read_field_table(as_csv(tmp_path / "t.csv", [HEAD, *ROWS], encoding))
    from_xlsx = read_field_table(as_xlsx(tmp_path / "t.xlsx", [HEAD, *ROWS]))
    assert (from_csv.fields, from_csv.errors) == (from_xlsx.fields, [])
    assert [(f.name, f.row) for f in from_csv.fields] == [("WSH", 2), ("JE", 3)]


def test_a_header_further_down_and_a_sheet_by_name(tmp_path: Path) -> None:
    path = as_xlsx(tmp_path / "t.xlsx", [["附件一"], HEAD, *ROWS])
    assert [f.row for f in read_field_table(path, sheet="字段", header=2).fields] == [3, 4]
    with pytest.raises(ConfigurationError, match="--header"):
        read_field_table(path)
    with pytest.raises(ConfigurationError, match="字段"):
        read_field_table(path, sheet="字断")


def test_columns_without_a_meaning_are_told(tmp_path: Path) -> None:
    rows = [[*HEAD, "责任人"], *([*row, "某"] for row in ROWS)]
    assert read_field_table(as_csv(tmp_path / "t.csv", rows)).unread == ["责任人"]


def test_every_mistake_is_told_and_no_field_of_a_bad_row_is_kept(tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["A", "甲", "字符", "x", "是"],
        ["B", "乙", "字符", "1", "是"],
        ["B", "丙", "文字", "1", "是"],
        ["B", "丁", "字符", "1", "是"],
    ]
    table = read_field_table(as_csv(tmp_path / "t.csv", rows))
    assert [error.where.split("第 ")[1] for error in table.errors] == [
        "2 行 row, 列 column 长度", "4 行 row, 列 column 类型", "5 行 row, 列 column 字段代码"
    ]  # fmt: skip
    assert "row 3" in table.errors[2].message


def test_a_row_that_does_not_fit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("字段代码,中文名称,类型,必填\nA,甲,字符,是\nB,乙,字符,是,多,余\n", encoding="utf-8")
    assert [(e.where, "quotes" in e.remedy) for e in read_field_table(path).errors] == [
        ("t.csv: 第 3 行 row, 列 column —", True)
    ]


@pytest.mark.parametrize("missing", [0, 1, 2, 4])
def test_a_column_that_is_needed_and_not_there(tmp_path: Path, missing: int) -> None:
    rows = [[cell for n, cell in enumerate(row) if n != missing] for row in [HEAD, *ROWS]]
    with pytest.raises(ConfigurationError) as caught:
        read_field_table(as_csv(tmp_path / "t.csv", rows))
    assert HEAD[missing] in caught.value.remedy
    assert "t.csv" in caught.value.where


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", b"", "no rows"),
        ("t.csv", "字段代码,中文名称,类型,必填\n".encode(), "no rows"),
        ("t.csv", "字段代码,字段名,中文名称,类型,必填\nA,A,甲,字符,是\n".encode(), "same column"),
        ("t.xlsx", b"no workbook", "not readable"),
        ("t.xls", b"", ".xlsx"),
        ("t", b"", ".csv"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=told) as caught:
        read_field_table(tmp_path / name)
    assert name in caught.value.where
    assert caught.value.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_field_table(tmp_path / "none.csv")


def test_no_header_word_means_two_columns() -> None:
    words = [word for known in COLUMNS.values() for word in known]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("name", ["xzcf_sgs2018", "xzxk_sgs2018", "xzqz_hlwjg", "qtxw_hlwjg", "xzcf_hlwjg"])
def test_published_tables_are_read_whole(name: str) -> None:
    path = FOLDER / "enforcement" / "1.0" / "fields" / f"{name}.csv"
    table = read_field_table(path)
    assert table.errors == table.unread == []
    assert len(table.fields) == len(path.read_text(encoding="utf-8").strip().splitlines()) - 1
