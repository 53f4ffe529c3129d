"""What a receiver says of a record is repeated without the person in it."""

import io
import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.scrub import LONGEST, public_columns, scrub_verdicts, scrubbed, scrubbed_number
from schemas.exchange import RecordVerdict
from schemas.standard import standard
from transforms.outgoing import compile_profile

CASE_FIELDS = {
    "ah": {"from": "case_number"},
    "dsr": {"from": "parties", "as": "list", "fields": {"mc": {"from": "party_name"}, "xh": {"from": "line_number"}}},
}
ID = "11010519491231002X"
NUMBER = "110105194912310029"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("验证规则代码:1001;错误描述:未查询到主体或查询到的主体信息不匹配.", None),
        ("决定日期20260302早于立案日期2026-03-05 10:00:00", None),
        ("文号 京市监处罚〔2026〕00123号 已存在", None),
        (f"证件号码{ID}不合法", f"证件号码{'*' * 18}不合法"),
        ("证件号码110105 19491231 0029不合法", f"证件号码{'*' * 20}不合法"),
        ("证件号码１１０１０５１９４９１２３１００２Ｘ不合法", f"证件号码{'*' * 18}不合法"),
        ("老证号110105491231002", f"老证号{'*' * 15}"),
        ("电话13800138000", f"电话{'*' * 11}"),
        ("电话0871-65123456", f"电话{'*' * 13}"),
        ("卡号6222 0202 0001 1234 567", f"卡号{'*' * 23}"),
        ("护照E12345678", f"护照{'*' * 9}"),
        ("write to zhang.san@example.invalid", f"write to {'*' * 25}"),
        (r"party \u5f20\u4e09 unknown", f"party {'*' * 12} unknown"),
        ("party &#24352;&#x4e09; unknown", f"party {'*' * 16} unknown"),
        ("party %E5%BC%A0%E4%B8%89 unknown", f"party {'*' * 18} unknown"),
        ("raw MTEwMTA1MTk0OTEyMzEwMDJY=", f"raw {'*' * 25}"),
        ("", None),
    ],
)
def test_what_may_be_a_persons_number_is_masked_and_the_rest_stays(text: str, told: str | None) -> None:
    assert scrubbed(text) == (text if told is None else told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("相对人张三不在库", "相对人**不在库"),
        ("张三,张三", "**,**"),
        ("名称“昆明甲乙丙商贸有限公”过长", "名称“**********”过长"),
        ("编号 ＡＢ－１", "编号 ＡＢ－１"),
        ("x 三 x", "x 三 x"),
    ],
)
def test_the_records_own_words_are_masked_even_in_part(text: str, told: str) -> None:
    assert scrubbed(text, ["张三", "昆明甲乙丙商贸有限公司", "三"]) == told


@given(
    before=st.text(max_size=40),
    after=st.text(max_size=40),
    value=st.text("甲乙丙丁戊己庚辛壬癸", min_size=2, max_size=30),
)
def test_no_value_ever_comes_through(before: str, after: str, value: str) -> None:
    text = scrubbed(f"{before}{value}{after}", [value])
    assert value not in text
    assert len(text) == len(f"{before}{value}{after}")


@pytest.mark.parametrize("fields", [CASE_FIELDS, "canonical"], ids=["named", "canonical"])
def test_what_the_entries_of_a_record_say_is_masked_too(fields: Any) -> None:
    """A name of two characters, which is no run of five; what says nothing of a person stays."""
    kind = standard("enforcement", "1.0").record_types["coercion_case"]
    profile = compile_profile({"profile": "t", "version": "1", "fields": fields}, kind, "t")
    names = ("parties", "party_name", "line_number") if fields == "canonical" else ("dsr", "mc", "xh")
    line = json.dumps({"cd_id": "x", names[0]: [{names[1]: "甲乙", names[2]: "第二十二"}]}, ensure_ascii=False).encode()
    said = [RecordVerdict(0, "rejected", "1", "当事人甲乙（第二十二）有误")]
    (told,) = scrub_verdicts(said, io.BytesIO(line + b"\n"), public_columns(profile.fields, kind))
    assert told.text == "当事人**（第二十二）有误"


@given(cut=st.integers(1, 18))
def test_a_number_cut_in_two_at_the_end_is_gone(cut: int) -> None:
    """The connector hands over 2000 characters at most: whatever stands at that edge is not kept."""
    assert "1" not in scrubbed("错" * (2000 - cut) + NUMBER[:cut])
    assert len(scrubbed("错" * 2000)) == LONGEST


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("province-1a2b3c4d5e6f7a8b", None),
        ("202603020000000001", None),
        ("2026030200000000012345", None),
        (f"R-{ID}", f"R-{'*' * 18}"),
    ],
)
def test_a_receipts_number_stays_unless_it_is_somebodys(number: str, told: str | None) -> None:
    assert scrubbed_number(number) == (told or number)


@pytest.mark.parametrize("piece", ["a", "错", "1 ", "1-1a", "a@", "\\\\u", "&#", "a.+", "%"])
def test_no_text_takes_long(piece: str) -> None:
    """A receiver's words are a stranger's: twice as long may take twice as long, not four times."""
    took = []
    for length in (20_000, 80_000):
        began = process_time()
        scrubbed(piece * (length // len(piece)), [piece * 50, "某某某某某某"])
        took.append(process_time() - began)
    assert took[1] < 10 * took[0] + 0.05


LINES = [
    {"cd_id": "91530000:penalty:k|〔2026〕1号", "CF_XDR_MC": "张三", "CF_WFXW": "无证", "CF_SJ": None},
    {"cd_id": "91530000:penalty:k|〔2026〕2号", "CF_XDR_MC": "李四", "CF_WFXW": "无照"},
]
BODY = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES).encode()


def test_each_verdict_is_read_against_its_own_record() -> None:
    verdicts = (
        RecordVerdict(0, "accepted"),
        RecordVerdict(1, "rejected", "李四", "李四:无照;张三;91530000:penalty:k|〔2026〕2号"),
    )
    public = frozenset({"cd_id", "CF_WFXW"})
    assert scrub_verdicts(verdicts, io.BytesIO(BODY), public) == (
        verdicts[0],
        RecordVerdict(1, "rejected", "**", "**:无照;张三;91530000:penalty:k|〔2026〕2号"),
    )


def test_a_column_nobody_knows_is_taken_for_personal() -> None:
    (told,) = scrub_verdicts([RecordVerdict(0, "rejected", "1", "张三 无证")], io.BytesIO(BODY), frozenset({"cd_id"}))
    assert told.text == "** **"


def test_when_nothing_was_said_the_body_is_not_read() -> None:
    closed = io.BytesIO()
    closed.close()
    verdicts = [RecordVerdict(0, "accepted")]
    assert scrub_verdicts(verdicts, closed, frozenset()) == tuple(verdicts)


def test_the_standard_says_which_columns_are_personal() -> None:
    kind = standard("enforcement", "1.0").record_types["penalty"]
    fields = {
        "MC": {"from": "party_name"}, "ZJHM": {"from": "party_id_number"}, "ZJLX": {"from": "party_id_type"},
        "WSH": {"from": "decision_number"}, "LB": {"constant": "01"}, "GONE": {"from": "no_such_field"},
    }  # fmt: skip
    public = public_columns(fields.items(), kind)
    assert {name for name in fields if name in public} == {"ZJLX", "WSH", "LB"}
