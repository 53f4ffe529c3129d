"""A region's name, alone or with those above it: 云南省昆明市五华区, 昆明五华区, 五华区.

A name is taken by its whole official form first, then by a short one (大理州, 石林县, 云南). What stands before it
must be the regions above it, in order, and nothing else. One code must remain: a name that two regions bear
(鼓楼区) has none.
"""

import re
from functools import cache, lru_cache

from transforms.converters.region_table import IN_FORCE, NOW, Region, extensions, regions

COUNTRY = "(?:中华人民共和国|中国)?"
HEADINGS = "(?:市辖区|县|(?:省|自治区)?直辖(?:县级)?行政(?:区划|单位))?"
SEPARATORS = re.compile(r"[\s/\\,，、;；>|·—_-]+")
RECENT = 200000  # a name without a date is not one that went before the year 2000
AUTONOMOUS = {"自治州": "州", "自治县": "县", "自治旗": "旗"}
TOWN = re.compile(r".*(?:镇|乡|街道|街道办事处|村|居委会|村委会|社区)")


def level(code: str) -> int:
    """1 province, 2 prefecture, 3 county."""
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def _forms(region: Region) -> set[str]:
    """The official name and the short ones."""
    short = {f"{region.short}{kind}" for whole, kind in AUTONOMOUS.items() if region.name.endswith(whole)}
    return {region.name, region.short, *short} - {""}


@cache
def _by_form() -> dict[str, tuple[Region, ...]]:
    found: dict[str, list[Region]] = {}
    for region in regions():
        for form in _forms(region):
            found.setdefault(form, []).append(region)
    return {form: tuple(named) for form, named in found.items()}


@cache
def zones() -> dict[str, str]:
    """Names outside the standard → their code, "" where none is sure: the bureau's codes of zones change."""
    rows = [row for row in extensions() if row["kind"] != "heading" and row["name_zh"] not in _by_form()]
    return {row["name_zh"]: row["code"] if row["kind"] == "zone" else "" for row in rows}


@lru_cache(maxsize=4096)
def _above(code: str) -> re.Pattern[str]:
    """What may stand before a region of this code: the country, the province, the prefecture, a list's heading."""
    province, prefecture = f"{code[:2]}0000", f"{code[:4]}00"
    above = [p for p, depth in ((province, 1), (prefecture, 2)) if level(code) > depth]
    parts = ("|".join(sorted(map(re.escape, _names_of(one)), key=len, reverse=True)) for one in above)
    return re.compile(COUNTRY + "".join(f"(?:{part})?" for part in parts if part) + HEADINGS)


@cache
def _all_names() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for region in regions():
        if level(region.code) < 3:
            found.setdefault(region.code, set()).update(_forms(region))
    return found


def _names_of(code: str) -> set[str]:
    return _all_names().get(code, set())


def candidates(text: str, month: int, within: str = "") -> list[Region]:
    """Regions that the text can mean in a month (NOW: some time since RECENT). `within`: front digits of the code.

    Of one place that bore its name under several codes (腾冲县, 533023 and 530522) the newest is meant.
    """
    plain = SEPARATORS.sub("", text)
    found = [
        region
        for at in range(len(plain) - 1)
        for region in _by_form().get(plain[at:], ())
        if region.code.startswith(within) and _above(region.code).fullmatch(plain, 0, at)
    ]
    named = [region for region in found if plain.endswith(region.name)] or found
    there = [region for region in named if region.state(month) == IN_FORCE]
    if month != NOW:
        return there or named
    recent = [region for region in named if region.end > RECENT] or named
    there = there or [max(recent, key=lambda region: region.end)] if recent else []
    return there + [other for other in recent if all(other is not one and _elsewhere(other, one) for one in there)]


def _elsewhere(gone: Region, there: Region) -> bool:
    """Another place of the same name, not the same place under its former code: 江北区 of Chongqing and of Ningbo.
    A district stays in its city, a county or city in its province."""
    front = 4 if there.name.endswith("区") else 2
    return gone.code[:front] != there.code[:front]


def is_bare(text: str, region: Region) -> bool:
    """A county's short name with nothing before it: 盘龙 may as well be a town or a street."""
    return level(region.code) == 3 and text == region.short
