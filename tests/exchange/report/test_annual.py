"""The annual report of three nights: what it says equals what the province holds, in every file and in a browser."""

import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser
from sqlalchemy import text

from exchange import flow
from exchange.report.annual import Annual, page, write_annual
from exchange.report.annual_facts import Choice, plain
from exchange.report.annual_sheet import workbook
from exchange.site import Site
from sandbox.world import World
from schemas.annual_layouts import layout
from schemas.errors import Unfinished

pytestmark = pytest.mark.xdist_group("browser")
YEAR = 2026
LAYOUT = layout("shandong_2021")
FEEDS = ("transport/penalty", "water/penalty", "market/licence")
PLANTED = '=HYPERLINK("http://outside.example")<script>alert(1)</script>'
STANDING = "SELECT cd_id, line FROM standing WHERE record_type = 'penalty' AND present = 1"
Standing = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Standing]]:
    """Site, and per department the penalties that stand at the receivers after three nights with revocations."""
    home = tmp_path_factory.mktemp("year")
    with pytest.MonkeyPatch.context() as patch, World(home / "sandbox", rows=40) as world:
        for name, value in world.env().items():
            patch.setenv(name, value)
        site = Site(home / "var", f"sqlite:///{home / 'ledger.db'}")
        for night in (1, 2, 3):
            if night > 1:
                world.advance_to(night)
            for feed in FEEDS:
                flow.run(site, feed, world.business_date())
        yield site, _standing(site, world)
        site.ledger.engine.dispose()


def _standing(site: Site, world: World) -> Standing:
    """What one of the receivers sent back stands at the other; the nation has the standard's own names and 元."""
    by_code = {department.credit_code: code for code, department in site.catalog.departments.items()}
    found: dict[str, dict[str, dict[str, Any]]] = {code: {} for code in by_code.values()}
    for receiver in (world.nation, world.province):
        with closing(sqlite3.connect(receiver.log_path)) as log:
            for cd_id, line in log.execute(STANDING):
                kept = json.loads(line)
                money = ("fine_amount", "confiscated_amount") if "fine_amount" in kept else ("CF_NR_FK", "CF_NR_WFFF")
                amount = sum(Decimal(kept.get(name) or 0) for name in money)
                kept["_amount"] = amount / 10_000 if "fine_amount" in kept else amount
                kept["_kinds"] = kept.get("penalty_kinds") or kept["CF_CFLB"]
                found[by_code[cd_id.split(":")[0]]][cd_id] = kept
    return {code: list(lines.values()) for code, lines in found.items() if lines}


@pytest.fixture(scope="module")
def facts(nights: tuple[Site, Standing]) -> dict[str, Any]:
    return _facts(nights[0], "leave")


def _facts(site: Site, revoked: str = "", departments: tuple[str, ...] = ()) -> dict[str, Any]:
    report = Annual(site, YEAR, departments)
    return report.result(LAYOUT, Choice("", revoked), report.records([LAYOUT])).facts()


def _values(facts: dict[str, Any], table: str = "penalty") -> dict[str, dict[str, str | None]]:
    rows = next(t for t in facts["tables"] if t["name"] == table)["rows"]
    return {row["code"]: {c["id"].split(".")[1]: c["value"] for c in row["cells"]} for row in rows}


def test_amount_and_kinds_are_what_the_receivers_hold(nights: tuple[Site, Standing], facts: dict[str, Any]) -> None:
    """In 万元, counted over the way of the deliveries and not of our files."""
    values = _values(facts)
    assert set(nights[1]) == {"water", "transport"}
    for code, lines in nights[1].items():
        assert values[code]["total"] == str(len(lines))
        assert values[code]["amount"] == plain(sum((line["_amount"] for line in lines), Decimal(0)))
        assert values[code]["confiscation_gains"] == str(sum("没收违法所得" in line["_kinds"] for line in lines))
    together = sum((line["_amount"] for lines in nights[1].values() for line in lines), Decimal(0))
    both = _facts(nights[0], "leave", ("transport", "water"))
    assert _values(both)[""]["amount"] == plain(together)


