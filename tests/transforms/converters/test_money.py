"""Amounts of money: exact, in 元, and never guessed."""

from collections.abc import Callable
from decimal import Decimal

import cn2an
import pytest

from transforms.converters.numerals import chinese

Read = Callable[..., tuple[object, set[str]]]

AMOUNTS = [
    *(("12000", "12000"), ("12000.50", "12000.5"), ("0", "0"), ("0.01", "0.01"), ("1,234.50元", "1234.5")),
    *(("￥12000", "12000"), ("¥1,234", "1234"), ("12000元", "12000"), ("12000 元整", "12000")),
    ("12000.00元整", "12000"),
    *(("壹万贰仟元整", "12000"), ("人民币壹万贰仟元整", "12000"), ("一万二千元", "12000"), ("拾万元", "100000")),
    *(("两万", "20000"), ("2万3千", "23000"), ("1.2万元", "12000"), ("12万", "120000"), ("3千5百元", "3500")),
    *(("1亿2000万元", "120000000"), ("1万2000元", "12000"), ("５０００", "5000"), ("1，234.50", "1234.5")),
    *(("5角", "0.5"), ("5角6分", "0.56"), ("1234元5角6分", "1234.56"), ("壹佰元零伍分", "100.05"), ("伍圆", "5")),
    *(("壹万贰仟元整（¥12000.00）", "12000"), ("12000元（壹万贰仟元整）", "12000"), ("RMB 5000", "5000")),
    *(("(大写)壹万元整 (小写)￥10000.00", "10000"), ("人民币（大写）：伍仟元整", "5000"), ("5000RMB", "5000")),
    *(("10000元人民币", "10000"), ("1.2万元（12000元）", "12000"), ("99999999999999", "99999999999999")),
    *(("1.123456", "1.123456"), ("1.1000000000", "1.1"), ("贰佰元", "200"), ("一千零五元", "1005"), ("零元", "0")),
    *(("5 万元", "50000"), ("伍仟元零角零分", "5000"), ("0.5万元整", "5000")),
    *((".5", "0.5"), ("¥.50元", "0.5"), ("100.", "100"), ("100.元", "100"), ("壹万伍佰元整", "10500")),
    *(("一万五十元", "10050"), ("一千五十元", "1050"), ("一亿五百万元", "105000000")),
    *(("壹萬元整", "10000"), ("十五元", "15"), ("伍拾万元整", "500000"), ("1000万元", "10000000")),
]  # fmt: skip
FLAGGED = [
    *((text, "MONEY_AMBIGUOUS") for text in ("一万二", "2万3", "(1,000)", "三千五", "一百五", "一万零五十三百")),
    *(
        (text, "MONEY_UNREADABLE")
        for text in ("abc", "5000余元", "约5000元", "5000元以上", "1.2E+05", "12.3.4", "1,23")
    ),
    *(
        (text, "MONEY_UNREADABLE")
        for text in ("罚款5000元", "5000 6000", "1 234", "5000-6000元", "5000元,5000元", "无")
    ),
    *((text, "MONEY_TWO_AMOUNTS") for text in ("壹万贰仟元整（¥12001.00）", "5000元（6000元）")),
    *((text, "MONEY_NEGATIVE") for text in ("-5000", "-5000元", "－１")),
    *((text, "MONEY_CURRENCY") for text in ("$5000", "5000美元", "USD 5000", "港币5000元")),
    *((text, "MONEY_TOO_PRECISE") for text in ("1.1234567", "0.0000001元")),
    *((text, "MONEY_OUT_OF_RANGE") for text in ("999999999999999", "100000000亿元")),
]


@pytest.mark.parametrize(("text", "expected"), AMOUNTS)
def test_amounts(read: Read, text: str, expected: str) -> None:
    value, codes = read("money", text)
    assert codes == set()
    assert isinstance(value, Decimal)
    assert value == Decimal(expected)


@pytest.mark.parametrize(("text", "code"), FLAGGED)
def test_what_is_not_one_amount_has_no_value(read: Read, text: str, code: str) -> None:
    assert read("money", text) == (None, {code})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2", "12000"),
        ("0.000001", "0.01"),
        ("9.9999999999", "99999.999999"),
        ("1,200", "12000000"),
        ("12000元", "12000"),
        ("1.2万", "12000"),
        ("壹万贰仟元整", "12000"),
        ("1.2（12000元）", "12000"),
    ],
)
def test_a_column_in_ten_thousands(read: Read, text: str, expected: str) -> None:
    assert read("money", text, unit="万元") == (Decimal(expected), set())


def test_a_bare_chinese_number_in_a_column_in_ten_thousands_is_unclear(read: Read) -> None:
    assert read("money", "五千", unit="万元") == (None, {"MONEY_AMBIGUOUS"})


@pytest.mark.parametrize("number", [*range(120), 1005, 10_020, 12_000, 1_000_001, 20_304_050, 10**8 + 5])
@pytest.mark.parametrize("form", ["low", "up"])
def test_chinese_numerals_read_back(number: int, form: str) -> None:
    assert chinese(cn2an.an2cn(number, form)) == number


def test_a_sentence_in_an_amount_column_is_read_when_the_mapping_says_of_what(read: Read) -> None:
    words = "罚款50000元,没收违法所得12000元,罚没合计62000元"
    assert read("money", words) == (None, {"MONEY_UNREADABLE"})
    assert read("money", words, of="fine", unit="万元") == (Decimal(50_000), set())
    assert read("money", words, of="confiscation") == (Decimal(12_000), set())
    assert read("money", "5000元", of="fine") == (Decimal(5000), set())
    assert read("money", "若干元", of="fine") == (None, {"MONEY_UNREADABLE"})
    assert read("money", "罚款若干", of="fine") == (None, {"FINE_UNREADABLE"})
