"""The commands over one night of which the nation has not answered: what they print, refuse and write down."""

import json
from pathlib import Path

import pytest

from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.outbox import Outbox

FEED, DAY, LI, WANG = "market/penalty", "2026-03-02", ("--person", "Li"), ("--person", "Wang")


@pytest.fixture
def ask(site, guiji):
    """guiji on that night's installation."""
    return lambda *words: guiji(*words, env={"GUIJI_HOME": str(site.home), "GUIJI_LEDGER": site.ledger_url})


@pytest.fixture
def held(site):
    """The key of a delivery of which nobody knows whether it arrived."""
    book, lease = Deliveries(site.ledger), site.ledger.take(f"{FEED}>nation")
    versions = Outbox(site.ledger).pending(FEED, "nation")["version"].to_pylist()
    key = delivery_key("nation", "p@1", [b"held"], "body")
    book.seal(Delivery(key, "nation", FEED, 1, 1, len(versions), "body", "sealed", 0), "p@1", versions, lease)
    book.hold(book.intend(book.open(FEED, "nation")[0], lease), lease)
    return key


def test_a_day_is_shown_not_closed_while_open_and_accepted_by_a_person(ask):
    shown = ask("day", "show", DAY, "--feed", FEED)
    assert (shown.status, "未关账 open" in shown.out, "load 1 nation: 2" in shown.out) == (0, True, True)
    refused = ask("day", "close", DAY, "--feed", FEED)
    assert (refused.status, "load 1 nation: 2" in refused.out) == (1, True)
    done = ask("day", "accept", DAY, "--feed", FEED, "--reason", "停机", *LI)
    assert (done.status, done.err) == (0, "")
    told = json.loads(ask("status", "--json", "--date", DAY, "--feed", FEED).out)[FEED]
    assert (told["day"], told["closed_through"], told["whole"]) == ("accepted", DAY, False)
    again = ask("day", "accept", DAY, "--feed", FEED, "--reason", "停机", *LI)
    assert (again.status, "accepted already" in again.err) == (1, True)


def test_status_of_a_day_without_a_load_says_so(ask):
    said = ask("status", "--date", "2026-03-09", "--feed", FEED)
    assert (said.status, "无批次" in said.out) == (0, True)
    assert json.loads(ask("status", "--json", "--date", "2026-03-09", "--feed", FEED).out) == {FEED: None}


def test_two_persons_drop_a_held_delivery(ask, held):
    listed = ask("delivery", "list")
    assert (listed.status, held[:16] in listed.out) == (0, True)
    assert f"guiji delivery show {held[:16]}" in ask("status").out
    page = Path(ask("report", "--date", DAY).out.strip()).read_text(encoding="utf-8")
    assert "guiji delivery list" in page
    first = ask("delivery", "drop", held[:10], "--close", "--reason", "电话：未收到", *LI)
    assert (first.status, "--confirm" in first.out) == (0, True)
    assert "Li · 电话：未收到" in ask("delivery", "show", held[:10]).out
    alone = ask("delivery", "drop", held[:10], "--confirm", *LI)
    assert (alone.status, "cannot confirm" in alone.err) == (1, True)
    assert ask("delivery", "drop", held[:10], "--confirm", *WANG).status == 0
    assert "dropped" in ask("delivery", "show", held[:10]).out


def test_the_history_holds_and_asof_tells_one_record(ask):
    verified = ask("ledger", "verify")
    assert (verified.status, "✓ 0 行" in verified.out) == (0, True)
    counted = ask("asof", "province", DAY)
    assert (counted.status, counted.out) == (0, f"{FEED}  在库 held 1  已撤销 revoked 0\n")
    one = ask("asof", "province", DAY, "k1")
    assert (one.status, "revision 1" in one.out, "receipt R1" in one.out) == (0, True, True)
    none = ask("asof", "nation", DAY, "k1")
    assert (none.status, "had nothing of k1" in none.err) == (1, True)
