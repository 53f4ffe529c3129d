"""Owns the classes of dirt: what each does to one written record, and what must become of that record."""

import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Literal

from sandbox.generator.capitals import capitals
from sandbox.generator.clean import Columns
from sandbox.generator.identifiers import spoiled
from sandbox.generator.layouts import Layout
from sandbox.generator.names import COMPANY, PERSON, SHOP

Outcome = Literal["clean", "repaired", "held", "either", "duplicate"]
"""clean: goes out as it is; repaired: must go out right; held: must never go out; either: harmless, both are allowed;
duplicate: the same record once more under another source key."""


@dataclass(slots=True)
class Spot:
    """One record being soiled: `own` reads the clean value, `[neutral] =` writes the department's text."""

    clean: Columns
    written: Columns
    layout: Layout
    row: int
    rng: Random

    def own(self, neutral: str) -> str | None:
        return self.clean[neutral][self.row] if neutral in self.clean else None

    def text(self, neutral: str) -> str:
        return self.own(neutral) or ""

    def put(self, neutral: str, value: str | None) -> bool:
        self.written[self.layout.columns[neutral]][self.row] = value
        return True


Soil = Callable[[Spot], bool]
"""Returns False when the class cannot sit in this record (no fine, no credit code …)."""


@dataclass(frozen=True, slots=True)
class Dirt:
    """One class: its name, what must become of the record, how it is planted."""

    name: str
    outcome: Outcome
    soil: Soil


