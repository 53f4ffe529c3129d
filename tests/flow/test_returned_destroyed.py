"""A record that a receiver sent back and whose batch a person destroyed: it is not returned, and nothing breaks."""

from exchange import quarantine
from exchange.corrections import correct
from exchange.returns import write_returns
from exchange.shred import shred
from exchange.tickets import tickets
from tests.flow.conftest import Install
from tests.flow.workbooks import TICKET, Workbook

FEED = "market/penalty"


def test_what_was_destroyed_is_neither_returned_nor_corrected(install: Install) -> None:
    at = install(rows=40, only=FEED)
    at.run(FEED)
    site = at.site()
    for ticket in tickets(site, FEED):
        quarantine.drop(site, ticket.id, "不报", "tester")
    (written,) = write_returns(site, [site.catalog.feed(FEED)], at.home / "out", "tester")
    book = Workbook(written.path)
    ((_, row),) = book.rows()
    book.put(str(row[TICKET]), wfss="经查，当事人未按规定使用计量器具。")
    back = book.save(at.home / "back.xlsx")
    shred(site, 1, "到期", "tester")
    assert write_returns(site, [site.catalog.feed(FEED)], at.home / "out", "tester") == []
    outcome = correct(site, back, "补正", "tester", at.day)
    assert [(answer.subject, answer.outcome) for answer in outcome.answers] == [(row[TICKET], "destroyed")]
    site.ledger.engine.dispose()
