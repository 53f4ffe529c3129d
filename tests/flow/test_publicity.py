"""The computed 公示截止期, from a department's class to the column that the province received."""

import json
import sqlite3
from contextlib import closing
from datetime import date

import pytest
from sqlalchemy import text

from exchange import flow
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit

FEED = "market/penalty"
NIGHT = date(2026, 4, 1)
COMPUTED = "computed: publicity_until}"
SERIOUS, ORDINARY, MINOR = " 严重失信行为", "一般失信行为", "轻微"
# decision, class as the department writes it, kinds; last public day by rules marked yes, by those marked partial too
CASES: list[tuple[str, str | None, str, str, str]] = [
    ("2017-07-30", SERIOUS, "罚款", "", ""),
    ("2017-07-31", SERIOUS, "罚款", "2020/07/31", "2020/07/31"),
    ("2017-07-31", ORDINARY, "罚款", "2018/07/31", "2018/07/31"),
    ("2019-06-30", ORDINARY, "罚款", "2020/06/30", "2020/06/30"),
    ("2019-07-01", ORDINARY, "罚款", "", "2020/07/01"),
    ("2019-07-01", SERIOUS, "罚款", "2022/07/01", "2022/07/01"),
    ("2023-04-30", SERIOUS, "罚款", "2026/04/30", "2026/04/30"),
    ("2023-04-30", ORDINARY, "罚款", "", "2024/04/30"),
    ("2023-05-01", SERIOUS, "罚款", "", ""),
    ("2023-05-01", ORDINARY, "罚款", "", "2026/05/01"),
    ("2026-03-31", ORDINARY, "罚款", "", "2029/03/31"),
    ("2026-03-31", ORDINARY, "警告", "", ""),
    ("2026-04-01", ORDINARY, "罚款", "2027/04/01", "2027/04/01"),
    ("2026-04-01", ORDINARY, "警告", "2027/04/01", "2027/04/01"),
    ("2026-04-01", SERIOUS, "罚款", "2029/04/01", "2029/04/01"),
    ("2026-04-01", MINOR, "罚款", "", ""),
    ("2026-04-01", None, "罚款", "", ""),
]
STATED = ("2026-04-01", MINOR, "罚款", "2026-05-05")


@pytest.mark.parametrize("accept", ["", ", accept: partial"])
def test_the_date_that_the_province_receives_on_both_sides_of_every_regime(install: Install, accept: str) -> None:
    at = install(rows=60, only=FEED)
    edit(at.root / "receivers/province/penalty.yaml", COMPUTED, COMPUTED.replace("}", f"{accept}}}"))
    numbers = _plant(at)
    flow.run(at.site(), FEED, NIGHT)
    sent = _received(at)
    assert sum(number in sent for number in numbers) >= len(CASES), "at most one party unknown to the receiver"
    for number, (day, class_, kinds, sure, seen) in zip(numbers, CASES, strict=False):
        if number in sent:
            assert sent[number] == ((seen if accept else sure) or None), (day, class_, kinds)
    assert sent[numbers[-1]] == "2026/05/05", "what a department states always stands"
    assert at.balance(FEED).state == "closed"


def test_a_class_that_no_rule_knows_is_found_and_never_guessed(install: Install) -> None:
    at = install(rows=160, only=FEED)
    numbers = _plant(at, changed="一般般")
    flow.run(at.site(), FEED, NIGHT)
    assert not set(numbers) & set(_received(at))
    site = at.site()
    with site.ledger.read() as connection:
        found = connection.execute(
            text(
                "SELECT COUNT(DISTINCT ordinal) FROM finding WHERE code = 'CODE_UNKNOWN' AND field = 'publicity_class'"
            )
        ).scalar_one()
    site.ledger.engine.dispose()
    assert found >= len(numbers)


def test_the_departments_own_classes_fill_the_provinces_date_from_the_first_night_of_1_1(install: Install) -> None:
    """Nothing is edited but the date of the decisions, which the sandbox writes before that night."""
    at = install(rows=60, only=FEED)
    _source(at, "UPDATE xzcf SET jdrq = '2026-04-01'")
    flow.run(at.site(), FEED, NIGHT)
    rows = {str(row["jdswh"]): row for row in at.world.truth().feeds[FEED].rows}
    sent = {number: day for number, day in _received(at).items() if number in rows and not rows[number]["gsjzq"]}
    computed = {(rows[number]["sxlb"], day) for number, day in sent.items()}
    assert computed == {(ORDINARY, "2027/04/01"), (SERIOUS, "2029/04/01")}


def _plant(at: Installation, changed: str = "") -> list[str]:
    """Write the cases into clean rows that stand in force; their document numbers, that of STATED last."""
    feed = at.world.truth().feeds[FEED]
    clean = [row for row in feed.rows if feed.truth[str(row["id"])].outcome == "clean"]
    cases = [(day, class_, kinds, None) for day, class_, kinds, _, _ in CASES] + [STATED]
    numbers = []
    for row, (day, class_, kinds, stated) in zip(clean, cases, strict=False):
        _source(
            at, "UPDATE xzcf SET jdrq = ?, sxlb = ?, cfzl = ?, gsjzq = ?, yxq = '2030-01-01' WHERE id = ?",
            day, changed or class_, kinds, stated, row["id"],
        )  # fmt: skip
        numbers.append(str(row["jdswh"]))
    assert len(numbers) == len(cases)
    return numbers


def _source(at: Installation, statement: str, *values: str | None) -> None:
    with closing(sqlite3.connect(at.world.state / "market.sqlite")) as source, source:
        source.execute(statement, values)


def _received(at: Installation) -> dict[str, str | None]:
    """Document number → 公示截止期 as the province took it in."""
    lines = [json.loads(one.line) for one in at.receiver("province").applied() if one.operation != "d"]
    return {line["CF_WSH"]: line["CF_GSJZQ"] for line in lines}
