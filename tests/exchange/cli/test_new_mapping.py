"""Proposals: certain ones only; everything else is TODO with its reason."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from exchange.cli.new_cells import TableField
from exchange.cli.new_mapping import Proposal, Proposer
from exchange.cli.new_table import read_field_table
from schemas.catalog import HOUSE, Catalog
from schemas.standard import FOLDER, in_force

TYPES = in_force("enforcement", date.today()).record_types
PENALTY, LICENCE = Proposer(TYPES["penalty"]), Proposer(TYPES["licence"])
BASE = TableField("X", "某字段", "text", "optional", 2)


def one(proposer: Proposer = PENALTY, **cells: Any) -> Proposal:
    return proposer.propose([replace(BASE, **cells)])[0]


@pytest.mark.parametrize(
    ("cells", "source"),
    [
        ({"name": "DECISION_NUMBER"}, "decision_number"),
        ({"name": "cf_wsh"}, "decision_number"),
        ({"title": "行政处罚决定书文号"}, "decision_number"),
        ({"title": "行政处罚 决定书文号"}, "decision_number"),
        ({"title": "行政相对人代码_3（组织机构代码）"}, "party_org_code"),
    ],
)
def test_same_name_code_or_title(cells: dict[str, Any], source: str) -> None:
    assert one(**cells).spec == {"from": source, "as": "text"}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"title": "决定书的文号"}, "没有同名字段"),
        ({"name": "decision_number", "title": "违法事实"}, "不止一个候选"),
        ({"title": "处罚决定日期", "type": "date"}, "格式"),
        ({"title": "处罚决定日期", "type": "datetime", "format": "YYYYMMDD"}, "datetime"),
        ({"title": "罚款金额", "type": "number"}, "单位"),
        ({"title": "罚款金额(万元)", "type": "number", "unit": "元"}, "two units"),
        ({"title": "罚款金额(万元)", "type": "number", "digits": (16, 2)}, "六位小数"),
        ({"title": "罚款金额", "type": "integer", "unit": "元"}, "integer"),
        ({"title": "行政相对人类别", "type": "code"}, "取值未列出"),
        ({"title": "行政相对人类别", "codes": "XDRLB"}, "XDRLB"),
        ({"title": "行政相对人类别", "values": {"1": "法人及非法人组织", "2": "自然人"}}, "个体工商户"),
        ({"title": "处罚依据", "values": {"1": "行政处罚法"}}, "closed list"),
        ({"title": "违法事实", "type": "date"}, "kinds differ"),
    ],
)
def test_what_is_not_certain_is_left_to_a_person(cells: dict[str, Any], told: str) -> None:
    proposal = one(**cells)
    assert proposal.open
    assert proposal.spec["from"] == "TODO"
    assert told in proposal.spec["why"]


def test_two_fields_never_share_a_source() -> None:
    both = [replace(BASE, name="A", title="违法事实"), replace(BASE, name="B", title="违法事实")]
    assert [p.open for p in PENALTY.propose(both)] == [True, True]


def test_dates_money_and_codes_in_their_form() -> None:
    assert one(title="处罚决定日期", type="date", format="YYYY/MM/DD").spec["format"] == "YYYY/MM/DD"
    assert one(title="罚款金额（万元）", type="number", digits=(12, 6)).spec["as"] == "wan_yuan"
    assert one(title="罚款金额", type="number", unit="元").spec["as"] == "yuan"
    words = {"1": "法人及非法人组织", "2": "个体工商户", "3": "自然人"}
    assert one(title="行政相对人类别", values=words).spec["words"] == {word: code for code, word in words.items()}
    same = {word: word for word in words.values()}
    assert one(title="行政相对人类别", values=same).spec == {"from": "party_category", "as": "text"}
    status = {"1": "有效", "0": "失效"}
    assert one(LICENCE, title="当前状态", values=status).spec["words"] == {"有效": "1", "失效": "0"}


def test_what_to_look_at_is_remarked() -> None:
    assert "shorter there" in one(title="违法事实", length=10).remark
    assert "required there" in one(title="工商注册号", required="required").remark
    assert one(title="违法事实", required="required").remark == ""


@pytest.mark.parametrize(("kind", "table"), [("penalty", "xzcf_sgs2018"), ("licence", "xzxk_sgs2018")])
def test_proposals_for_the_published_table_are_those_that_people_wrote(kind: str, table: str) -> None:
    """Our own province profile was written by hand: no proposal says otherwise, and most are there."""
    fields = read_field_table(FOLDER / "enforcement" / "1.0" / "fields" / f"{table}.csv").fields
    by_hand = Catalog(HOUSE).receiver("province").profiles[kind]["fields"]
    proposals = {p.field.name: p for p in Proposer(TYPES[kind]).propose(fields)}
    certain = {name: p.spec for name, p in proposals.items() if not p.open}
    assert set(proposals) == set(by_hand)
    assert {name: spec["from"] for name, spec in certain.items()} == {n: by_hand[n]["from"] for n in certain}
    assert {name: spec["as"] for name, spec in certain.items()} == {n: by_hand[n]["as"] for n in certain}
    assert len(certain) >= len(proposals) - 6
