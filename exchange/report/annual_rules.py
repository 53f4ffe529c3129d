"""The rule behind a figure in words: what a reader of a cell is told was counted."""

from schemas.annual_layouts import Figure

REVOKED = {
    "count": ("后被撤销或源头已删除的也计入", "revoked or deleted later: counts too"),
    "leave": ("后被撤销或源头已删除的不计入", "revoked or deleted later: does not count"),
    "": ("后被撤销或源头已删除的是否计入，版式未说明", "revoked or deleted later: the layout does not say"),
}


def rule_words(figure: Figure, order: str, revoked: str) -> tuple[str, str]:
    """Chinese and English; where nothing counts it, the reason."""
    rule = figure.rule
    if rule is None:
        return f"未填：{figure.missing_zh}", f"not filled: {figure.missing_en}"
    kinds = "、".join(rule.heaviest)
    zh = [f"{rule.record_type} 每条最新版本，{rule.date} 在本年内"]
    en = [f"each newest version of {rule.record_type} whose {rule.date} lies in the year"]
    if rule.heaviest:
        zh.append(f"按轻重顺序 {order or '（未指明）'} 最重种类为{kinds}的，一件决定只计一次，有名目的种类先于“其他”")
        en.append(
            f"whose heaviest kind by order {order or '(none named)'} is {kinds}; "
            "a decision counts once, a named kind beats 其他"
        )
    for name, values in (rule.where or {}).items():
        zh.append(f"{name} 为{'、'.join(values)}")
        en.append(f"{name} is {', '.join(values)}")
    if rule.sum:
        zh.append(f"{' + '.join(rule.sum)} 之和，空值不计")
        en.append(f"sum of {' + '.join(rule.sum)}, blanks left out")
    return "；".join([*zh, REVOKED[revoked][0]]), "; ".join([*en, REVOKED[revoked][1]])
