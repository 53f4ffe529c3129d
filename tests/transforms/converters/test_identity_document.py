"""A number is read by its document's type; without one, only a resident's number is certain."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from transforms.converters.by_record import by_record
from transforms.converters.check_digits import identity_check
from transforms.converters.registry import get

Read = Callable[..., tuple[object, set[str]]]
RESIDENT = "11010519491231002X"


def checked(seventeen: str) -> str:
    return seventeen + identity_check(seventeen)


HONG_KONG = checked("81000019940823002")
TAIWAN = checked("83000019920130002")
FOREIGN = checked("91130119850101001")


@pytest.mark.parametrize(
    ("kind", "text", "value", "codes"),
    [
        ("身份证", RESIDENT.lower(), RESIDENT, set()),
        ("01", RESIDENT, RESIDENT, set()),
        ("居民身份证", "110105491231002", RESIDENT, {"ID_UPGRADED"}),
        ("身份证", "E12345678", None, {"ID_SHAPE"}),
        ("护照号", "e 1234-5678", "E12345678", set()),
        ("02", "Ｅ１２３４５６７８", "E12345678", set()),
        ("护照", "EA1234567", "EA1234567", set()),
        ("护照", RESIDENT, None, {"ID_TYPE_MISMATCH"}),
        ("护照", "无护照", None, {"ID_DOCUMENT_SHAPE"}),
        ("护照", "PASSPORT", None, {"ID_DOCUMENT_SHAPE"}),
        ("港澳居民来往内地通行证", "h1234567801", "H1234567801", set()),
        ("港澳居民来往内地通行证", "M12345678", "M12345678", set()),
        ("港澳居民来往内地通行证", "A123456(7)", None, {"ID_DOCUMENT_SHAPE"}),
        ("台湾居民来往大陆通行证", "12345678", "12345678", set()),
        ("台湾居民来往大陆通行证", "1234567801B", "1234567801B", {"ID_DOCUMENT_UNUSUAL"}),
        ("外国人永久居留身份证", FOREIGN, FOREIGN, set()),
        ("外国人永久居留证", "CAN110085010101", "CAN110085010101", set()),
        ("05", FOREIGN[:-1] + ("0" if FOREIGN[-1] != "0" else "1"), None, {"ID_CHECK_DIGIT"}),
        ("05", "12345678", None, {"ID_DOCUMENT_SHAPE"}),
        ("其他-港澳台居民居住证", HONG_KONG, HONG_KONG, set()),
        ("其他-台湾居民居住证", TAIWAN, TAIWAN, set()),
        ("其他-港澳居民居住证", RESIDENT, None, {"ID_DOCUMENT_SHAPE"}),
        ("其他-港澳居民居住证", "810000201302300024", None, {"ID_BIRTH_DATE"}),
        ("其他-军官证", "军字第1234567号", "军字第1234567号", set()),
        ("", RESIDENT, RESIDENT, set()),
        ("", "E12345678", None, {"ID_TYPE_MISSING"}),
        ("", "110105491231002", None, {"ID_TYPE_MISSING"}),
    ],
)
def test_documents(read: Read, kind: str, text: str, value: str | None, codes: set[str]) -> None:
    assert read("identity_document", text, type=kind) == (value, codes)


def test_each_record_has_its_own_type() -> None:
    types = pa.array(["身份证", "护照号", None, "身份证"] * 600)
    column = pa.array([RESIDENT, "E12345678", "E12345678", "E12345678"] * 600)
    done = by_record(get("identity_document"), column, {}, "type", types)
    assert done.values.to_pylist() == [RESIDENT, "E12345678", None, None] * 600
    found = {flag.code: flag.rows.tolist() for flag in done.flags}
    assert found == {"ID_TYPE_MISSING": list(range(2, 2400, 4)), "ID_SHAPE": list(range(3, 2400, 4))}


def test_a_plain_identity_number_stays_strict(read: Read) -> None:
    assert read("identity_number", "E12345678") == (None, {"ID_SHAPE"})
