"""Return files of every form a source comes in: CSV in GB 18030, Excel with headers broken over lines, JSON, tables."""

import csv
import io
import re

import pytest

from exchange.corrections import correct
from exchange.returns import write_returns
from exchange.tickets import Ticket, tickets
from sandbox.generator.layouts import LAYOUTS
from tests.flow.conftest import Install
from tests.flow.workbooks import Workbook

FACTS = "经查，当事人未按规定办理。"


def mended(feed: str, ticket: Ticket, row: dict[str, str | None]) -> dict[str, str]:
    """What the department writes: the year that the number lacks, or the text whose bytes are lost."""
    columns = LAYOUTS[feed].columns
    codes = {code for code, _ in ticket.codes}
    if "DOC_NO_YEAR_MISSING" in codes:
        number = columns["decision_number"]
        return {number: re.sub(r"(\d+)号$", r"〔2026〕\1号", str(row[number]))}
    return {columns.get("violation_facts", columns.get("licence_content", "")): FACTS}


@pytest.mark.parametrize("feed", ["transport/penalty", "transport/licence", "water/penalty", "water/licence"])
def test_a_row_of_any_form_goes_there_and_back_and_stands_the_next_night(install: Install, feed: str) -> None:
    at = install(rows=40, only=feed)
    at.run(feed)
    site = at.site()
    wrong = [
        t for t in tickets(site, feed) if {"DOC_NO_YEAR_MISSING", "TEXT_REPLACED_CHARACTERS"} & {c for c, _ in t.codes}
    ]
    assert wrong
    (written,) = write_returns(site, [site.catalog.feed(feed)], at.home / "out", "tester")
    book = Workbook(written.path)
    rows = dict(book.rows())
    for ticket in wrong:
        for column, value in mended(feed, ticket, rows[book.row_of(str(ticket.id))]).items():
            book.set(str(ticket.id), column, value)
    outcome = correct(site, book.save(at.home / "back.xlsx"), "补正", "tester", at.day)
    found = {answer.subject: answer.outcome for answer in outcome.answers}
    assert {found[str(ticket.id)] for ticket in wrong} == {"corrected"}
    assert set(found.values()) <= {"corrected", "untouched"}
    at.world.advance_to(2)
    at.run(feed)
    held = {ticket.id for ticket in tickets(site, feed)}
    assert not held & {ticket.id for ticket in wrong}
    site.ledger.engine.dispose()


def test_a_line_that_could_not_be_split_is_filled_in_by_the_department(install: Install) -> None:
    """Nothing of it could be read, not even its number at the source: that may be written too."""
    feed, name = "transport/penalty", "xzcf_20260301_b.csv"
    at = install(rows=40, only=feed)
    (whole,) = (at.world.state / "transport").glob("xzcf_*.csv")
    head, first, *_ = csv.reader(io.StringIO(whole.read_bytes().decode("gb18030"), newline=""))
    row = dict(zip(head, first, strict=True)) | {"流水号": "JT9", "处罚决定书文号": "云交处罚〔2026〕9009号"}
    lines = [",".join(f'"{cell}"' for cell in cells) for cells in (head, [*row.values(), "多出的一格"])]
    whole.with_name(name).write_bytes("\r\n".join([*lines, ""]).encode("gb18030"))
    at.run(feed)
    site = at.site()
    (ticket,) = [t for t in tickets(site, feed) if any(code == "ROW_RAGGED" for code, _ in t.codes)]
    (written,) = write_returns(site, [site.catalog.feed(feed)], at.home / "out", "tester")
    book = Workbook(written.path)
    for column, value in row.items():
        book.set(str(ticket.id), column, value or None)
    outcome = correct(site, book.save(at.home / "back.xlsx"), "补正", "tester", at.day)
    assert {answer.outcome for answer in outcome.answers if answer.subject == str(ticket.id)} == {"corrected"}
    at.run(feed)
    taken = [one.cd_id for one in at.receiver("nation").applied() if one.cd_id.endswith("9009号")]
    assert len(taken) == 1
    site.ledger.engine.dispose()
