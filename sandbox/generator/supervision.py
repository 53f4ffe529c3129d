"""Owns acts for 互联网+监管: inspections with planted dirt, coercions and other acts that name them; nobody is real."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from sandbox.generator.identifiers import credit_code
from sandbox.generator.names import MARKET, PERSON, party, person
from sandbox.generator.story import Row

ITEM = "53013100000001"
LIST_CODE = f"{MARKET.authority_code}1{ITEM}"
Soil = Callable[[Row], Row]


@dataclass(slots=True)
class Act:
    """One source row; `ends`: accepted, held, or turned away by the receiver. `leaves`: columns as they must arrive."""

    row: Row
    ends: str = "accepted"
    leaves: dict[str, str] = field(default_factory=dict)


DIRT: dict[str, tuple[str, Soil]] = {
    "date_chinese": ("accepted", lambda row: {"jcsj": "{}年{}月{}日".format(*str(row["jcsj"]).split("-"))}),
    "region_name": ("accepted", lambda row: {"qh": "昆明市五华区"}),
    "result_short": ("accepted", lambda row: {"jcjg": "好"}),
    "item_short": ("held", lambda row: {"sxbm": ITEM[:-1]}),
    "list_code_odd": ("held", lambda row: {"qdbm": f"{MARKET.authority_code}9{ITEM}"}),
    "one_inspector": ("held", lambda row: {"ry": str(row["ry"]).split(",")[0], "zfzh": None}),
    "reported_before": ("held", lambda row: {"bssj": "2020-01-01"}),
    "future": ("held", lambda row: {"jcsj": "2066-03-01", "bssj": None}),
    "no_number": ("held", lambda row: {"bh": None}),
    "no_party": ("held", lambda row: {"xdr": None}),
    "certificate_too_many": ("refused", lambda row: {"zfzh": f"{row['zfzh']},530000000"}),
    "certificate_alone": ("held", lambda row: {"zfzh": str(row["zfzh"]).split(",")[0]}),
}


def inspections(count: int, day: date, seed: int = 7) -> list[Act]:
    """`count` inspections before `day`, each class of DIRT once among them from the tenth on."""
    rng, acts = Random(f"{seed}/inspection"), []
    for serial in range(count):
        on = day - timedelta(days=rng.randrange(2, 40))
        names = [person(rng), person(rng)]
        row = _party(serial, rng) | {
            "id": f"jc{serial:06d}", "sxbm": ITEM, "qdbm": LIST_CODE, "mc": "日常监督检查",
            "bh": inspection_number(serial), "jcxs": "01", "jclb": "日常检查",
            "jcjg": rng.choice(("未发现问题", "责令限期整改")), "jcsj": on.isoformat(),
            "ry": ",".join(names), "zfzh": f"5300{serial:05d}1,5300{serial:05d}2",
            "bssj": (on + timedelta(days=1)).isoformat(), "gxsj": f"{day} 10:00:00",
        }  # fmt: skip
        acts.append(Act(row, leaves={"check_date": on.isoformat(), "area_number": "530102"}))
    for act, (ends, soil) in zip(acts[10:], DIRT.values(), strict=False):
        act.row |= soil(act.row)
        act.ends = ends
    return acts


def following(kind: str, found: list[Act], day: date, seed: int = 7) -> list[Act]:
    """A coercion or other act after each inspection; the last one names an inspection that nobody reported."""
    rng, acts = Random(f"{seed}/{kind}"), []
    for serial, inspection in enumerate(found):
        began, last = day - timedelta(days=1), serial == len(found) - 1
        number = "YNJC99999999" if last else inspection.row["bh"] or inspection_number(serial)
        row = _party(serial, rng) | {
            "id": f"{kind}{serial:06d}", "sxbm": ITEM, "mc": "查封", "bh": f"XW{serial:06d}", "jcbh": number,
            "wfss": "经查,当事人经营无证特种设备。", "yj": "《中华人民共和国特种设备安全法》第六十一条",
            "wh": f"云市监强〔{day.year}〕{serial + 1}号", "zl": "强制措施", "cs": "查封场所、设施或者财物",
            "ksrq": began.isoformat(), "jsrq": None, "gxsj": f"{day} 10:00:00",
        }  # fmt: skip
        ends = "accepted" if inspection.ends == "accepted" and not last else "refused"
        acts.append(Act(row, ends, {"start_date": began.isoformat()}))
    acts[0].row["jsrq"], acts[0].ends = (day - timedelta(days=9)).isoformat(), "held"
    return acts


def inspection_number(serial: int) -> str:
    """As the market department's penalties name it."""
    return f"YNJC{serial + 1:08d}"


def _party(serial: int, rng: Random) -> Row:
    one = party(serial, rng)
    number = one.person_id if one.category == PERSON else one.credit_code
    return {
        "jgmc": MARKET.authority, "jgdm": MARKET.authority_code, "jgdx": one.name, "xdr": one.name, "qh": "530102",
        "xdrxz": one.category, "zjlx": "111" if one.category == PERSON else "001",
        "zjhm": number or credit_code("91", "530102", serial),
    }  # fmt: skip
