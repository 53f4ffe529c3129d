"""Fines and confiscations out of sentences: never the total, never the other one, never one of two."""

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.converters import penalty_text

Read = Callable[..., tuple[object, set[str]]]

BOTH = [  # sentence, fine, confiscation
    ("1.没收违法所得人民币12000元;2.处以罚款人民币50000元。罚没合计62000元", "50000", "12000"),
    ("没收违法所得12000元，罚款50000元，合计62000元", "50000", "12000"),
    ("没收违法所得12000元罚款50000元共计62000元", "50000", "12000"),
    ("罚款壹万贰仟元整，没收违法所得叁仟元", "12000", "3000"),
    ("没收违法所得12000元，并处违法所得一倍罚款12000元", "12000", "12000"),
    ("没收违法所得（12000元），处违法所得二倍的罚款，计24000元", "24000", "12000"),
    ("处5000元罚款，没收3000元违法所得", "5000", "3000"),
    ("违法所得12000元予以没收，并处2万元的罚款", "20000", "12000"),
    ("没收非法财物（价值3000元），罚款人民币（大写）伍仟元整（￥5000.00）", "5000", "3000"),
]
FINES = [
    ("责令改正违法行为,并处罚款伍万元整(50000元)", "50000"),
    ("处5000元罚款", "5000"),
    ("处以人民币伍仟元整的罚款", "5000"),
    ("罚款金额：5000元", "5000"),
    ("罚款1.2万元", "12000"),
    ("给予警告，并处罚款贰佰元", "200"),
    ("处货值金额10000元五倍罚款50000元", "50000"),
    ("货值金额10000元罚款50000元", "50000"),
    ("依据规定处1万元以上10万元以下罚款，决定罚款2万元", "20000"),
    ("罚款2000元。逾期不缴纳罚款的，每日按罚款数额的3%加处罚款", "2000"),
    ("罚款5000元。加处罚款不超过5000元", "5000"),
    ("罚款人民币伍仟元整(小写：5000.00元)", "5000"),
    ("罚款共计5000元", "5000"),
    ("以上罚没款共计62000元，其中罚款50000元", "50000"),
    ("决定给予当事人罚款人民币20,000.00元的行政处罚", "20000"),
    ("罚款￥500", "500"),
    ("使用过期原料，罚款 5 万元", "50000"),
    ("作出5000元罚款", "5000"),
    ("罚款贰仟元整(2000)", "2000"),
    ("罚款200元；限十五日内缴纳罚款200元", "200"),
    ("罚款5000元（已缴纳3000元）", "5000"),
    ("罚款500.50元", "500.5"),
    ("1、警告；2、罚款3000元。", "3000"),
]
FINE_FLAGGED = [
    ("对甲罚款3000元，对乙罚款2000元", "FINE_TWO_AMOUNTS"),
    ("罚款5000元；罚款1000元；合计罚款6000元", "FINE_TWO_AMOUNTS"),
    ("罚款5000元，罚款5000元", "FINE_TWO_AMOUNTS"),
    ("罚款5000元（大写：陆仟元整）", "FINE_TWO_AMOUNTS"),
    ("各罚款500元", "FINE_TWO_AMOUNTS"),
    ("对两名当事人分别处罚款500元", "FINE_TWO_AMOUNTS"),
    ("原罚款5000元变更为3000元", "FINE_TWO_AMOUNTS"),
    ("罚款、没收违法所得共计62000元", "FINE_UNREADABLE"),
    ("罚没款62000元", "FINE_UNREADABLE"),
    ("处以罚款1000元至5000元", "FINE_UNREADABLE"),
    ("罚款5000", "FINE_UNREADABLE"),
    ("罚款若干", "FINE_UNREADABLE"),
    ("罚款不超过5000元", "FINE_UNREADABLE"),
    ("拟罚款5000元", "FINE_UNREADABLE"),
    ("处违法所得12000元一倍的罚款", "FINE_UNREADABLE"),
    ("处以罚款，5000元保证金不予退还", "FINE_UNREADABLE"),
    ("当场缴纳罚款50元", "FINE_UNREADABLE"),
    ("罚款500元/人", "FINE_UNREADABLE"),
    ("罚款一万二元", "FINE_UNREADABLE"),
]
CONFISCATION_FLAGGED = [
    ("罚没款共计人民币5300元", "CONFISCATION_UNREADABLE"),
    ("没收违法所得12000元，没收非法财物3000元", "CONFISCATION_TWO_AMOUNTS"),
    ("罚款、没收违法所得共计62000元", "CONFISCATION_UNREADABLE"),
    ("没收违法所得，并处罚款5000元", "CONFISCATION_NO_AMOUNT"),
    ("没收香烟20条，罚款2000元", "CONFISCATION_NO_AMOUNT"),
]


@pytest.mark.parametrize(("text", "fine", "gone"), BOTH)
def test_fine_and_confiscation_apart(read: Read, text: str, fine: str, gone: str) -> None:
    assert read("fine_from_text", text) == (Decimal(fine), set())
    assert read("confiscation_from_text", text) == (Decimal(gone), set())


@pytest.mark.parametrize(("text", "fine"), FINES)
def test_one_fine(read: Read, text: str, fine: str) -> None:
    value, codes = read("fine_from_text", text)
    assert isinstance(value, Decimal)
    assert (value, codes) == (Decimal(fine), set())


@pytest.mark.parametrize("text", ["警告", "责令停产停业", "不予处罚", "没收违法所得5000元", "免予罚款"])
def test_no_fine_is_null_without_a_flag(read: Read, text: str) -> None:
    assert read("fine_from_text", text) == (None, set())


@pytest.mark.parametrize("text", ["警告", "罚款5000元", "吊销许可证"])
def test_no_confiscation_is_null_without_a_flag(read: Read, text: str) -> None:
    assert read("confiscation_from_text", text) == (None, set())


@pytest.mark.parametrize(("text", "code"), FINE_FLAGGED)
def test_an_uncertain_fine_has_no_value(read: Read, text: str, code: str) -> None:
    assert read("fine_from_text", text) == (None, {code})


@pytest.mark.parametrize(("text", "code"), CONFISCATION_FLAGGED)
def test_an_uncertain_confiscation_has_no_value(read: Read, text: str, code: str) -> None:
    assert read("confiscation_from_text", text) == (None, {code})


WORDS = [
    "警告",
    "，",
    "。",
    "；",
    "罚款",
    "5000元",
    "并处",
    "没收违法所得",
    "人民币",
    "12.50元整",
    "1.",
    "责令改正",
    "3",
    "共",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9).map("".join))
def test_the_quick_way_by_columns_says_what_the_careful_way_says(text: str) -> None:
    sure = penalty_text._quiet_fines(pa.array([text], pa.string()), {})
    if text and sure.rows[0].as_py():
        careful = penalty_text.fine(text, {})
        assert (sure.values[0].as_py(), ()) == (careful.value, careful.codes)
