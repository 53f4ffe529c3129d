"""`guiji check` on a profile beside its receiver's table: every field has an answer, and it fits the table."""

from datetime import date
from pathlib import Path

import pytest

from exchange.cli.checks import _of_receiver, _problems
from exchange.cli.new_cells import TableField
from exchange.cli.new_mapping import Proposer
from exchange.cli.new_receiver import write_receiver
from schemas.catalog import Catalog
from schemas.standard import in_force

PENALTY = in_force("enforcement", date.today()).record_types["penalty"]
WORDS = {"1": "法人及非法人组织", "2": "个体工商户", "3": "自然人"}
FIELDS = [
    TableField("WSH", "行政处罚决定书文号", "text", "required", 2),
    TableField("LB", "行政相对人类别", "code", "optional", 3, values=WORDS),
    TableField("FK", "罚款金额(万元)", "number", "optional", 4, digits=(12, 6)),
    TableField("RQ", "处罚决定日期", "date", "optional", 5, format="YYYYMMDD"),
]
LEFT = "leave_out: {}"
# what stands in the profile, the mistake, the key the line names, words of the remedy
MISTAKES = {
    "no answer": ("  FK: {from: fine_amount, as: wan_yuan}", "  #", "fields: FK has no answer", "leave_out"),
    "not in the table": ("  FK:", "  FKK:", "fields.FKK", "did you mean FK"),
    "date format": ("format: YYYYMMDD", "format: YYYY-MM-DD", "fields.RQ", "format: YYYYMMDD"),
    "unit": ("as: wan_yuan", "as: yuan", "fields.FK", "as: wan_yuan"),
    "code": ("'3'", "'33'", "fields.LB", "did you mean 3"),
    "constant": ("{from: decision_number, as: text}", "{from: decision_number, as: tekst}", "fields.WSH", "forms"),
    "left out and sent": (LEFT, "leave_out: {FK: 不要}", "leave_out.FK", "keep one"),
    "left out, unknown": (LEFT, "leave_out: {FFK: 不要}", "leave_out.FFK", "did you mean FK"),
    "still TODO": (
        "{from: fine_amount, as: wan_yuan}",
        "{from: TODO, why: 单位不明}",
        "fields.FK: is still TODO: 单位不明",
        "constant",
    ),
}
TWO = {"not in the table"}  # and the right one has no answer


@pytest.fixture
def folder(catalog_copy: Path) -> Path:
    made = catalog_copy / "receivers" / "county"
    write_receiver(made, "penalty", ("县", ""), "表.xlsx", Proposer(PENALTY).propose(FIELDS), "县 行政处罚")
    return made


def told(folder: Path) -> list[str]:
    catalog = Catalog(folder.parent.parent)
    return [str(problem) for problem in _of_receiver(catalog, catalog.receiver(folder.name))]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_with_file_key_and_remedy(name: str, folder: Path) -> None:
    right, wrong, key, remedy = MISTAKES[name]
    path = folder / "penalty.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")

    lines = told(folder)

    assert len(lines) == (2 if name in TWO else 1)
    line = next(line for line in lines if key in line)
    assert line.startswith("receivers/county/penalty.yaml: ")
    assert remedy in line.partition("→")[2]


def test_a_reason_is_needed_and_enough(folder: Path) -> None:
    path = folder / "penalty.yaml"
    text = path.read_text(encoding="utf-8").replace("  FK: {from: fine_amount, as: wan_yuan}", "  #", 1)
    path.write_text(text.replace(LEFT, "leave_out: {FK: ''}"), encoding="utf-8")
    assert ["leave_out.FK: has no reason" in line for line in told(folder)] == [True]
    path.write_text(text.replace(LEFT, "leave_out: {FK: 县里不报罚款}"), encoding="utf-8")
    assert told(folder) == []


def test_what_the_receiver_requires_is_not_left_out(folder: Path) -> None:
    path = folder / "penalty.yaml"
    text = path.read_text(encoding="utf-8").replace("  WSH: {from: decision_number, as: text}", "  #", 1)
    path.write_text(text.replace(LEFT, "leave_out: {WSH: 不要}"), encoding="utf-8")
    assert ["leave_out.WSH: is required there" in line for line in told(folder)] == [True]


def test_every_todo_is_told_and_hides_no_other_mistake(folder: Path) -> None:
    path = folder / "penalty.yaml"
    text = path.read_text(encoding="utf-8")
    for source in ("decision_number, as: text", "fine_amount, as: wan_yuan"):
        text = text.replace(f"{{from: {source}}}", "{from: TODO}")
    path.write_text(text.replace("YYYYMMDD", "YYYY/MM/DD"), encoding="utf-8")
    assert [("TODO" in line, "date format" in line) for line in told(folder)] == [
        (True, False), (True, False), (False, True)
    ]  # fmt: skip


def test_a_constant_must_be_a_code_of_the_table(folder: Path) -> None:
    path = folder / "penalty.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("  LB:"))
    path.write_text(text.replace(line, '  LB: {constant: "1"}'), encoding="utf-8")
    assert told(folder) == []
    path.write_text(text.replace(line, '  LB: {constant: "7"}'), encoding="utf-8")
    assert ["7 is no code" in problem for problem in told(folder)] == [True]


def test_a_spoiled_table_is_told(folder: Path) -> None:
    (folder / "penalty.schema.json").write_text("{}", encoding="utf-8")
    (line,) = told(folder)
    assert line.startswith("receivers/county/penalty.schema.json")


def test_a_profile_without_a_table_is_judged_as_ever(catalog_copy: Path) -> None:
    assert not (catalog_copy / "receivers" / "province" / "penalty.schema.json").exists()
    assert list(_problems(Catalog(catalog_copy))) == []
