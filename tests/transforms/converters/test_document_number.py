"""Document numbers: brackets and widths are repaired, everything else stays."""

from collections.abc import Callable

import pytest

Read = Callable[..., tuple[object, set[str]]]
N = "京市监处罚〔2023〕123号"

PAIRS = ["[]", "()", "（）", "【】", "［］", "〈〉", "﹝﹞", "﹙﹚", "{}", "〖〗", "『』", "｛｝"]
REPAIRED = [
    (N, N),
    *(
        (f"京市监处罚{pair[0]}2023{pair[1]}123号", N)
        for pair in ["[]", "()", "（）", "【】", "［］", "〈〉", "﹝﹞", "﹙﹚", "{}", "〖〗", "『』", "｛｝"]
    ),
    ("京市监处罚【2023〕123号", N),
    ("京市监处罚（2023]123号", N),
    ("京市监处罚〔２０２３〕１２３号", N),
    (" 京市监处罚 〔2023〕 123 号 ", N),
    ("京市监处罚〔 2023 〕123号", N),
    ("（京）市监处罚（2023）123号", "（京）市监处罚〔2023〕123号"),
    ("京市监处罚[2023]第0012号", "京市监处罚〔2023〕第0012号"),
    ("京市监处罚[2023]123-1号", "京市监处罚〔2023〕123-1号"),
    ("京市监处罚[2023]A－01号", "京市监处罚〔2023〕A-01号"),
    ("京环罚字(2023)第(12)号", "京环罚字〔2023〕第(12)号"),
    ("滇交罚〔2023〕〔12〕号", "滇交罚〔2023〕〔12〕号"),
    ("(2023)京处字第5号", "〔2023〕京处字第5号"),
    ("沪监管[1999]简3号", "沪监管〔1999〕简3号"),
    *(
        (text, N)
        for text in (f"{N}；", f"{N}。", f"《{N}》", f"文号：{N}", f"决定书文号:{N}", "京市监处罚[2023]123号，")
    ),
    ("京市监罚〔2023〕十二号", "京市监罚〔2023〕十二号"),
]
INSERTED = ["京市监处罚〔2023 123号", "京市监处罚〔2023123号", "京市监处罚2023〕123号", "京市监处罚[2023123号"]
FLAGGED = [
    ("京市监处罚123号", "DOC_NO_YEAR_MISSING"),
    ("（京）市监处罚123号", "DOC_NO_YEAR_MISSING"),
    ("京市监处罚[23]123号", "DOC_NO_YEAR_MISSING"),
    ("京市监处罚字第20230012号", "DOC_NO_YEAR_MISSING"),
    ("京市监处罚[3023]123号", "DOC_NO_YEAR_MISSING"),
    ("京市监处罚2023第123号", "DOC_NO_BRACKETS_MISSING"),
    ("京市监处罚2023年第123号", "DOC_NO_BRACKETS_MISSING"),
    ("京市监〔2023〕1号,京市监〔2023〕2号", "DOC_NO_TWO_NUMBERS"),
    ("京市监〔2022〕1号、[2023]2号", "DOC_NO_TWO_NUMBERS"),
    *((f"京市监处罚〔2023〕12号{join}13号", "DOC_NO_TWO_NUMBERS") for join in "、，,；和至"),
    *((f"京市监处罚{year}号", "DOC_NO_SERIAL_MISSING") for year in ("〔2023〕", "(2023)", "〔2023〕XX", "〔2023〕××")),
    ("见附件", "DOC_NO_UNREADABLE"),
]


@pytest.mark.parametrize(("text", "expected"), REPAIRED)
def test_only_brackets_and_widths_change(read: Read, text: str, expected: str) -> None:
    assert read("document_number", text) == (expected, set())


@pytest.mark.parametrize("text", INSERTED)
def test_one_missing_bracket_is_put_in(read: Read, text: str) -> None:
    assert read("document_number", text) == (N, {"DOC_NO_BRACKET_INSERTED"})


@pytest.mark.parametrize(("text", "code"), FLAGGED)
def test_what_cannot_be_repaired_is_flagged(read: Read, text: str, code: str) -> None:
    assert read("document_number", text) == (None, {code})


def test_a_licence_may_carry_its_certificate_number(read: Read) -> None:
    assert read("document_number", "JY13301060012345", year="optional") == ("JY13301060012345", set())