def full_width(text: str) -> str:
    """ASCII as its full-width twin."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def as_gbk(text: str) -> str | None:
    """UTF-8 bytes read as GBK, when the way back is whole."""
    try:
        garbled = text.encode().decode("gbk")
    except UnicodeDecodeError:
        return None
    return garbled if garbled.encode("gbk") == text.encode() else None


_PINYIN_FACTS = "當(dāng)事(shì)人違(wéi)法(fǎ)經(jīng)營(yíng),经现场检查(二次)查实"
_GARBLED = [
    garbled
    for garbled in map(
        as_gbk, ("经查违法事实属实", "现场查验发现过期食品", "经查没有许可证件从事经营", "擅自使用车辆从事运输")
    )
    if garbled
]


def _brackets(spot: Spot, left: str, right: str) -> bool:
    return spot.put("decision_number", spot.text("decision_number").replace("〔", left).replace("〕", right))


def _bracket_kind(spot: Spot) -> bool:
    return _brackets(spot, *spot.rng.choice(("【】", "[]", "［］", "()", "（）", "﹝﹞")))


def _no_year(spot: Spot) -> bool:
    return spot.put("decision_number", re.sub("〔.*〕", "", spot.text("decision_number")))


def _chinese_date(spot: Spot, zero: str) -> str:
    year, month, day = spot.text("decision_date").split("-")
    digits = dict(zip("0123456789", zero + "一二三四五六七八九", strict=True))
    small = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")

    def spoken(number: int) -> str:
        tens, ones = divmod(number, 10)
        return small[ones] if tens == 0 else (small[tens] if tens > 1 else "") + "十" + small[ones]

    return f"{''.join(digits[sign] for sign in year)}年{spoken(int(month))}月{spoken(int(day))}日"


def _dated(make: Callable[[Spot, str, str, str], str]) -> Soil:
    return lambda spot: spot.put("decision_date", make(spot, *spot.text("decision_date").split("-")))


def _serial(spot: Spot, year: str, month: str, day: str) -> str:
    return str(date(int(year), int(month), int(day)).toordinal() - date(1899, 12, 30).toordinal())


def _money(make: Callable[[int], str]) -> Soil:
    def soil(spot: Spot) -> bool:
        fine = spot.own("fine_amount")
        return fine is not None and spot.put("fine_amount", make(int(float(fine))))

    return soil


def _sentence(spot: Spot) -> bool:
    fine, gain = spot.own("fine_amount"), spot.own("confiscated_amount")
    if fine is None or gain is None:
        return False
    total = int(float(fine)) + int(float(gain))
    words = f"罚款{int(float(fine))}元,没收违法所得{int(float(gain))}元,罚没合计{total}元"
    return spot.put("fine_amount", words) and spot.put("confiscated_amount", words)


def _only(category: str, neutral: str, value: Callable[[str], str | None]) -> Soil:
    def soil(spot: Spot) -> bool:
        fits = spot.own("party_category") == category and spot.own(neutral) is not None
        return fits and spot.put(neutral, value(spot.text(neutral)))

    return soil


def _put(neutral: str, value: str | None) -> Soil:
    return lambda spot: neutral in spot.layout.columns and spot.put(neutral, value)


def _append(neutral: str, tail: str) -> Soil:
    return lambda spot: neutral in spot.layout.columns and spot.put(neutral, spot.text(neutral) + tail)


def _wide_name(spot: Spot) -> bool:
    if spot.own("party_credit_code") is None:
        return False
    spot.put("decision_number", full_width(spot.text("decision_number")))
    return spot.put("party_credit_code", full_width(spot.text("party_credit_code")))


def _facts(make: Callable[[Spot], str]) -> Soil:
    return lambda spot: "violation_facts" in spot.layout.columns and spot.put("violation_facts", make(spot))


_SHORT = {"云南省市场监督管理局": "省市监局", "云南省水利厅": "省水利厅", "云南省交通运输厅": "省交通厅"}


def _null_words(spot: Spot) -> bool:
    spot.put("party_tax_number", spot.rng.choice(("无", "—", "null", "/", "暂无")))
    return spot.put("remarks", spot.rng.choice(("无", "—", "null", "")))


REPAIRABLE: tuple[Dirt, ...] = (
    Dirt("full_width", "repaired", _wide_name),
    Dirt("pinyin_in_brackets", "repaired", _facts(lambda spot: _PINYIN_FACTS)),
    Dirt("utf8_as_gbk", "repaired", _facts(lambda spot: spot.rng.choice(_GARBLED))),
    Dirt("bracket_kind", "repaired", _bracket_kind),
    Dirt("bracket_missing", "repaired", lambda spot: _brackets(spot, "〔", " ")),
    Dirt("date_zero_signs", "repaired", lambda s: s.put("decision_date", _chinese_date(s, s.rng.choice("〇○零Ｏ")))),
    Dirt("date_eight_digits", "repaired", _dated(lambda spot, y, m, d: f"{y}{m}{d}")),
    Dirt("date_spaced", "repaired", _dated(lambda spot, y, m, d: f" {y}年 {int(m)}月 {int(d)} 日")),
    Dirt("date_with_time", "repaired", _dated(lambda spot, y, m, d: f"{y}年{m}月{d}日 12时00分")),
    Dirt("date_excel_serial", "repaired", _dated(_serial)),
    Dirt("amount_yuan", "repaired", _money(lambda fine: f"{fine:,}元")),
    Dirt("amount_wan", "repaired", _money(lambda fine: f"{fine / 10_000:g}万元")),
    Dirt("amount_capitals", "repaired", _money(lambda fine: f"人民币{capitals(fine)}元整")),
    Dirt("amount_sentence", "repaired", _sentence),
    Dirt("party_with_case", "repaired", _only(COMPANY, "party_name", lambda name: name + "涉嫌违法经营案")),
    Dirt("brackets_in_name", "repaired", _only(COMPANY, "party_name", lambda name: f"{name[:-4]}(云南){name[-4:]}")),
    Dirt("null_words", "repaired", _null_words),
    Dirt("registration_15", "either", _only(SHOP, "party_credit_code", lambda code: "530102196403075")),
    Dirt("placeholder_code", "either", _only(SHOP, "party_credit_code", lambda code: "0" * 17 + "X")),
    Dirt("authority_short", "either", lambda spot: spot.put("authority_name", _SHORT[spot.text("authority_name")])),
    Dirt("kind_see_content", "either", _put("penalty_kinds", "其他（见处罚内容）")),
    Dirt("four_byte_sign", "either", _append("remarks", "𠮷祥𨭎😀")),
    Dirt("script_text", "either", _append("remarks", "<script>alert(1)</script>")),
    Dirt("formula_text", "either", _put("remarks", '=HYPERLINK("http://x")')),
)
FATAL: tuple[Dirt, ...] = (
    Dirt("lost_characters", "held", _facts(lambda spot: "经查,当事人??\ufffd\ufffd未按规定??。ㄒ")),
    Dirt("number_without_year", "held", _no_year),
    Dirt("date_zero", "held", _put("decision_date", "0000-00-00")),
    Dirt("date_1899", "held", _put("decision_date", "1899-12-31")),
    Dirt("date_sign_lost", "held", _dated(lambda spot, y, m, d: f"{y}年{int(m)}{int(d)}日")),
    Dirt("date_future", "held", _dated(lambda spot, y, m, d: f"{int(y) + 40}-{m}-15")),
    Dirt("credit_code_check", "held", _only(COMPANY, "party_credit_code", spoiled)),
    Dirt("resident_id_check", "held", _only(PERSON, "party_id_number", spoiled)),
    Dirt("missing_required", "held", _put("party_name", None)),
    Dirt("unknown_code", "held", _put("party_category", "其它主体")),
    Dirt("amount_unreadable", "held", _money(lambda fine: "若干元")),
)


def plant(feed_clean: Columns, written: Columns, layout: Layout, rng: Random) -> dict[int, Dirt]:
    """Soil about a tenth of the records repairably and three in a hundred beyond repair; row → class."""
    rows = len(next(iter(written.values())))
    planted: dict[int, Dirt] = {}
    bad = rng.sample(range(rows), round(rows * 0.13))
    cut = round(rows * 0.03)
    for classes, chosen in ((FATAL, bad[:cut]), (REPAIRABLE, bad[cut:])):
        _plant_each(classes, chosen, planted, lambda row: Spot(feed_clean, written, layout, row, rng))
    return planted


def _plant_each(
    classes: tuple[Dirt, ...], chosen: list[int], planted: MutableMapping[int, Dirt], spot: Callable[[int], Spot]
) -> None:
    """A class that did not fit one record waits at the front for the next, so that every class gets its share."""
    owed = list(classes)
    for row in chosen:
        dirt = next((one for one in owed if one.soil(spot(row))), None)
        if dirt is not None:
            planted[row] = dirt
            owed.remove(dirt)
            owed.append(dirt)
