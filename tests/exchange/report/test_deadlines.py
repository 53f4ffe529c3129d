"""Statutory clocks over a real ledger and a real canonical file: who is late with what, by receiver, on a given day."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import typer
from playwright.sync_api import Browser

from exchange.canonical import CanonicalFile, CanonicalWriter
from exchange.cli.deadlines import deadlines
from exchange.ledger.deliveries import Deliveries, Delivery, delivery_key
from exchange.ledger.loads import Loads
from exchange.ledger.outbox import Outbox
from exchange.ledger.registration import register
from exchange.report.deadlines_page import write_deadlines
from exchange.site import Site
from schemas.catalog import HOUSE, Catalog
from schemas.exchange import RecordVerdict
from schemas.findings import Flag
from schemas.standard import standard

FEED = "market/penalty"
KIND = standard("enforcement", "1.0").record_types["penalty"]
DAY = date(2026, 3, 2)
# 7 working days: 2026-02-11 → 02-27, 02-24 → 03-04 (02-28 is a make-up Saturday), 02-25 → 03-05, 03-02 → 03-11
DECIDED = [date(2026, 2, 11), date(2026, 2, 24), date(2026, 2, 25), date(2026, 3, 2), None, date(2031, 5, 6),
           date(2026, 2, 11), date(2026, 2, 11)]  # fmt: skip
HELD = [False] * 6 + [True, True]
NAME = "某某人民币壹佰元"  # stands for a value of a record


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with _made(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}") as site:
        yield site


@contextmanager
def _made(home: Path, url: str) -> Iterator[Site]:
    """Eight rows: six registered, two held, one of them of a record that is registered. The province has three."""
    clock = [datetime(2026, 3, 2, 1, tzinfo=UTC)]
    site = Site(home, url, Catalog(HOUSE), lambda: clock[0])
    loads, lease = Loads(site.ledger), site.ledger.take(FEED)
    load = loads.open(FEED, DAY, lease)
    loads.landed(load, "b" * 64, {"time": "t1"}, True, lease)
    _write(site, load)
    register(
        site.ledger, loads.get(load), CanonicalFile(site, load).staging_chunks(np.array(HELD)),
        [Flag("TEXT_MOJIBAKE", "", np.array([6, 7], dtype=np.int64))], keep_last=False, standard="enforcement/1.0",
        receivers=("province", "nation"), gate=lambda _: None, lease=lease,
    )  # fmt: skip
    clock[0] = datetime(2026, 3, 2, 17, tzinfo=UTC)  # 01:00 of 3 March in Shanghai
    _send(site, load)
    yield site
    site.ledger.engine.dispose()


def _write(site: Site, load: int) -> None:
    count = len(DECIDED)
    rows: dict[str, Any] = {field.name: [None] * count for field in KIND.fields}
    rows |= {
        "party_name": [NAME] * count, "decision_date": DECIDED,
        "_key": [f"A|{n}号" for n in range(7)] + ["A|0号"], "_ref": [str(n) for n in range(count)],
        "_digest": [f"d{n}" for n in range(count)], "_operation": ["upsert"] * count,
        "_raw_digest": [None] * 6 + ["raw6", "raw7"], "_part": [0] * count, "_row": list(range(count)),
    }  # fmt: skip
    with CanonicalWriter(site, load, KIND.arrow_schema()) as writer:
        writer.write(pa.table({f.name: pa.array(rows[f.name], f.type) for f in writer.schema}))


def _send(site: Site, load: int) -> None:
    """The province takes the first three but the third, and has not answered for the others."""
    book, lease = Deliveries(site.ledger), site.ledger.take(f"{FEED}>province")
    versions = Outbox(site.ledger).pending(FEED, "province")["version"].to_pylist()[:3]
    key = delivery_key("province", "p@1", [b"0", b"1", b"2"], "body")
    item = Delivery(key, "province", FEED, 1, load, len(versions), "body", "sealed", 0)
    book.seal(item, "p@1", versions, lease)
    verdicts = [RecordVerdict(0, "accepted"), RecordVerdict(1, "accepted"), RecordVerdict(2, "rejected", "1001", "x")]
    book.file(book.intend(item, lease), "R1", 200, "f", "acked", verdicts, lease)


def _told(site: Site, on: date, receiver: str, within: int = 7) -> dict[str, Any]:
    _, told = write_deadlines(site, on, within)
    row: dict[str, Any] = next(r for r in told["receivers"] if (r["feed"], r["receiver"]) == (FEED, receiver))
    return row


def _counts(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("records", "on_time", "late", "overdue", "today", "soon", "open", "unknown")}


def test_the_receivers_word_stops_the_clock_and_nothing_else_does(site: Site) -> None:
    """On 4 March the province took one late (due 27 February) and one in time (4 March); one waits in quarantine."""
    assert _counts(_told(site, date(2026, 3, 4), "province")) == {
        "records": 7, "on_time": 1, "late": 1, "overdue": 1, "today": 0, "soon": 2, "open": 2, "unknown": 2
    }  # fmt: skip
    assert _counts(_told(site, date(2026, 3, 4), "nation")) == {
        "records": 7, "on_time": 0, "late": 0, "overdue": 2, "today": 1, "soon": 3, "open": 3, "unknown": 2
    }  # fmt: skip


def test_postgresql_says_the_same(tmp_path: Path, postgres_url: str, site: Site) -> None:
    with _made(tmp_path / "other", postgres_url) as other:
        for receiver in ("province", "nation"):
            assert _told(other, date(2026, 3, 4), receiver) == _told(site, date(2026, 3, 4), receiver)


def test_each_record_is_told_with_where_it_is_stuck(site: Site) -> None:
    rows = _told(site, date(2026, 3, 12), "province")["list"]
    assert [(row["due"], row["days_late"], row["state"], row["row"]) for row in rows] == [
        ("2026-02-27", 13, "held", 7), ("2026-03-05", 7, "rejected", 3), ("2026-03-11", 1, "unsealed", 4)
    ]  # fmt: skip
    assert [row["ticket"] is not None for row in rows] == [True, False, False]


def test_a_day_in_the_past_does_not_know_what_came_after_it(site: Site) -> None:
    """The receipt was filed at 01:00 of 3 March in Shanghai, still the 2nd in UTC."""
    before, after = (_told(site, date(2026, 3, day), "province") for day in (2, 3))
    assert (before["on_time"], before["late"], before["overdue"]) == (0, 0, 2)
    assert (after["on_time"], after["late"], after["overdue"]) == (1, 1, 1)
    assert (before["rate"], after["rate"]) == (0, round(1 / 3, 4))


def test_what_cannot_be_told_is_said_and_never_counted_as_in_time(site: Site) -> None:
    row = _told(site, date(2026, 3, 4), "nation")
    assert (row["unknown"], row["unknown_year"]) == (2, 2031)
    site.load_folder(1).joinpath("canonical.parquet").unlink()
    gone = _told(site, date(2026, 3, 4), "nation")
    assert (gone["records"], gone["unknown"], gone["overdue"]) == (7, 7, 0)


def test_records_whose_key_was_destroyed_cannot_be_told_and_stop_nobody(site: Site) -> None:
    site.vault.keys.destroy(site.load_scope(1), site.ledger.now)
    row = _told(site, date(2026, 3, 4), "nation")
    assert (row["records"], row["unknown"]) == (7, 7)


def test_a_revoked_record_has_no_duty(site: Site) -> None:
    with site.ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal) "
            "SELECT feed, business_key, revision + 1, 'revoke', digest, load_id, -1 FROM record_version "
            "WHERE business_key = 'A|1号'"
        )
    assert _told(site, date(2026, 3, 4), "nation")["records"] == 6


def test_the_three_files_agree_and_only_the_csv_names_records(site: Site) -> None:
    path, told = write_deadlines(site, date(2026, 3, 12), 7)
    html = path.read_text(encoding="utf-8")
    assert json.loads(path.with_suffix(".json").read_text(encoding="utf-8")) == told
    listed = list(csv.DictReader(path.with_suffix(".csv").read_text(encoding="utf-8").splitlines()))
    assert len(listed) == sum(row["listed"] for row in told["receivers"]) == told["overdue"] + told["soon"]
    assert {row["business_key"] for row in listed} >= {"A|2号", "A|3号"}
    assert path.with_suffix(".csv").stat().st_mode & 0o077 == 0
    assert f"已逾期 {told['overdue']} 条" in html
    for text in (html, json.dumps(told, ensure_ascii=False)):
        assert NAME not in text
        assert "A|" not in text


def test_the_page_is_read_in_a_browser_in_both_languages(site: Site, browser: Browser) -> None:
    path, _ = write_deadlines(site, date(2026, 3, 12), 7)
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.get_by_text("公开与报送期限").is_visible()
    assert page.get_by_text("接收方退回").first.is_visible()
    page.locator("label.switch").click()
    assert page.get_by_text("sent back by the receiver").first.is_visible()
    assert not page.get_by_text("公开与报送期限").is_visible()
    page.close()
    assert asked == [path.as_uri()]


def test_the_command_shows_the_table_and_its_status_says_whether_anything_is_overdue(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"GUIJI_HOME": str(site.home), "GUIJI_LEDGER": site.ledger_url}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(typer.Exit) as status:
        deadlines(datetime(2026, 3, 12), 7)
    out = " ".join(capsys.readouterr().out.split())
    assert status.value.exit_code == 1
    assert "market/penalty │ province │ 7 工作日" in out or "market/penalty province 7 工作日" in out
    assert "2031 年的节假日未知" in out
    deadlines(datetime(2026, 2, 1), 0)
    assert "deadlines.html" in capsys.readouterr().out
