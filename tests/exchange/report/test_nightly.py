"""The page is read by people and fed by strangers: it must say the ledger's numbers, and run nothing."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exchange import quarantine
from exchange.report.nightly import write_report

HOSTILE = "<script>document.title = 'owned'; alert(1)</script><img src=https://example.invalid/x onerror=alert(2)>"


@pytest.fixture
def report(site):
    return write_report(site, site.today)


def test_what_a_receiver_says_stays_text_and_nothing_is_fetched(report, browser):
    dialogs, asked = [], []
    page = browser.new_page()
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    shown, title = page.inner_text("body"), page.title()
    elements = page.locator("script, img, iframe, object, link").count()
    assert page.get_by_text("归集夜报").is_visible()
    page.locator("label.switch").click()
    assert page.get_by_text("Guiji nightly report").is_visible()
    assert not page.get_by_text("归集夜报").is_visible()
    page.close()
    assert HOSTILE in shown
    assert (dialogs, elements) == ([], 0)
    assert asked == [report.as_uri()]
    assert title == "归集夜报 2026-03-02"


def test_the_page_and_the_json_say_the_same_and_both_add_up(report):
    (feed,) = json.loads((report.parent / "report.json").read_text(encoding="utf-8"))["feeds"]
    balance = feed["balance"]
    parts = [balance[name] for name in ("unchanged", "duplicate", "quarantined", "excluded", "new")]
    assert (balance["pulled"], parts) == (3, [0, 0, 1, 0, 2])
    html = report.read_text(encoding="utf-8")
    equation = re.search(r'<p class="equation">(.*?)</p>', html, re.DOTALL)
    assert equation
    printed = [int(n) for n in re.findall(r"\d+", re.sub(r"<[^>]*>", " ", equation[1]))]
    assert printed == [3, *parts]
    row = html.split("应送")[1].split("<tr>")[1]
    cells = [int(n) for n in re.findall(r'<td class="n[^"]*">(\d+)</td>', row)]
    said = feed["receivers"][0]
    assert cells == [said["versions"], said["accepted"], said["rejected"], 0, 0] == [2, 1, 1, 0, 0]


def test_it_tells_what_is_open_and_which_feeds_were_silent(report, site):
    facts = json.loads((report.parent / "report.json").read_text(encoding="utf-8"))
    assert set(facts["silent"]) == set(site.catalog.feeds) - {"market/penalty"}
    assert (facts["whole"], facts["feeds"][0]["receivers"][1]["unsealed"]) == (0, 2)
    assert "guiji run market/penalty" in report.read_text(encoding="utf-8")


def test_no_value_and_no_key_of_a_record_is_in_either_file(report):
    for path in report.parent.iterdir():
        words = path.read_text(encoding="utf-8")
        assert "壹佰元" not in words
        assert not re.search(r"\bk[123]\b", words)


def test_the_same_ledger_gives_the_same_bytes(report, site):
    before = {path.name: path.read_bytes() for path in report.parent.iterdir()}
    write_report(site, site.today)
    assert {path.name: path.read_bytes() for path in report.parent.iterdir()} == before


def test_it_tells_who_sees_to_a_held_row_until_when_and_what_is_overdue(site):
    quarantine.assign(site, 1, "<b>李某</b>", "knows the source", "tester")
    later = replace(site, clock=lambda: datetime(2026, 3, 17, 1, tzinfo=UTC))
    for at, word, overdue in ((site, "2026-03-16", 0), (later, "2026-03-16 逾期 overdue", 1)):
        page = write_report(at, site.today)
        (feed,) = json.loads((page.parent / "report.json").read_text(encoding="utf-8"))["feeds"]
        (ticket,) = feed["tickets"]
        assert (ticket["assignee"], ticket["due"], feed["overdue_tickets"]) == ("<b>李某</b>", word, overdue)
        html = page.read_text(encoding="utf-8")
        assert "&lt;b&gt;李某&lt;/b&gt;" in html
        assert ("其中逾期" in html) == bool(overdue)
