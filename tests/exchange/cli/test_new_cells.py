"""Cells of a field table: what is read, and that what cannot be read is an error with its place, never a default."""

import pytest

from exchange.cli.new_cells import Row, TableField
from schemas.errors import ConfigurationError

HEADS = {
    "name": "字段代码", "title": "中文名称", "type": "类型", "length": "长度", "required": "必填", "codes": "代码表",
    "format": "格式", "unit": "单位", "verified": "核实",
}  # fmt: skip


def read(**cells: str) -> tuple[TableField | None, list[ConfigurationError]]:
    errors: list[ConfigurationError] = []
    full = {"name": "A", "title": "甲", "type": "字符", "required": "是"} | cells
    return Row("表.xlsx", 7, full, HEADS, errors).field(), errors


@pytest.mark.parametrize(
    ("said", "length", "kind", "size", "digits"),
    [
        ("varchar(200)", "", "text", 200, None),
        ("VARCHAR2(30)", "", "text", 30, None),
        ("字符型（50）", "", "text", 50, None),
        ("an..18", "", "text", 18, None),
        ("字符", "200", "text", 200, None),
        ("字符(20)", "20", "text", 20, None),
        ("decimal(18,6)", "", "number", None, (12, 6)),
        ("数值", "18，2", "number", None, (16, 2)),
        ("金额", "", "number", None, None),
        ("整数", "3", "integer", 3, None),
        ("日期", "", "date", None, None),
    ],
)
def test_types_and_lengths(said: str, length: str, kind: str, size: int | None, digits: tuple[int, int] | None) -> None:
    made, errors = read(type=said, length=length)
    assert errors == []
    assert made is not None
    assert (made.type, made.length, made.digits, made.row) == (kind, size, digits, 7)


@pytest.mark.parametrize(
    ("said", "codes", "values"),
    [
        ("", "", {}),
        ("counterparty_category", "counterparty_category", {}),
        ("1=有效;2=失效", "", {"1": "有效", "2": "失效"}),
        ("1＝有效；2＝失效", "", {"1": "有效", "2": "失效"}),
        ("有效\n失效", "", {"有效": "有效", "失效": "失效"}),
        ("1=有效", "", {"1": "有效"}),
    ],
)
def test_a_code_list_is_a_name_or_spelled_out(said: str, codes: str, values: dict[str, str]) -> None:
    made, errors = read(codes=said)
    assert errors == []
    assert made is not None
    assert (made.codes, made.values) == (codes, values)


@pytest.mark.parametrize(
    ("said", "required"),
    [
        ("是", "required"),
        ("M", "required"),
        ("", "optional"),
        ("O", "optional"),
        ("条件必填", "conditional"),
    ],
)
def test_required(said: str, required: str) -> None:
    made, _ = read(required=said)
    assert made is not None
    assert made.required == required


MISTAKES = {
    "no name": ({"name": ""}, "字段代码", "letters"),
    "name with a blank": ({"name": "A B"}, "字段代码", "letters"),
    "the envelope's": ({"name": "cd_id"}, "字段代码", "envelope"),
    "no title": ({"title": " "}, "中文名称", "Chinese title"),
    "type": ({"type": "文字"}, "类型", "字符"),
    "no type": ({"type": ""}, "类型", "字符"),
    "length": ({"length": "很长"}, "长度", "200"),
    "length of text with a point": ({"length": "18,2"}, "长度", "数值"),
    "more places than digits": ({"type": "数值", "length": "2,6"}, "长度", "18,2"),
    "two lengths": ({"type": "字符(20)", "length": "30"}, "长度", "one of the two"),
    "required": ({"required": "也许"}, "必填", "条件必填"),
    "half a list": ({"codes": "1=有效;失效"}, "代码表", "code=word"),
    "a code twice": ({"codes": "1=有效;1=失效"}, "代码表", "once"),
    "a word twice": ({"codes": "1=有效;2=有效"}, "代码表", "once"),
    "date format": ({"type": "日期", "format": "DD/MM/YYYY"}, "格式", "YYYY-MM-DD"),
    "unit": ({"unit": "美元"}, "单位", "万元"),
    "mark": ({"verified": "maybe"}, "核实", "partial"),
    "formula": ({"title": "=A1"}, "中文名称", "paste"),
    "control character": ({"title": "甲\x07"}, "中文名称", "anew"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_names_file_row_column_and_remedy(name: str) -> None:
    cells, column, remedy = MISTAKES[name]
    made, errors = read(**cells)
    assert made is None
    assert len(errors) == 1
    assert errors[0].where == f"表.xlsx: 第 7 行 row, 列 column {column}"
    assert remedy in f"{errors[0].message} {errors[0].remedy}"


def test_all_mistakes_of_a_row_are_told() -> None:
    made, errors = read(name="1", type="文字", required="也许", length="x")
    assert made is None
    assert len(errors) == 4
