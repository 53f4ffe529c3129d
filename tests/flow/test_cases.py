"""Coercion cases from four linked tables to two receivers: as lists within a line, and as four sheets of a workbook.

Judged by the receivers' own logs beside what the generator planted.
"""

import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from exchange import by_hand, flow, late
from exchange.cli.main import app
from exchange.ledger.balance import load_balance, newest_loads
from sandbox.generator import cases as planted
from sandbox.receivers.cases import KEY
from sandbox.receivers.rules import party_unknown
from schemas.errors import GuijiError
from tests.flow.case_world import FEED, CaseInstallation, cases_installed
from tests.flow.processes import Zygote
from tests.flow.search import found_under

PREFIX = "11530000MB1A02349E:coercion_case:"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[CaseInstallation]:
    with cases_installed(tmp_path) as made:
        yield made


def rows(at: CaseInstallation, query: str) -> list[tuple[Any, ...]]:
    site = at.site()
    with site.ledger.read() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    site.ledger.engine.dispose()
    return found


def expected(at: CaseInstallation) -> dict[str, dict[str, int]]:
    """Each case that must be at the receivers, with how many entries each of its lists has."""
    truth = at.world.truth
    never = {*truth.held, *truth.kept_back}
    found = {}
    for case in truth.tables[planted.CASES]:
        serial = int(str(case["id"]))
        if serial not in never:
            own = {planted.number(serial), planted.number(serial, "[]")}
            found[planted.number(serial)] = {
                name: sum(row["ah"] in own for row in truth.tables[table])
                for name, table in (
                    ("parties", planted.PARTIES), ("measures", planted.MEASURES), ("executions", planted.EXECUTIONS),
                )
            }  # fmt: skip
    return found


def national(at: CaseInstallation) -> dict[str, dict[str, Any]]:
    """What the national receiver holds now, by case number."""
    lines = at.world.nation.current("coercion_case")
    return {key.removeprefix(PREFIX): json.loads(line) for key, (_, line) in lines.items()}


def faults(at: CaseInstallation) -> list[str]:
    """At the national receiver: lost, sent although held, or other entries than there are."""
    there, must = national(at), expected(at)
    found = [f"{number} is there" for number in there.keys() - must.keys()
             if number != planted.number(planted.MAIN_ROW_GOES)]  # fmt: skip
    for number, counts in must.items():
        if number not in there:
            found += [] if party_unknown(PREFIX + number) else [f"{number} is lost"]
        else:
            found += [f"{number}: {n}" for n, count in counts.items() if len(there[number][n]) != count]
    return found


def balanced(at: CaseInstallation) -> bool:
    site = at.site()
    found = load_balance(site.ledger, newest_loads(site.ledger)[FEED], at.receivers())
    site.ledger.engine.dispose()
    found.check()
    return bool(found.whole) and found.state == "closed"


def held(at: CaseInstallation) -> dict[str, set[tuple[str, str]]]:
    """Business key → (code, field) of every row held."""
    query = """SELECT q.business_key, f.code, f.field FROM quarantine q
        JOIN finding f ON f.load_id = q.load_id AND f.ordinal = q.ordinal WHERE q.state = 'held'"""
    found: dict[str, set[tuple[str, str]]] = {}
    for key, code, field in rows(at, query):
        found.setdefault(key or "", set()).add((code, field))
    return found


def test_a_night_carries_whole_cases_and_nothing_of_a_bad_one(at: CaseInstallation) -> None:
    at.run(FEED)
    assert faults(at) == []
    assert balanced(at)
    stopped = held(at)
    number = planted.number
    assert ("ID_CHECK_DIGIT", "parties[].party_id_number") in stopped[number(planted.BAD_ID)]
    assert ("DATE_INVALID", "measures[].started_on") in stopped[number(planted.BAD_DATE)]
    assert {field for code, field in stopped[number(planted.ORPHAN)] if code == "CHILD_WITHOUT_RECORD"} == {
        "parties[]", "measures[]", "executions[]",
    }  # fmt: skip
    assert {code for code, _ in stopped[""]} >= {"CHILD_WITHOUT_RECORD", "KEY_MISSING"}
    assert len(stopped) == 4
    bodies = b"".join(one.line for one in at.world.nation.applied()).decode()
    books = b"".join(one.line for one in at.world.platform.applied()).decode()
    for serial in (planted.BAD_ID, planted.BAD_DATE, planted.ORPHAN, planted.YOUNG, planted.SEALED):
        assert number(serial) not in bodies
        assert number(serial) not in books
    excluded = rows(at, "SELECT DISTINCT code, disposition FROM withheld")
    assert set(excluded) == {("PROTECTED_UNDER_14", "excluded"), ("PROTECTED_SEALED_RECORD", "excluded")}


def test_the_case_import_gets_four_linked_sheets(at: CaseInstallation) -> None:
    at.run(FEED)
    taken = {one.cd_id: json.loads(one.line) for one in at.world.platform.applied()}
    must = expected(at)
    assert taken.keys() == must.keys()
    for number, sheets in taken.items():
        assert sheets["基本信息"][KEY] == number
        counts = [len(sheets[name]) for name in ("当事人", "强制措施", "强制执行")]
        assert counts == list(must[number].values())
        assert {row[KEY] for name in ("当事人", "强制措施", "强制执行") for row in sheets[name]} <= {number}
    one = taken[planted.number(1)]
    assert one["基本信息"]["是否公开"] == "是"
    assert one["强制措施"][0]["冻结金额(元)"] == "12000.5"
    assert one["强制措施"][0]["行政强制措施种类"] == "扣押财物"


