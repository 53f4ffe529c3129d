"""A corrected return file in the department's own drop folder is taken in as one, once, and not as a night's rows."""

from pathlib import Path

import pytest
from sqlalchemy import text

from exchange import flow
from exchange.returns import write_returns
from exchange.tickets import tickets
from tests.flow.conftest import Install
from tests.flow.installation import Installation
from tests.flow.test_returned_formats import mended
from tests.flow.workbooks import Workbook


def _back(at: Installation, feed: str, name: str) -> tuple[Path, set[int]]:
    """The return file with some rows put right, in the folder; and their tickets."""
    site = at.site()
    mendable = {"DOC_NO_YEAR_MISSING", "TEXT_REPLACED_CHARACTERS"}
    wrong = [t for t in tickets(site, feed) if mendable & {c for c, _ in t.codes}]
    (written,) = write_returns(site, [site.catalog.feed(feed)], at.home / "out", "tester")
    book = Workbook(written.path)
    rows = dict(book.rows())
    for ticket in wrong:
        for column, value in mended(feed, ticket, rows[book.row_of(str(ticket.id))]).items():
            book.set(str(ticket.id), column, value)
    site.ledger.engine.dispose()
    return book.save(at.world.transport.folder / name), {ticket.id for ticket in wrong}


# The second lies where the night's own workbooks do, under a name that the mapping's pattern takes.
@pytest.mark.parametrize(
    ("feed", "name"),
    [("transport/penalty", "退回单_已补正.xlsx"), ("transport/licence", "xzxk_20990101.xlsx")],
)
def test_it_settles_its_tickets_and_is_no_file_of_the_night(install: Install, feed: str, name: str) -> None:
    at = install(only="transport/*")
    site = at.site()
    flow.pull_and_land(site, feed, at.day)
    flow.normalize_and_validate(site, feed)
    path, wrong = _back(at, feed, name)
    assert wrong
    if feed == "transport/penalty":
        (at.world.transport.folder / "half.xlsx").write_bytes(path.read_bytes()[:2000])
    (other,) = {"transport/penalty", "transport/licence"} - {feed}
    for one in (other, feed, feed):
        at.world.advance_to(at.world.night + 1)
        flow.pull_and_land(site, one, at.day)
        flow.normalize_and_validate(site, one)
    assert not wrong & {ticket.id for ticket in tickets(site, feed)}
    with site.ledger.read() as connection:
        given = text("SELECT subject, person FROM event WHERE what = 'corrections given'")
        ((subject, person),) = connection.execute(given).all()
        late = connection.scalar(text("SELECT COUNT(*) FROM finding WHERE code = 'FILE_LATE'"))
        taken = connection.scalars(text("SELECT position FROM load WHERE kind = 'pull'")).all()
    assert subject.startswith(feed)
    assert person == "投放目录 drop folder transport"
    assert (late, [one for one in taken if path.name in one]) == (0, [])
    site.ledger.engine.dispose()


def test_one_of_another_site_is_noted_and_hinders_nothing(install: Install) -> None:
    feed = "transport/penalty"
    at = install(only=feed)
    site = at.site()
    flow.pull_and_land(site, feed, at.day)
    flow.normalize_and_validate(site, feed)
    path, wrong = _back(at, feed, "a.xlsx")
    assert wrong
    book = Workbook(path)
    for number, _ in list(book.rows()):
        book.sheet.cell(number, 1).value = "999999"
    book.save(path)
    for night in (2, 3):
        at.world.advance_to(night)
        flow.pull_and_land(site, feed, at.day)
        flow.normalize_and_validate(site, feed)
    with site.ledger.read() as connection:
        said = connection.scalars(text("SELECT detail FROM event WHERE what = 'return file not taken'")).all()
    assert len(said) == 1
    assert "no row of it answers a ticket" in said[0]
    assert wrong <= {ticket.id for ticket in tickets(site, feed)}
    site.ledger.engine.dispose()
