"""The nightly report in a real browser: foreign words stay words, nothing is fetched, both languages, true numbers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from exchange.report.nightly import page as rendered
from sandbox.generator import make_night
from sandbox.generator.layouts import LAYOUTS
from schemas.catalog import Catalog

pytestmark = pytest.mark.xdist_group("browser")
PLANTED = "<script>alert(1)</script><img src=http://outside.example/x onerror=alert(2)>"
FEEDS = set(Catalog().feeds)
Seen = dict[str, list[str]]


@pytest.fixture
def seen() -> Seen:
    """What the page tried: requests and dialogs."""
    return {"requests": [], "dialogs": []}


@pytest.fixture
def page(browser: Browser, reported: Path, seen: Seen) -> Iterator[Page]:
    tab = browser.new_page()
    tab.on("request", lambda request: seen["requests"].append(request.url))
    tab.on("dialog", lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()))
    tab.goto(reported.as_uri())
    yield tab
    tab.close()


@pytest.fixture
def facts(reported: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reported.with_name("report.json").read_text(encoding="utf-8"))
    return found


def test_planted_words_stay_words(page: Page, reported: Path, seen: Seen) -> None:
    for feed in ("market-penalty", "market-licence"):
        assert page.locator(f"#{feed}").get_by_text(PLANTED, exact=False).count() == 1
    assert page.locator("#market-penalty code", has_text="E<b>1</b>").count() == 1
    assert page.locator("script, img, iframe, object, link").count() == 0
    assert seen["dialogs"] == []
    assert "<script" not in reported.read_text(encoding="utf-8").lower()


def test_nothing_is_fetched_and_the_policy_forbids_it(page: Page, reported: Path, seen: Seen) -> None:
    assert seen["requests"] == [reported.as_uri()]
    policy = page.locator("meta[http-equiv='Content-Security-Policy']").get_attribute("content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"

    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=http://outside.example/x>')")
    with page.expect_event("console", lambda message: "Content Security Policy" in message.text, timeout=5000):
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=http://outside.example/y>')")


def test_the_switch_shows_english_and_back(page: Page) -> None:
    heading, sentence = page.locator("h1"), page.locator(".sentence")
    assert heading.inner_text().startswith("归集夜报")

    page.locator("label.switch").click()
    assert heading.inner_text().startswith("Guiji nightly report")
    assert "feeds are done" in sentence.inner_text()
    assert not re.search(r"[\u4e00-\u9fff]", sentence.inner_text())

    page.locator("label.switch").click()
    assert "个数据源" in sentence.inner_text()


def test_what_is_open_is_said_to_be_open(page: Page, facts: dict[str, Any]) -> None:
    count = len(FEEDS)
    assert f"✗ {count} 个数据源中 1 个办结，{count - 1} 个未办结。" in page.locator(".sentence").inner_text()
    assert page.locator("#market-penalty .mark").inner_text() == "办结"
    licence = page.locator("#market-licence")
    assert licence.locator(".mark").inner_text() == "未办结"
    assert "guiji run market/licence" in licence.inner_text()
    silent = sorted(FEEDS - {"market/penalty", "market/licence"})
    assert page.locator("p.card code").all_inner_texts() == silent == facts["silent"]


def test_the_page_and_the_json_say_the_same(page: Page, facts: dict[str, Any]) -> None:
    rows = page.locator("div.card tr").all()[1:]

    assert len(rows) == len(facts["feeds"]) == 2
    for row, feed in zip(rows, facts["feeds"], strict=True):
        balance = feed["balance"]
        told = [f"{receiver['accepted']:,} / {receiver['rejected']:,}" for receiver in feed["receivers"]]
        numbers = [f"{balance[name]:,}" for name in ("pulled", "quarantined", "new")]
        assert row.locator("td.n").all_inner_texts() == [*numbers, *told]
        parts = ("unchanged", "duplicate", "quarantined", "excluded", "new")
        assert balance["pulled"] == sum(balance[name] for name in parts)


def test_every_row_of_the_source_is_in_the_numbers(facts: dict[str, Any]) -> None:
    night = make_night(1, rows=40)

    for feed in facts["feeds"]:
        assert feed["balance"]["pulled"] == len(night.feeds[feed["name"]].rows) > 40


def test_no_persons_name_or_number_is_on_the_page_or_in_the_json(reported: Path) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in reported.parent.iterdir())
    names = ("party_name", "legal_representative", "party_id_number", "legal_representative_id_number")

    known = {
        value
        for feed, night in make_night(1, rows=40).feeds.items()
        for row in night.rows
        for name in names
        if (value := row[LAYOUTS[feed].columns[name]]) and len(value) > 1
    }
    assert len(known) > 100
    assert [value for value in known if value in written] == []


def test_a_whole_night_says_so(facts: dict[str, Any]) -> None:
    whole = {**facts, "whole": facts["expected"], "silent": []}

    assert f"全部 {len(FEEDS)} 个数据源办结" in rendered(whole)
    assert f"全部 {len(FEEDS)} 个数据源办结" not in rendered(facts)


def test_the_page_names_the_last_checkpoint_for_whoever_keeps_it(page: Page, facts: dict[str, Any]) -> None:
    assert facts["checkpoint"]["number"] == 1
    assert len(facts["checkpoint"]["sha256"]) == len(facts["checkpoint"]["sm3"]) == 64
    assert facts["checkpoint"]["sha256"] in page.content()
