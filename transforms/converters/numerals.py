"""Chinese numerals as exact integers and decimals: 壹万贰仟, 2万3千, 二〇二三. Never a float.

cn2an reads the integers, in its strict mode; it does not know 〇 and 两, nor that 一万二 is spoken and unclear.
"""

import re
from decimal import Decimal

import cn2an

CAPITALS = str.maketrans(
    "壹贰叁肆伍陆柒捌玖拾佰仟萬億弌弍弎貳參陸両两圓〇○◯", "一二三四五六七八九十百千万亿一二三二三六二二元零零零"
)
SCALES = {"": Decimal(1), "百": Decimal(100), "千": Decimal(1000), "万": Decimal(10_000), "十万": Decimal(100_000),
          "百万": Decimal(1_000_000), "千万": Decimal(10_000_000), "亿": Decimal(100_000_000)}  # fmt: skip
PLAIN = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
PART = re.compile(rf"({PLAIN.pattern})(十万|百万|千万|[百千万亿]?)")
AFTER_QIAN = re.compile("千(?=[一二三四五六七八九]十)")
AFTER_WAN = re.compile("([万亿])(?=[一二三四五六七八九][百十])")
ANY = "一二三四五六七八九零十百千万亿"
DAYS = str.maketrans("〇○零◯ＯOoОΟ", "000000000")


def plain(text: str) -> Decimal | None:
    """1234.50 or 1,234.50, nothing else."""
    return Decimal(text.replace(",", "")) if PLAIN.fullmatch(text) else None


def chinese(text: str) -> Decimal | None:
    """A whole number in Chinese, ordinary or capital; None when it is not one that has a single reading."""
    simple = text.translate(CAPITALS)
    if not simple or any(sign not in ANY for sign in simple) or len(simple) > 40:
        return None
    if simple == "零":
        return Decimal(0)
    value = _strict(simple)
    if value is None:  # 壹万伍佰 leaves its 零 out and still has one reading; 一万五 has two
        value = _strict(AFTER_WAN.sub(r"\1零", AFTER_QIAN.sub("千零", simple)))
    return None if value is None else Decimal(value)


def _strict(simple: str) -> int | None:
    try:
        value = cn2an.cn2an(simple, "strict")
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return value if isinstance(value, int) else None


def mixed(text: str) -> Decimal | None:
    """Arabic digits with Chinese scales, each part smaller than the one before: 2万3千, 1亿2000万, 1.2万."""
    text = text.translate(CAPITALS)
    total = Decimal(0)
    floor: Decimal | None = None
    at = 0
    while at < len(text):
        found = PART.match(text, at)
        if not found:
            return None
        value, scale = Decimal(found[1].replace(",", "")), SCALES[found[2]]
        if floor is not None and (value * scale >= floor or (scale == 1 and not _spelled(value, floor))):
            return None
        total, floor, at = total + value * scale, scale, found.end()
    return total if at else None


def _spelled(rest: Decimal, scale: Decimal) -> bool:
    """After a scale a bare rest must fill its places: 1万2000 is 12000, but 2万3 has two readings."""
    return rest * 10 >= scale


def day_number(text: str) -> int | None:
    """A month or day in Chinese up to 99: 六, 十二, 廿三, 三十一, 〇六, 元 is not one."""
    simple = text.translate(CAPITALS).replace("廿", "二十").replace("卅", "三十").lstrip("零ＯOoОΟ0")
    if simple.isascii() and simple.isdecimal():
        return int(simple)
    if not re.fullmatch("[一二三四五六七八九]?(?:十[一二三四五六七八九]?)?", simple) or not simple:
        return None
    tens, ten, ones = simple.rpartition("十")
    place = {sign: value for value, sign in enumerate("零一二三四五六七八九")}
    return (place[tens] * 10 if tens else 10 if ten else 0) + (place[ones] if ones else 0)


def year_number(text: str) -> int | None:
    """Four signs, Chinese or Arabic or both: 二〇二三, 二0二三, 2023."""
    simple = text.translate(CAPITALS).translate(DAYS)
    simple = simple.translate(str.maketrans("一二三四五六七八九", "123456789"))
    return int(simple) if re.fullmatch("[0-9]{4}", simple) else None
