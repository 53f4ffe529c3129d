"""`money`: one amount in 元, exact to six decimals, never a float.

`of` (fine or confiscation) also reads a penalty sentence that strayed into the column, for that amount only.
`unit` (元 or 万元) is what a bare number means; a unit in the text wins. An amount written twice
(capitals and digits) is read when both agree. With `unit: 万元` the value's own text form is `12000.00元`.
"""

import re
from decimal import Decimal
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.amounts import Amount, amounts, coins, settle
from transforms.converters.column import converter
from transforms.converters.contract import MONEY, Parameters, Reading, Sure
from transforms.converters.parameters import one_of
from transforms.converters.penalty_text import confiscation, fine

FOREIGN = re.compile(
    "美元|美金|港币|港元|欧元|英镑|日元|日圆|韩元|卢布|澳门元|台币|[$€£]|USD|HKD|EUR|JPY|GBP", re.IGNORECASE
)
FILLER = re.compile(r"[()（）:：;；,，。 /]|大写|小写|人民币|即|金额|计|RMB|CNY|[¥￥]", re.IGNORECASE)
BRACKETED = re.compile(r"[(（][^()（）]*[)）]")
GROUPED = r"^[¥￥]?(?:[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,12})(?:\.[0-9]{1,6})?元整?$"
FRAME = re.compile(r"[()（）]|大写|小写|即")
ARABIC = re.compile("[0-9]")
EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
POINT_FIRST = re.compile(r"(?<![0-9.])\.(?=[0-9])")  # Oracle writes 0.5 as .5
POINT_LAST = re.compile(r"(?<=[0-9])\.(?=元?$)")
UNIT_BESIDE = re.compile(r"(?<=[0-9]) ?\((万?元)\)")
SENTENCES = {"fine": fine, "confiscation": confiscation}
UNITS = ("元", "万元")


def _money(text: str, parameters: Parameters) -> Reading:
    """One amount; or, where the mapping says of what, the amount that a sentence names."""
    reading = _amount(text, parameters)
    sentence = SENTENCES.get(parameters.get("of", ""))
    if sentence is None or reading.codes != ("MONEY_UNREADABLE",):
        return reading
    said = sentence(text, parameters)
    return said if said.value is not None or said.codes else reading


def _amount(text: str, parameters: Parameters) -> Reading:
    unit = parameters.get("unit", "元")
    plain = normalize("NFKC", text.replace("￥", "¥")).replace("圓", "元")
    plain = UNIT_BESIDE.sub(r"\1", re.sub("(?<=[0-9]) (?=[十百千万亿元])", "", plain))
    plain = POINT_LAST.sub("", POINT_FIRST.sub("0.", plain))
    if FOREIGN.search(plain):
        return Reading(None, ("MONEY_CURRENCY",))
    if EXPONENT.fullmatch(plain) or len(plain) > 200:
        return Reading(None, ("MONEY_UNREADABLE",))
    small = coins(plain)
    if small is not None:
        return settle(small)
    found = amounts(plain, unit)
    if not found or _left_over(plain, found):
        return Reading(None, ("MONEY_UNREADABLE",))
    return _one(plain, found)


def _one(plain: str, found: list[Amount]) -> Reading:
    if any(amount.negative for amount in found):
        return Reading(None, ("MONEY_NEGATIVE",))
    values = {amount.value for amount in found}
    if None in values or (BRACKETED.fullmatch(plain) and not found[0].named):
        return Reading(None, ("MONEY_AMBIGUOUS",))
    if len(values) > 1:
        return Reading(None, ("MONEY_TWO_AMOUNTS",))
    if len(found) > 1 and not any(amount.named for amount in found):
        return Reading(None, ("MONEY_TWO_AMOUNTS",))
    value = values.pop()
    assert value is not None
    return settle(value)


def _left_over(plain: str, found: list[Amount]) -> bool:
    """Whether anything stands beside the amounts that is not a mere frame for them."""
    rest, end = "", 0
    for amount in found:
        between = plain[end : amount.start]
        if end and not _restates(between, plain[amount.start : amount.end], plain[:end]):
            return True
        rest += between
        end = amount.end
    return bool(FILLER.sub("", rest + plain[end:]))


def _restates(between: str, amount: str, before: str) -> bool:
    """Whether the second amount says the first again: in a bracket, under 大写 and 小写, or in other signs."""
    return bool(FRAME.search(between)) or (ARABIC.search(amount) is None) != (ARABIC.search(before) is None)


def _plain_numbers(column: pa.Array, parameters: Parameters) -> Sure:
    """Bare digits, or digits in groups of three with 元, by columns."""
    bare = _bare_numbers(column, parameters)
    spelled = pc.fill_null(pc.match_substring_regex(column, GROUPED), False)
    if not pc.any(spelled, min_count=0).as_py():
        return bare
    digits = pc.replace_substring_regex(pc.if_else(spelled, column, pa.scalar(None, pa.string())), "[^0-9.]", "")
    return Sure(pc.or_(pc.fill_null(bare.rows, False), spelled), pc.coalesce(digits.cast(MONEY), bare.values))


def _bare_numbers(column: pa.Array, parameters: Parameters) -> Sure:
    whole = "13" if parameters.get("unit", "元") == "元" else "9"
    places = "6" if whole == "13" else "9"
    rows = pc.fill_null(pc.match_substring_regex(column, rf"^[0-9]{{1,{whole}}}(\.[0-9]{{1,{places}}})?$"), False)
    numbers = pc.if_else(rows, column, pa.scalar(None, pa.string()))
    if whole == "13":
        return Sure(rows, numbers.cast(MONEY))
    wide = pc.multiply(numbers.cast(pa.decimal128(20, 10)), pa.scalar(Decimal(10_000), pa.decimal128(5, 0)))
    return Sure(rows, wide.cast(MONEY))


TAKES = {"unit": one_of(*UNITS), "of": one_of(*SENTENCES)}
money = converter(MONEY, _money, _plain_numbers, TAKES)
