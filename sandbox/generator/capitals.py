"""Owns amounts written in capitals: 12000 → 壹万贰仟."""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")


def _below_ten_thousand(number: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _UNITS[place]
        gap = False
    return text


def capitals(number: int) -> str:
    """A whole number of yuan below a hundred million, in capitals."""
    upper, lower = divmod(number, 10_000)
    text = _below_ten_thousand(upper) + "万" if upper else ""
    if lower and upper and lower < 1000:
        text += "零"
    return (text + _below_ten_thousand(lower)) or "零"
