"""What holds for every converter on any text: total, null for an error, idempotent, never a float."""

from datetime import date, datetime
from decimal import Decimal
from time import process_time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.findings import registry
from transforms.converters.cli_form import spelled
from transforms.converters.registry import get, names

CHINESE = st.text(
    alphabet="一二三四五六七八九十百千万亿零〇○壹贰元角分整圆年月日时分第号字〔〕（）【】()[]处罚款没收违法所得共计合计各"
    "人民币¥￥,.，。;；:/-—+ 0123456789"
    "０１２ＡａXx执(zhí)警告其他是否案有限公司涉嫌张臺灣琛屾斂澶勭綒è¡Œæ\u200b\x00\ufffd?\ue000👍TZ",
    max_size=30,
)
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=20), CHINESE), min_size=1, max_size=12)


def text_form(value: object) -> str | None:
    """The value as a person would type it again; money names its unit."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    shown = str(spelled(value))
    return f"{shown}元" if isinstance(value, Decimal) else shown


def _again(name: str, value: object) -> str | None:
    shown = text_form(value)
    if name == "fine_from_text" and shown:
        return f"罚款{shown}"
    return f"没收违法所得{shown}" if name == "confiscation_from_text" and shown else shown


@pytest.mark.parametrize("name", names())
@settings(max_examples=80, deadline=None)
@given(texts=TEXTS)
def test_total_idempotent_and_null_where_an_error_stands(name: str, texts: list[str | None]) -> None:
    converted = get(name)(pa.array(texts, pa.string()), {})
    values = converted.values.to_pylist()
    assert len(values) == len(texts)
    assert not any(isinstance(value, float) for value in values)
    for flag in converted.flags:
        entry = registry()[flag.code]
        assert flag.rows.dtype == "int64"
        assert list(flag.rows) == sorted(set(flag.rows))
        assert all(texts[row] is not None for row in flag.rows)
        if entry.severity == "error":
            assert all(values[row] is None for row in flag.rows)
    again = get(name)(pa.array([_again(name, value) for value in values], pa.string()), {})
    assert again.values.to_pylist() == values


@pytest.mark.parametrize("name", names())
@settings(max_examples=25, deadline=None)
@given(texts=TEXTS)
def test_a_column_says_the_same_as_each_text_alone(name: str, texts: list[str | None]) -> None:
    """Columnar, dictionary and scalar paths agree: 3,000 rows of the same few texts, and each by itself."""
    convert = get(name)
    alone = [convert(pa.array([text], pa.string()), {}) for text in texts]
    many = (texts * (3000 // len(texts) + 1))[:3000]
    together = convert(pa.array(many, pa.string()), {})
    assert together.values.to_pylist()[: len(texts)] == [one.values[0].as_py() for one in alone]
    first = {flag.code: {int(row) for row in flag.rows if row < len(texts)} for flag in together.flags}
    for row, one in enumerate(alone):
        assert {flag.code for flag in one.flags} == {code for code, rows in first.items() if row in rows}


@pytest.mark.parametrize("name", names())
def test_blank_is_null_without_a_flag(name: str) -> None:
    converted = get(name)(pa.array([None, "", "  ", "\u3000\n"], pa.string()), {})
    assert converted.values.null_count == 4
    assert converted.flags == ()


@pytest.mark.parametrize("name", names())
def test_null_words_are_null_without_a_flag(name: str) -> None:
    converted = get(name)(pa.array(["无", "/", "暂无", "0"], pa.string()), {"null_words": "无|/|暂无|0"})
    assert converted.values.null_count == 4
    assert converted.flags == ()


def test_types() -> None:
    kinds = {name: get(name)(pa.array(["1"], pa.string()), {}).values.type for name in names()}
    assert kinds["date"] == pa.date32()
    assert kinds["datetime"] == pa.timestamp("s", "Asia/Shanghai")
    assert kinds["money"] == kinds["fine_from_text"] == pa.decimal128(20, 6)
    assert kinds["boolean"] == pa.bool_()
    assert kinds["text"] == kinds["code:penalty_kind"] == pa.string()


def test_slices_and_chunks_read_like_whole_columns() -> None:
    whole = pa.array(["x", "2023-05-06", "2023/05/07", None], pa.string())
    assert get("date")(whole.slice(1), {}).values.to_pylist() == [date(2023, 5, 6), date(2023, 5, 7), None]
    chunked = pa.chunked_array([whole.slice(1, 1), whole.slice(2, 1)])
    assert get("date")(chunked, {}).values.to_pylist() == [date(2023, 5, 6), date(2023, 5, 7)]
    with pytest.raises(TypeError):
        get("date")(pa.array([20230506]), {})


def test_datetime_text_form_keeps_its_zone() -> None:
    value = get("datetime")(pa.array(["2023-05-06 15:30:00"], pa.string()), {}).values[0].as_py()
    assert isinstance(value, datetime)
    assert spelled(value) == "2023-05-06T15:30:00+08:00"


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith("code:")])
def test_no_text_takes_long(name: str) -> None:
    """A hundred thousand signs that make patterns try again and again: a second of processor time at most."""
    signs = (
        "罚款5元",
        "1元、",
        "没收违法所得5元",
        "(",
        "、",
        "一",
        "〔2021〕",
        "执(zhí)",
        "涉嫌",
        "未",
        "云南省",
        "1,",
    )
    for sign in signs:
        began = process_time()
        get(name)(pa.array([sign * (100_000 // len(sign)) + "案"], pa.string()), {})
        assert process_time() - began < 1, f"{name} {sign}"
