"""Amounts of money inside a text: where they stand, what they say in 元, and whether they say it twice."""

import re
from dataclasses import dataclass
from decimal import Decimal

from transforms.converters.contract import Reading
from transforms.converters.numerals import chinese, mixed, plain

NUMBER = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?"
CHINESE = "[〇○零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟萬億貳參陸兩弌弍弎]"
WHOLE = rf"(?:(?:{NUMBER}[十百千万亿佰仟萬億]*)+|{CHINESE}+)"
SMALL = r"[0-9零一二三四五六七八九壹贰叁肆伍陆柒捌玖]"
PREFIX = r"(?:人民币|RMB|CNY|[¥￥]) ?[:：]? ?"
AMOUNT = re.compile(
    rf"(?P<mark>{PREFIX})?(?P<minus>[-－−] ?)?(?P<mark2>[¥￥] ?)?(?P<whole>{WHOLE}) ?"
    rf"(?:(?P<unit>元|圆|圓)(?:人民币)? ?"
    rf"(?:零?(?P<jiao>{SMALL})角)?(?:零?(?P<fen>{SMALL})分)?(?: ?[整正])?"
    rf"|(?P<bare>整|正)|(?P<currency>RMB|CNY|人民币))?",
    re.IGNORECASE,
)
COINS = re.compile(rf"(?P<mark>{PREFIX})?(?:(?P<jiao>{SMALL})角)?(?:(?P<fen>{SMALL})分)?整?")
PLACES = Decimal("0.000001")
LIMIT = Decimal(10) ** 14
GROUPS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` is None when the number has no single reading; `named` tells that a unit or scale was written."""

    start: int
    end: int
    value: Decimal | None
    named: bool
    negative: bool = False


def amounts(text: str, unit: str = "元") -> list[Amount]:
    """All amounts, left to right. Bare numbers are taken in `unit`; a unit in the text wins."""
    return [_amount(found, unit) for found in AMOUNT.finditer(text)]


def coins(text: str) -> Decimal | None:
    """5角, 5角6分: an amount below one 元."""
    found = COINS.fullmatch(text)
    return _small(found) if found and (found["jiao"] or found["fen"]) else None


def _amount(found: "re.Match[str]", unit: str) -> Amount:
    whole = found["whole"]
    in_yuan = bool(found["unit"])
    value = _value(whole)
    named = in_yuan or bool(found["bare"]) or any(scale in whole for scale in "万亿萬億")
    if value is not None and unit == "万元" and not named:
        value = value * 10_000 if plain(whole) is not None else None  # 五千 in a column of 万元: two readings
    if value is not None and in_yuan:
        value += _small(found)
    return Amount(found.start(), found.end(), value, named, bool(found["minus"]))


def _value(whole: str) -> Decimal | None:
    if GROUPS.fullmatch(whole):
        return plain(whole)
    return mixed(whole) if re.match("[0-9]", whole) else chinese(whole)


def _small(found: "re.Match[str]") -> Decimal:
    places = (("jiao", Decimal("0.1")), ("fen", Decimal("0.01")))
    return sum((_digit(found[name]) * size for name, size in places if found[name]), Decimal(0))


def _digit(sign: str) -> Decimal:
    value = plain(sign) if sign.isascii() else chinese(sign)
    return value if value is not None else Decimal(0)


def settle(value: Decimal) -> Reading:
    """The value when the column can hold it exactly, else the code that says why not."""
    if value >= LIMIT:
        return Reading(None, ("MONEY_OUT_OF_RANGE",))
    exact = value.quantize(PLACES)
    return Reading(exact) if exact == value else Reading(None, ("MONEY_TOO_PRECISE",))
