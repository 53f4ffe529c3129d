"""Repair of text: what is changed, what is flagged, and what stays as it is."""

from collections.abc import Callable

import pytest

Read = Callable[..., tuple[object, set[str]]]


def gbk_view(text: str) -> str:
    """UTF-8 read as GBK."""
    return text.encode().decode("gb18030")


SAME = [
    "（京）市监，罚。",
    "张三（男）",
    "👍",
    "臺灣",
    "联通",
    "朱镕基",
    "a-b_c/d",
    "〔2023〕1号",
    "Müller",
    "①㎡",
    "买买提·艾山",
]


@pytest.mark.parametrize("text", SAME)
def test_what_is_right_stays(read: Read, text: str) -> None:
    assert read("text", text) == (text, set())


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("Ａ１　２ｚ", "A1 2z", set()),
        ("  行政\r\n处罚\t决定  ", "行政 处罚 决定", set()),
        ("a\u200bb\ufeff", "ab", {"TEXT_INVISIBLE_REMOVED"}),
        ("a\u202eb", "ab", {"TEXT_INVISIBLE_REMOVED"}),
        ("abc\x00\x07", "abc", {"TEXT_CONTROL_REMOVED"}),
        ("\u202e", None, {"TEXT_INVISIBLE_REMOVED"}),
        ("執(zhí)法", "执法", {"TEXT_PINYIN_REMOVED"}),
        ("執（zhí）法人員(yuán)", "执法人员", {"TEXT_PINYIN_REMOVED"}),
        ("执(法)", "执(法)", set()),
        ("张三(abc)", "张三(abc)", set()),
        (gbk_view("行政处罚"), "行政处罚", {"TEXT_MOJIBAKE_REPAIRED"}),
        (gbk_view("罚款"), "罚款", {"TEXT_MOJIBAKE_REPAIRED"}),
        ("行政".encode().decode("latin-1"), "行政", {"TEXT_MOJIBAKE_REPAIRED"}),
        ("行政处罚".encode("gbk").decode("latin-1"), "行政处罚", {"TEXT_MOJIBAKE_REPAIRED"}),
        ("行政处".encode().decode("gbk", "replace"), None, {"TEXT_MOJIBAKE"}),
        ("锟斤拷锟斤拷", None, {"TEXT_MOJIBAKE"}),
        ("某??公司", "某??公司", {"TEXT_LOST_CHARACTERS"}),
        ("某\ufffd公司", None, {"TEXT_REPLACED_CHARACTERS"}),
        ("经查??\ufffd。ㄒ", None, {"TEXT_REPLACED_CHARACTERS"}),
        ("某\ue000公司", "某\ue000公司", {"TEXT_LOST_CHARACTERS"}),
    ],
)
def test_repairs(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("text", text) == (value, codes)


def test_traditional_becomes_simplified_only_on_demand(read: Read) -> None:
    assert read("text", "行政執法，乾隆瞭望", traditional="yes") == ("行政执法，乾隆瞭望", set())
    assert read("text", "行政執法") == ("行政執法", set())


def test_repairs_are_told_by_every_converter(read: Read) -> None:
    assert read("date", "2023-05-06\u200b")[1] == {"TEXT_INVISIBLE_REMOVED"}
    assert read("money", "１２\x00")[1] == {"TEXT_CONTROL_REMOVED"}
