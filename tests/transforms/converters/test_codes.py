"""Code lists: by code, by word, by a written alias, and never by default."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.errors import StandardError, UnknownConverter
from schemas.version_files import version_file
from transforms.converters.codes import STANDARD
from transforms.converters.registry import get, names

Read = Callable[..., tuple[object, set[str]]]


@pytest.mark.parametrize(
    "text", [f"警告{join}罚款" for join in ("、", " ", "+", "/", "\n", "并", "，并处", "以及", "")]
)
def test_kinds_joined_by_any_sign_are_two(read: Read, text: str) -> None:
    assert read("penalty_kind", text) == ("警告;罚款", set())


@pytest.mark.parametrize("text", ["没收违法所得或非法财物", "处罚款", "罚款并责令改正", "警告并"])
def test_kinds_beside_other_words_are_unknown(read: Read, text: str) -> None:
    assert read("penalty_kind", text)[0] == ("警告" if text == "警告并" else None)


@pytest.mark.parametrize(
    ("text", "value"), [*((sign, True) for sign in "√✓☑"), ("1.0", True), ("×", False), ("☒", False)]
)
def test_ticks_and_crosses(read: Read, text: str, value: bool) -> None:
    assert read("boolean", text) == (value, set())


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


def test_a_list_is_that_of_the_version_the_load_is_bound_to(read: Read) -> None:
    assert "code:publicity_class" in names()
    assert read("code:publicity_class", "轻微", **{STANDARD: "enforcement/1.1"}) == ("轻微", set())
    with pytest.raises(StandardError, match=r"enforcement/1\.0/codes: code list publicity_class does not exist"):
        get("code:publicity_class")(pa.array([], pa.string()), {STANDARD: "enforcement/1.0"})


def test_a_new_word_of_a_later_version_is_unknown_before_it(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "standards" / "enforcement" / "7.0"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2090-01-01}\n', encoding="utf-8")
    explained = "code_lists: {penalty_kind: {added: {责令退款: {zh: 新, en: new}}}}\n"
    (own / "upgrade.yaml").write_text(explained, encoding="utf-8")
    rows = version_file("enforcement", "1.0", "codes/penalty_kind.csv").read_text(encoding="utf-8")
    row = "责令退款,an order to refund,6,,,,,no\n"
    (own / "codes" / "penalty_kind.csv").write_text(rows + row, encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    for version, said in (("1.1", (None, {"CODE_UNKNOWN"})), ("7.0", ("责令退款;罚款", set()))):
        assert read("penalty_kind", "责令退款、罚款", **{STANDARD: f"enforcement/{version}"}) == said
        assert read("code:penalty_kind", "责令退款", **{STANDARD: f"enforcement/{version}"})[1] == said[1]
    assert read("penalty_kind", "责令退款") == (None, {"CODE_UNKNOWN"}), "without a version: what is in force today"
