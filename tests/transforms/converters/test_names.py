"""Names of parties: written as Chinese names are, and free of case titles."""

from collections.abc import Callable

import pytest

Read = Callable[..., tuple[object, set[str]]]


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("某某(北京)有限公司", "某某（北京）有限公司", set()),
        ("某某（北京）有限公司", "某某（北京）有限公司", set()),
        ("张　三", "张三", set()),
        ("某 某 有限公司", "某某有限公司", set()),
        ("ABC (China) Ltd.", "ABC (China) Ltd.", set()),
        ("方案设计有限公司", "方案设计有限公司", set()),
        ("某某有限公司销售部", "某某有限公司销售部", set()),
        ("買買提·艾山", "買買提·艾山", set()),
        ("某某有限公司未经许可经营食品案", "某某有限公司", {"PARTY_NAME_CASE_CUT"}),
        ("某某股份有限公司涉嫌虚假宣传案", "某某股份有限公司", {"PARTY_NAME_CASE_CUT"}),
        ("某某有限公司北京分公司涉嫌销售假药案", None, {"PARTY_NAME_CASE_TITLE"}),
        ("张三涉嫌销售假药案", None, {"PARTY_NAME_CASE_TITLE"}),
        ("某某有限公司等案", None, {"PARTY_NAME_CASE_TITLE"}),
        *((f"阿依古丽{dot}买买提", "阿依古丽·买买提", set()) for dot in "·•‧・･⋅"),
        *((text, text, {"PARTY_NAME_MASKED"}) for text in ("张*", "张某", "张某某", "某某市**有限公司")),
        *((text, text, {"PARTY_NAME_SEVERAL"}) for text in ("张三、李四", "张三等3人", "某某有限公司,张三")),
        ("A, B Ltd.", "A, B Ltd.", set()),
        ("张?", "张?", {"TEXT_LOST_CHARACTERS"}),
        ("张三 身份证号530102199001011234", None, {"PARTY_NAME_HOLDS_NUMBER"}),
        ("張(zhāng)三", "张三", {"TEXT_PINYIN_REMOVED"}),
    ],
)
def test_party_names(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("party_name", text) == (value, codes)


def test_authorities_are_never_cut(read: Read) -> None:
    assert read("org_name", "某某市(区)档案局") == ("某某市（区）档案局", set())
    assert read("org_name", "某某有限公司涉嫌违法案") == ("某某有限公司涉嫌违法案", set())
