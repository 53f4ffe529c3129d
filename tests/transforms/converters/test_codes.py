"""Code lists: by code, by word, by a written alias, and never by default."""

from collections.abc import Callable

import pytest

from schemas.errors import UnknownConverter
from transforms.converters.registry import get, names

Read = Callable[..., tuple[object, set[str]]]


@pytest.mark.parametrize(
    ("name", "text", "value", "codes"),
    [
        ("penalty_kind", "罚款", "罚款", set()),
        ("penalty_kind", "罚款、没收违法所得", "罚款;没收违法所得", set()),
        ("penalty_kind", "警告，罚款；警告", "警告;罚款", set()),
        ("penalty_kind", "罚款;其他-责令改正", "罚款;其他-责令改正", set()),
        ("penalty_kind", "其他（责令改正）", "其他-责令改正", set()),
        ("penalty_kind", "吊销营业执照", "吊销许可证件", set()),
        ("penalty_kind", "没收违法所得、没收非法财物", "没收违法所得;没收非法财物", {"PENALTY_KIND_COMBINED"}),
        ("penalty_kind", "暂扣或者吊销许可证、暂扣或者吊销执照", None, {"PENALTY_KIND_AMBIGUOUS"}),
        ("penalty_kind", "其他", None, {"CODE_OTHER_UNNAMED"}),
        ("penalty_kind", "罚款、劝导", None, {"CODE_UNKNOWN"}),
        ("penalty_kind", "、", None, {"CODE_UNKNOWN"}),
        ("licence_category", "01", "普通", set()),
        ("licence_category", "核准", "核准", set()),
        ("licence_category", "其他-补办", "其他-补办", set()),
        ("licence_category", "06", None, {"CODE_OTHER_UNNAMED"}),
        ("licence_category", "其他-", None, {"CODE_OTHER_UNNAMED"}),
        ("licence_category", "备案", None, {"CODE_UNKNOWN"}),
        ("counterparty_category", "法人", "法人及非法人组织", set()),
        ("counterparty_category", "个体户", "个体工商户", set()),
        ("counterparty_category", "企业", None, {"CODE_UNKNOWN"}),
        ("code:counterparty_category", "自然人", "自然人", set()),
        ("code:id_document_type", "身份证", "01", set()),
        ("code:id_document_type", "02", "02", set()),
        ("code:id_document_type", "其他-军官证", "其他-军官证", set()),
        ("code:id_document_type", "学生证", None, {"CODE_UNKNOWN"}),
        ("code:exchange_operation", "insert", "i", set()),
        ("boolean", "是", True, set()),
        ("boolean", "N", False, set()),
        ("boolean", "TRUE", True, set()),
        ("boolean", "０", False, set()),
        ("boolean", "有", None, {"BOOLEAN_UNKNOWN"}),
        ("boolean", "2", None, {"BOOLEAN_UNKNOWN"}),
    ],
)
def test_values(read: Read, name: str, text: str, value: object, codes: set[str]) -> None:
    assert read(name, text) == (value, codes)


def test_words_on_demand(read: Read) -> None:
    assert read("code:id_document_type", "01", give="word") == ("身份证", set())
    assert read("boolean", "有", true_words="有|存在") == (True, set())
    assert read("boolean", "无", false_words="无") == (False, set())


def test_an_unknown_converter_names_the_nearest() -> None:
    with pytest.raises(UnknownConverter, match="credit_code"):
        get("credit_cod")
    with pytest.raises(UnknownConverter, match="code:penalty_kind"):
        get("code:penalty_kinds")
    assert "code:penalty_kind" in names()
