"""A region is a code of its time or a name with one meaning; everything else is flagged."""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pytest

from transforms.converters.by_record import by_record
from transforms.converters.registry import get

Read = Callable[..., tuple[object, set[str]]]


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("110105", "110105", set()),
        ("５３０１０２", "530102", set()),
        ("530102000000", "530102", set()),  # the statistical bureau's twelve digits of a county
        ("110105001000", None, {"REGION_TOWN_CODE"}),
        ("990105", None, {"REGION_UNKNOWN"}),
        ("539999", None, {"REGION_UNKNOWN"}),
        ("1101", None, {"REGION_SHAPE"}),
        ("530102 五华区", None, {"REGION_SHAPE"}),
        ("310230", "310230", {"REGION_ABOLISHED"}),
        ("330113", "330113", set()),
        ("441900", "441900", set()),  # a prefecture without districts
        ("133100", "133100", {"REGION_EXTENSION"}),
        ("530101", "530101", {"REGION_EXTENSION"}),  # 市辖区, a heading
    ],
)
def test_codes(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("region", text) == (value, codes)


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        *((path, "530102", set()) for path in ("云南省昆明市五华区", "云南省/昆明市/五华区", "云南 昆明 五华")),
        *((path, "530102", set()) for path in ("昆明市五华区", "五华区", "中国云南省昆明市五华区")),
        ("北京市市辖区朝阳区", "110105", set()),
        ("河南省省直辖县级行政区划济源市", "419001", set()),
        ("云南省大理州", "532900", set()),
        ("石林县", "530126", set()),
        ("云南", "530000", set()),
        ("呼和浩特市新城区", "150102", set()),
        ("崇明县", "310230", {"REGION_ABOLISHED"}),
        ("邢台市桥东区", "130502", {"REGION_ABOLISHED"}),  # 襄都区 today, under the same code
        ("雄安新区", "133100", {"REGION_EXTENSION"}),
        ("鼓楼区", None, {"REGION_AMBIGUOUS"}),
        ("吉林", None, {"REGION_AMBIGUOUS"}),
        ("五华", None, {"REGION_AMBIGUOUS"}),  # 五华区 and 五华县
        ("江北区", None, {"REGION_AMBIGUOUS"}),  # one is left, the other went lately
        ("盘龙", None, {"REGION_UNKNOWN"}),  # short and alone: a town may be meant
        ("云南省南京市鼓楼区", None, {"REGION_UNKNOWN"}),
        ("滇中新区", None, {"REGION_NO_CODE"}),
        ("江苏省苏州工业园区", None, {"REGION_NO_CODE"}),
        ("城关镇", None, {"REGION_TOWN_CODE"}),
        ("云南省昆明市五华区华山街道", None, {"REGION_TOWN_CODE"}),
        ("某某区", None, {"REGION_UNKNOWN"}),
    ],
)
def test_names(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("region", text) == (value, codes)


@pytest.mark.parametrize(
    ("text", "on", "value", "codes"),
    [
        ("310230", "2015-03-01", "310230", set()),
        ("310230", "2016-07", "310230", set()),  # somewhere between 2016-06 and 2016-08: no reproach
        ("310230", "2016-09", "310230", {"REGION_ABOLISHED"}),
        ("310151", "2016-06-30", "310151", {"REGION_NOT_YET"}),
        ("310151", "2016-07", "310151", set()),
        ("崇明县", "2015-03-01", "310230", set()),
        ("江北区", "2015-03-01", None, {"REGION_AMBIGUOUS"}),
        ("江北区", "2026-08-01", "330205", set()),
    ],
)
def test_the_date_decides(read: Read, text: str, on: str, value: str | None, codes: set[str]) -> None:
    assert read("region", text, on=on) == (value, codes)


def test_within_one_region_a_name_has_one_meaning(read: Read) -> None:
    assert read("region", "鼓楼区", within="320100") == ("320106", set())
    assert read("region", "鼓楼区", within="530000") == (None, {"REGION_UNKNOWN"})


def test_each_record_has_its_own_date() -> None:
    days = [date(2015, 1, 1), date(2020, 1, 1), None, date(2015, 1, 31), date(2016, 6, 1)]
    column = pa.array(["310230", "310230", "310230", "鼓楼区", "310151"] * 3)
    done = by_record(get("region"), column, {}, "on", pa.array(days * 3, pa.date32()))
    assert done.values.to_pylist() == ["310230", "310230", "310230", None, "310151"] * 3
    assert {flag.code: flag.rows.tolist() for flag in done.flags} == {
        "REGION_ABOLISHED": [1, 2, 6, 7, 11, 12],
        "REGION_AMBIGUOUS": [3, 8, 13],
        "REGION_NOT_YET": [4, 9, 14],
    }
