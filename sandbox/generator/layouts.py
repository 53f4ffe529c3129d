"""Owns each department's own column names and value formats: neutral name → name, and how a value is written there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.generator.clean import Columns

Write = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one feed writes its records. `writes` holds a writer for the neutral names that need one."""

    columns: Mapping[str, str]
    key: str
    updated: str
    status: str
    writes: Mapping[str, Write] = field(default_factory=dict)


def _words(table: Mapping[str, str]) -> Write:
    return lambda value: table.get(value, value)


def _slashes(value: str) -> str:
    return value.replace("-", "/")


def _chinese(value: str) -> str:
    year, month, day = value.split("-")
    return f"{year}年{int(month)}月{int(day)}日"


def _wan(value: str) -> str:
    return str((Decimal(value) / 10_000).quantize(Decimal("0.01")))


def _joined(sign: str) -> Write:
    return lambda value: value.replace(";", sign)


_PARTY = (
    "party_name", "party_category", "party_credit_code", "party_registration_number", "party_org_code",
    "party_tax_number", "legal_representative", "legal_representative_id_type", "legal_representative_id_number",
    "party_id_type", "party_id_number",
)  # fmt: skip
_PENALTY = (
    "decision_number", "violation_type", "violation_facts", "legal_basis", "penalty_kinds", "penalty_content",
    "fine_amount", "confiscated_amount", "licence_affected", "decision_date", "valid_until", "publicity_until",
    "case_number",
)  # fmt: skip
_LICENCE = (
    "decision_title", "decision_number", "licence_category", "certificate_name", "licence_number", "licence_content",
    "decision_date", "valid_from", "valid_until",
)  # fmt: skip
_TAIL = ("authority_name", "authority_code", "source_name", "source_code", "status", "remarks", "updated", "key")


def _named(kind: tuple[str, ...], party: str, body: str, tail: str) -> dict[str, str]:
    return dict(zip(_PARTY + kind + _TAIL, f"{party} {body} {tail}".split(), strict=True))


_MARKET_PARTY = "xdrmc xdrlb shxym zch zzjgdm swdjh fddbr frzjlx frzjhm xdrzjlx xdrzjhm"
_MARKET_TAIL = "jgmc jgdm sjlydw sjlydwdm zt bz gxsj id"
_WATER_PARTY = (
    "partyName partyType creditCode regNo orgCode taxNo legalPerson legalCertType legalCertNo certType certNo"
)
_WATER_TAIL = "orgName orgCreditCode sourceOrg sourceOrgCode status remark updateTime id"
_TRANSPORT_PARTY = (
    "当事人名称 当事人类型 统一社会信用代码 工商注册号 组织机构代码 税务登记号 法定代表人 法定代表人证件类型 "
    "法定代表人证件号码 当事人证件类型 当事人证件号码"
)
_TRANSPORT_TAIL = "执法机关 执法机关代码 数据来源单位 数据来源单位代码 操作类型 备注 更新时间 流水号"
_WATER_WRITES: dict[str, Write] = {
    "party_category": _words({"法人及非法人组织": "1", "个体工商户": "2", "自然人": "3"}),
    "legal_representative_id_type": _words({"身份证": "01"}),
    "party_id_type": _words({"身份证": "01"}),
    "licence_category": _words({"普通": "01", "特许": "02", "认可": "03", "核准": "04", "登记": "05"}),
    "status": _words({"有效": "1", "撤销": "0"}),
    "penalty_kinds": _joined(","),
    "fine_amount": _wan,
    "confiscated_amount": _wan,
}
_TRANSPORT_WRITES: dict[str, Write] = {
    "party_category": _words({"法人及非法人组织": "企业", "个体工商户": "个体户", "自然人": "个人"}),
    "penalty_kinds": _joined("、"),
    "decision_date": _slashes,
    "valid_until": _chinese,
    "valid_from": _slashes,
    "publicity_until": _slashes,
}


def _layout(columns: dict[str, str], writes: dict[str, Write]) -> Layout:
    return Layout(columns, columns["key"], columns["updated"], columns["status"], writes)


LAYOUTS: dict[str, Layout] = {
    "market/penalty": _layout(
        {"inspection_number": "jcbh", "publicity_class": "sxlb"}
        | _named(
            _PENALTY,
            _MARKET_PARTY,
            "jdswh wfxwlx wfss cfyj cfzl cfnr fkje mswfje zkdxzz jdrq yxq gsjzq labh",
            _MARKET_TAIL.replace("jgmc jgdm", "cfjg cfjgdm"),
        ),
        {"publicity_class": _words({"一般": "一般失信行为", "严重": " 严重失信行为"})},
    ),
    "market/licence": _layout(
        _named(
            _LICENCE,
            _MARKET_PARTY,
            "wsmc jdswh xklb zzmc xkbh xknr jdrq yxqz yxqzhi",
            _MARKET_TAIL.replace("jgmc jgdm", "xkjg xkjgdm"),
        ),
        {},
    ),
    "water/penalty": _layout(
        _named(
            _PENALTY,
            _WATER_PARTY,
            "docNo illegalType illegalFact punishBasis punishType punishContent fineAmount confiscateAmount "
            "revokedLicence punishDate validDate publicEndDate caseNo",
            _WATER_TAIL,
        ),
        _WATER_WRITES,
    ),
    "water/licence": _layout(
        _named(
            _LICENCE,
            _WATER_PARTY,
            "docTitle docNo licenceType certName certNumber licenceContent decideDate validFrom validTo",
            _WATER_TAIL,
        ),
        _WATER_WRITES,
    ),
    "transport/penalty": _layout(
        _named(
            _PENALTY,
            _TRANSPORT_PARTY,
            "处罚决定书文号 违法行为类型 违法事实 处罚依据 处罚种类 处罚内容 罚款金额(元) 没收金额(元) 暂扣或吊销证照 "
            "处罚决定日期 处罚有效期 公示截止期 案件编号",
            _TRANSPORT_TAIL,
        ),
        _TRANSPORT_WRITES,
    ),
    "transport/licence": _layout(
        _named(
            _LICENCE,
            _TRANSPORT_PARTY,
            "许可决定书名称 许可决定书文号 许可类别 许可证书名称 许可编号 许可内容 许可决定日期 有效期自 有效期至",
            _TRANSPORT_TAIL,
        ),
        _TRANSPORT_WRITES,
    ),
}


def rendered(feed: str, clean: Columns) -> Columns:
    """The same records under the department's names and in its formats."""
    layout = LAYOUTS[feed]
    return {name: _written(clean[neutral], layout.writes.get(neutral)) for neutral, name in layout.columns.items()}


def _written(values: list[str | None], write: Write | None) -> list[str | None]:
    if write is None:
        return list(values)
    memo = {value: write(value) for value in set(values) if value is not None}
    return [None if value is None else memo[value] for value in values]
