"""Owns the invented world: places, companies, persons, authorities and the words of decisions. Nobody here is real."""

from dataclasses import dataclass
from random import Random

from sandbox.generator import identifiers

PLACES = (
    ("昆明", "530102"), ("昆明", "530103"), ("曲靖", "530302"), ("玉溪", "530402"), ("保山", "530502"),
    ("昭通", "530602"), ("丽江", "530702"), ("普洱", "530802"), ("临沧", "530902"),
)  # fmt: skip
SURNAMES = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
GIVEN = "安宁平和清远明德志坚思源文博雨辰晓岚春生海棠玉成立新嘉禾"
BRANDS = "云岭星河泽恒瑞丰泰禾润川澜沧翠湖苍山金碧滇池红土青松石林"
TRADES = (
    "食品",
    "商贸",
    "建材",
    "医药",
    "餐饮管理",
    "物流",
    "水电工程",
    "矿业",
    "科技",
    "运输",
    "农业开发",
    "酒店管理",
)
COMPANY, SHOP, PERSON = "法人及非法人组织", "个体工商户", "自然人"


@dataclass(frozen=True, slots=True)
class Party:
    """One invented counterparty with the identifiers that its category calls for."""

    name: str
    category: str
    credit_code: str | None
    org_code: str | None
    registration: str | None
    representative: str | None
    representative_id: str | None
    person_id: str | None


def person(rng: Random) -> str:
    """An invented person's name."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN)


def _brand(rng: Random) -> str:
    return "".join(rng.choice(BRANDS) for _ in range(3))


def party(serial: int, rng: Random) -> Party:
    """The party number `serial` of a seeded world: seven companies and two persons to one and a half shops."""
    place, region = rng.choice(PLACES)
    draw = rng.random()
    if draw < 0.15:
        return Party(person(rng), PERSON, None, None, None, None, None, identifiers.resident_id(rng))
    number = 10_000_000 + serial
    shop = draw < 0.30
    code = identifiers.credit_code("92" if shop else "91", region, number)
    suffix = (
        rng.choice(("经营部", "商店", "餐馆")) if shop else rng.choice(("有限公司", "有限责任公司", "股份有限公司"))
    )
    return Party(
        name=f"{place}市{_brand(rng)}{rng.choice(TRADES)}{suffix}",
        category=SHOP if shop else COMPANY,
        credit_code=code,
        org_code=code[8:17] if rng.random() < 0.3 else None,
        registration=identifiers.registration_number(region, number) if rng.random() < 0.2 else None,
        representative=person(rng),
        representative_id=identifiers.resident_id(rng),
        person_id=None,
    )


@dataclass(frozen=True, slots=True)
class Trade:
    """What one department does: its name, its document prefixes, its violations and its permits."""

    authority: str
    authority_code: str
    prefix: str
    violations: tuple[tuple[str, str, str], ...]
    permits: tuple[tuple[str, str], ...]


MARKET = Trade(
    "云南省市场监督管理局",
    identifiers.credit_code("11", "530000", 1510001),
    "云市监",
    (
        (
            "销售不符合食品安全标准的食品",
            "当事人销售的预包装食品经检验菌落总数不符合标准",
            "《中华人民共和国食品安全法》第一百二十四条",
        ),
        ("发布虚假广告", "当事人在店堂内发布含有虚假内容的广告", "《中华人民共和国广告法》第五十五条"),
        (
            "使用未经检定的计量器具",
            "当事人使用未经检定的电子秤用于贸易结算",
            "《中华人民共和国计量法实施细则》第四十三条",
        ),
        ("不明码标价", "当事人销售商品未按规定明码标价", "《中华人民共和国价格法》第四十二条"),
    ),
    (
        ("食品经营许可证", "准予从事预包装食品销售"),
        ("药品经营许可证", "准予从事药品零售经营"),
        ("特种设备使用登记证", "准予使用登记的电梯设备"),
    ),
)
WATER = Trade(
    "云南省水利厅",
    identifiers.credit_code("11", "530000", 1510002),
    "云水",
    (
        ("未经批准擅自取水", "当事人未取得取水许可在河道内建设取水设施取水", "《中华人民共和国水法》第六十九条"),
        (
            "在河道管理范围内弃置渣土",
            "当事人在河道管理范围内弃置施工渣土妨碍行洪",
            "《中华人民共和国防洪法》第五十五条",
        ),
        (
            "水土保持设施未经验收投产",
            "当事人的生产建设项目水土保持设施未经验收即投产使用",
            "《中华人民共和国水土保持法》第五十四条",
        ),
    ),
    (("取水许可证", "准予在核定取水量内取用地表水"), ("水土保持方案审批", "准予实施生产建设项目水土保持方案")),
)
TRANSPORT = Trade(
    "云南省交通运输厅",
    identifiers.credit_code("11", "530000", 1510003),
    "云交",
    (
        (
            "未取得道路运输经营许可从事货运",
            "当事人驾驶货车从事经营性货运,未能出示道路运输证\n经查证属实",
            "《中华人民共和国道路运输条例》第六十三条",
        ),
        ("违法超限运输", "当事人车货总重超过限定标准,擅自行驶公路", "《公路安全保护条例》第六十四条"),
        (
            "未按规定维护检测车辆",
            "当事人未按规定周期对营运客车维护和检测",
            "《道路旅客运输及客运站管理规定》第九十九条",
        ),
    ),
    (("道路运输经营许可证", "准予从事道路普通货物运输"), ("网络预约出租汽车运输证", "准予从事网络预约出租汽车经营")),
)
TRADES_BY_DEPARTMENT = {"market": MARKET, "water": WATER, "transport": TRANSPORT}