def test_the_columns_of_kinds_add_up_to_the_total(facts: dict[str, Any]) -> None:
    kinds = [f.name for f in LAYOUT.tables[0].figures if f.rule and f.rule.heaviest]
    for row in _values(facts).values():
        if row["total"] is not None:
            assert sum(int(row[name] or 0) for name in kinds) == int(row["total"]) > 0


def test_revoked_decisions_are_between_leaving_and_counting(
    nights: tuple[Site, Standing], facts: dict[str, Any]
) -> None:
    counted, silent = _values(_facts(nights[0], "count")), _facts(nights[0])
    assert int(counted["water"]["total"] or 0) > int(_values(facts)["water"]["total"] or 0)
    row = next(row for row in silent["tables"][0]["rows"] if row["code"] == "water")
    cell = next(c for c in row["cells"] if c["id"] == "penalty.total")
    assert cell["value"] is None
    assert cell["counted"] + cell["reasons"][0]["records"] == int(counted["water"]["total"] or 0)


def test_who_does_not_report_a_table_gets_no_zero(facts: dict[str, Any]) -> None:
    permit = _values(facts, "permit")
    assert (permit["water"]["granted"], permit["transport"]["granted"]) == (None, None)
    assert int(permit["market"]["granted"] or 0) > 0
    assert _values(facts)["market"]["total"] is None


def test_no_total_while_a_feed_waits_for_its_first_load(facts: dict[str, Any]) -> None:
    """The market's penalties and the others' licences are in the catalog, and were never pulled."""
    assert _values(facts)[""]["total"] is None
    assert _values(facts, "permit")[""]["granted"] is None


def test_every_empty_cell_has_its_reason_in_the_list_and_no_other(facts: dict[str, Any]) -> None:
    for table in facts["tables"]:
        told = {(row["code"], figure) for why in table["why"] for row in why["rows"] for figure in why["figures"]}
        assert told == {(row["code"], c["id"]) for row in table["rows"] for c in row["cells"] if c["value"] is None}
        assert len(table["why"]) < len(told)


def test_one_department_alone_has_no_total(nights: tuple[Site, Standing], facts: dict[str, Any]) -> None:
    alone = _facts(nights[0], "leave", ("water",))
    assert list(_values(alone)) == ["water"]
    assert _values(alone)["water"] == _values(facts)["water"]


def test_what_is_held_is_told(facts: dict[str, Any]) -> None:
    assert {row["feed"] for row in facts["uncounted"]} == set(FEEDS)
    assert all(row["held"] > 0 for row in facts["uncounted"])
    assert facts["year_open"] or YEAR < 2026


def test_every_number_can_be_followed_to_its_rows(nights: tuple[Site, Standing], tmp_path: Path) -> None:
    site = nights[0]
    report = Annual(site, YEAR)
    result = report.result(LAYOUT, Choice("", "leave"), report.records([LAYOUT]))
    paths = write_annual(result, tmp_path)

    assert [path.name for path in paths] == [f"shandong_2021.{s}" for s in ("html", "xlsx", "json", "counted.csv")]
    rows = list(csv.DictReader(io.StringIO(paths[3].read_text(encoding="utf-8"))))
    for code, values in _values(json.loads(paths[2].read_text(encoding="utf-8"))).items():
        if code:
            mine = [row for row in rows if (row["department"], row["cell"]) == (code, "penalty.fine")]
            assert len(mine) == int(values["fine"] or 0)
    told = json.loads(paths[2].read_text(encoding="utf-8"))
    assert {**result.facts(), "written_at": ""} == {**told, "written_at": ""}


def test_nothing_of_a_record_is_in_any_file(
    nights: tuple[Site, Standing], facts: dict[str, Any], tmp_path: Path
) -> None:
    report = Annual(nights[0], YEAR)
    paths = write_annual(report.result(LAYOUT, Choice(), report.records([LAYOUT])), tmp_path)
    written = b"".join(path.read_bytes() for path in paths if path.suffix != ".xlsx").decode()
    sheets = openpyxl.load_workbook(paths[1])
    written += " ".join(str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row)
    names = ("CF_XDR_MC", "CF_WSH", "CF_XDR_SHXYM", "CF_XDR_ZJHM", "CF_FRDB")
    known = {line[name] for lines in nights[1].values() for line in lines for name in names if line.get(name)}
    assert len(known) > 50
    assert [value for value in known if len(value) > 1 and value in written] == []