def test_the_next_night_sends_the_changed_cases_alone(at: CaseInstallation) -> None:
    at.run(FEED)
    first = len(at.world.nation.applied())
    at.world.advance_to(2)
    at.run(FEED)
    number = planted.number
    came = {(one.cd_id.removeprefix(PREFIX), one.operation) for one in at.world.nation.applied()[first:]}
    wanted = {
        (number(planted.PHONE_CHANGES), "u"), (number(planted.MEASURE_GOES), "u"), (number(planted.CASE_GOES), "d"),
        (number(planted.ORPHAN), "i"),
    }  # fmt: skip
    assert came == {one for one in wanted if not party_unknown(PREFIX + one[0])}
    assert faults(at) == []
    assert ("CHILD_WITHOUT_RECORD", "parties[]") in held(at)[number(planted.MAIN_ROW_GOES)]
    assert balanced(at)
    again = rows(at, "SELECT code, disposition FROM withheld WHERE receiver = 'case_import' AND code LIKE 'RECEIVER%'")
    assert again == [("RECEIVER_TAKES_ONCE", "quarantined")] * 3
    assert [one.cd_id for one in at.world.platform.applied()].count(number(planted.PHONE_CHANGES)) == 1
    assert {one.operation for one in at.world.platform.applied()} == {"i"}
    seen_to(at)
    before = len(at.world.nation.attempts())
    at.run(FEED)
    assert [one for one in at.world.nation.attempts()[before:] if one.method == "POST"] == []


def seen_to(at: CaseInstallation) -> None:
    """A person has every change made at the platform and says so; nothing is late there then, and the books balance."""
    site = at.site()
    changes = by_hand.waiting(site)
    assert {one.operation for one in changes} == {"upsert", "revoke"}
    assert {one.receiver for one in late.late(site, FEED)} == {"case_import"}
    with pytest.raises(GuijiError, match="does not wait"):
        by_hand.done(site, changes[0].version, "nation", "平台已更正", "甲")
    first, *others = changes
    listed = CliRunner().invoke(app, ["quarantine", "by-hand"])
    assert [line.partition(" ")[0] for line in listed.output.splitlines()] == [str(one.version) for one in changes]
    words = ["quarantine", "by-hand", str(first.version), first.receiver]
    assert CliRunner().invoke(app, words).exit_code != 0, "who and why must be said"
    assert CliRunner().invoke(app, [*words, "--reason", "平台已更正", "--person", "甲"]).exit_code == 0
    for one in others:
        assert by_hand.done(site, one.version, one.receiver, "平台已更正", "甲") == 1
    assert by_hand.waiting(site) == []
    assert late.late(site, FEED) == []
    site.ledger.engine.dispose()
    assert balanced(at)
    assert rows(at, "SELECT DISTINCT code, disposition FROM withheld WHERE code LIKE '%HAND'") == [
        ("CHANGED_BY_HAND", "excluded")
    ]


def test_the_department_and_the_ledger_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    url = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with cases_installed(tmp_path, url, postgres_url) as at:
        for night in (1, 2):
            at.world.advance_to(night)
            site = at.site()
            flow.run(site, FEED, at.day)
            site.ledger.engine.dispose()
            assert faults(at) == []
            assert balanced(at)


KILLS = (
    "load.landed.before_commit:1", "file.after_rename:2", "register.before_commit:1", "register.after_commit:1",
    "seal.after_commit:1", "files.manifest.after_rename:1", "receipt.before_commit:2",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("point", KILLS)
def test_killed_in_between_no_case_is_lost_torn_or_doubled(tmp_path: Path, zygote: Zygote, point: str) -> None:
    with cases_installed(tmp_path) as at:
        assert zygote.run(at, feed=FEED, GUIJI_CRASH_AT=point)[0].killed
        for _ in range(3):
            words = zygote.run(at, feed=FEED)[0].words
            if words == "done":
                break
        assert words == "done"
        assert faults(at) == []
        assert balanced(at)
        imported = [one.cd_id for one in at.world.platform.applied()]
        assert sorted(imported) == sorted(expected(at))
        assert len(at.world.nation.applied()) == len({one.cd_id for one in at.world.nation.applied()})


def test_nothing_personal_of_a_case_in_any_byte_written(
    at: CaseInstallation, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    secrets, told = set(at.world.truth.persons), []
    for night in (1, 2):
        at.world.advance_to(night)
        secrets |= at.world.truth.persons
        try:
            at.run(FEED)
        except GuijiError as error:
            told.append("".join(traceback.format_exception(error)))
    (at.home / "said.txt").write_text("\n".join([*told, caplog.text, *capfd.readouterr()]), encoding="utf-8")
    assert len(secrets) > 100
    assert found_under(at.home, secrets) == {}
    bodies = b"".join(one.line for one in at.world.nation.applied()).decode()
    assert sum(secret in bodies for secret in secrets) > 50, "the search can find what is there"


def test_a_replay_registers_the_lists_again_and_changes_nothing(at: CaseInstallation) -> None:
    at.run(FEED)
    before = len(at.world.nation.applied())
    site = at.site()
    from exchange.ledger.loads import Loads

    flow.replay(site, Loads(site.ledger).get(newest_loads(site.ledger)[FEED]), at.day)
    site.ledger.engine.dispose()
    at.run(FEED)
    assert len(at.world.nation.applied()) == before