def test_the_workbook_is_text_without_formulas_and_says_what_the_page_says(facts: dict[str, Any]) -> None:
    hostile = json.loads(json.dumps(facts))
    hostile["tables"][0]["rows"][0]["zh"] = PLANTED
    book = openpyxl.load_workbook(io.BytesIO(workbook(hostile)))

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    sheet = book["行政处罚实施情况"]
    assert sheet.cell(5, 1).value == PLANTED
    said = [str(cell.value) for cell in sheet[5]][1:]
    assert said == [c["value"] or "未填" for c in facts["tables"][0]["rows"][0]["cells"]]
    assert [cell.value for cell in sheet[4]][1:3] == ["yes", "yes"]
    assert "计数规则" in book.sheetnames
    assert workbook(hostile) == workbook(hostile)


def test_the_page_in_a_browser(facts: dict[str, Any], browser: Browser, tmp_path: Path) -> None:
    hostile = json.loads(json.dumps(facts))
    hostile["tables"][0]["rows"][0]["zh"] = PLANTED
    path = tmp_path / "annual.html"
    path.write_text(page(hostile), encoding="utf-8")
    dialogs: list[str] = []
    tab = browser.new_page()
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(path.as_uri())

    assert tab.locator("#penalty").get_by_text(PLANTED).count() > 0
    assert (dialogs, tab.locator("script, img, iframe, object, link").count()) == ([], 0)
    links = tab.locator("td.n a").all()
    targets = {link.get_attribute("href") for link in links}
    assert len(links) == sum(table["of"] for table in facts["tables"])
    ids = set(re.findall(r'id="([^"]+)"', path.read_text(encoding="utf-8")))
    assert {str(target).lstrip("#") for target in targets} <= ids
    tab.locator("label.switch").click()
    assert tab.locator("h1").inner_text().startswith("Annual statistical report")
    assert not re.search(r"[\u4e00-\u9fff]", tab.locator("#permit h2").inner_text())
    tab.close()


def test_a_ledger_without_records_gives_no_report(tmp_path: Path) -> None:
    site = Site(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(Unfinished, match="no record is registered"):
        Annual(site, YEAR).records([LAYOUT])
    site.ledger.engine.dispose()


def test_a_file_that_is_gone_is_said_and_nothing_is_guessed(nights: tuple[Site, Standing], tmp_path: Path) -> None:
    """Another home with the same ledger: every canonical file is missing there."""
    site = replace(nights[0], home=tmp_path)
    report = Annual(site, YEAR)
    found = report.result(LAYOUT, Choice(), report.records([LAYOUT])).facts()
    cell = next(row for row in found["tables"][0]["rows"] if row["code"] == "water")["cells"][0]
    assert cell["value"] is None
    assert cell["reasons"][-1]["records"] > 40
    site.ledger.engine.dispose()


def test_records_that_a_person_destroyed_are_said_to_be_destroyed(
    nights: tuple[Site, Standing], tmp_path: Path
) -> None:
    """In a copy of the installation: the loads of one feed lose their keys, the other feeds keep their numbers."""
    home, ledger = Path(shutil.copytree(nights[0].home, tmp_path / "var")), tmp_path / "ledger.db"
    with (
        closing(sqlite3.connect(nights[0].home.parent / "ledger.db")) as old,
        closing(sqlite3.connect(ledger)) as new,
    ):
        old.backup(new)
    site = Site(home, f"sqlite:///{ledger}")
    with site.ledger.read() as connection:
        loads = list(connection.scalars(text("SELECT id FROM load WHERE feed = 'water/penalty'")))
    for load in loads:
        assert site.vault.keys.destroy(site.load_scope(load), site.ledger.now)
    shutil.rmtree(site.load_folder(loads[0]))

    values = _values(_facts(site, "leave"))
    row = next(row for row in _facts(site, "leave")["tables"][0]["rows"] if row["code"] == "water")
    assert values["water"]["total"] is None
    assert "销毁" in row["cells"][0]["reasons"][-1]["zh"]
    assert values["transport"] == _values(_facts(nights[0], "leave"))["transport"]
    site.ledger.engine.dispose()
