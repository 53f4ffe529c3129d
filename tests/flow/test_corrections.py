"""Rows go back to their department as a workbook, come back corrected, and stand; told by the receivers' logs."""

import os
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from exchange import flow, replay
from exchange.corrections import Outcome, correct
from exchange.ledger.loads import Loads
from exchange.returns import Returned, write_returns
from exchange.tickets import Ticket, rejections, tickets
from sandbox.receivers.log import Applied
from schemas.catalog import HOUSE
from schemas.errors import GuijiError, SourceChanged
from tests.flow.conftest import Install, installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import applied_of, serial_of
from tests.flow.workbooks import CHECK, TICKET, Workbook

pytestmark = pytest.mark.xdist_group("corrections")
FEED = "market/penalty"
FORMULA = "=cmd|'/c calc'!A1"
FACTS = "经查，当事人使用未经检定的计量器具。"
LATER = "经查，当事人使用未经检定的计量器具两台。"


@dataclass
class Story:
    """Three nights: rows returned after the first, corrections taken in, and the old rows of the source ever after."""

    at: Installation
    seen: dict[str, Any] = field(default_factory=dict)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        site = self.at.site()
        with site.ledger.read() as connection:
            rows = [tuple(row) for row in connection.execute(text(query))]
        site.ledger.engine.dispose()
        return rows

    def source(self, column: str, value: str, row: str) -> None:
        with closing(sqlite3.connect(self.at.world.state / "market.sqlite")) as source, source:
            source.execute(f"UPDATE xzcf SET {column} = ? WHERE id = ?", (value, row))

    def give_back(self, name: str) -> Workbook:
        site = self.at.site()
        feeds = [site.catalog.feed(FEED)]
        (written,) = write_returns(site, feeds, self.at.home / name, "tester")
        self.seen[name] = written
        site.ledger.engine.dispose()
        return Workbook(written.path)

    def take(self, path: Path) -> Outcome:
        site = self.at.site()
        outcome = correct(site, path, "部门来函", "tester", self.at.day)
        site.ledger.engine.dispose()
        return outcome

    def night(self, number: int) -> None:
        self.at.world.advance_to(number)
        self.source("bz", FORMULA, self.seen["text"].source_ref)
        self.at.run(FEED)

    def took(self, serial: int) -> dict[str, list[Applied]]:
        return {code: applied_of(self.at.receiver(code), FEED).get(serial, []) for code in RECEIVERS}


def _live(story: Story) -> None:
    seen, at = story.seen, story.at
    held = [row for row in at.world.truth(1).feeds[FEED].rows if "??" in str(row["wfss"])]
    story.source("bz", FORMULA, str(held[0]["id"]))
    at.run(FEED)
    site = at.site()
    found = tickets(site, FEED)
    seen["back"] = rejections(site, FEED)
    pairs: dict[str, list[Ticket]] = {}
    for one in found:
        if any(code == "KEY_CONFLICT" for code, _ in one.codes):
            pairs.setdefault(str(one.business_key), []).append(one)
    (seen["moved"], seen["rest"]), (seen["wrong"], seen["tampered"]) = list(pairs.values())[:2]
    seen["text"] = next(one for one in found if one.source_ref == held[0]["id"])
    site.ledger.engine.dispose()
    first = story.give_back("first")
    first.put(str(seen["text"].id), wfss=FACTS)
    first.put(str(seen["moved"].id), jdswh="云市监处罚〔2026〕9022号")
    first.put(str(seen["wrong"].id), jdrq=None)
    first.set(str(seen["tampered"].id), CHECK, "0" * 20)
    seen["sent back"] = f"V{seen['back'][0].version}"
    first.put(seen["sent back"], xdrmc="玉溪市青禾泽食品有限公司")
    seen["path"] = first.save(at.home / "back.xlsx")
    seen["given"] = story.take(seen["path"])
    seen["watermark"] = story.ask("SELECT load_id FROM watermark")
    seen["again"] = story.take(seen["path"])
    for number in (2, 3):
        story.night(number)
        seen[f"night {number}"] = story.ask("SELECT state, unchanged, quarantined, vanished FROM load ORDER BY id")[-1]
    seen["tickets"] = dict(story.ask("SELECT id, state FROM quarantine"))
    seen["standing"] = story.took(serial_of(held[0]["jdswh"]))
    story.source("wfss", LATER, seen["text"].source_ref)
    at.run(FEED)
    seen["changed"] = story.took(serial_of(held[0]["jdswh"]))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with installed(tmp_path_factory.mktemp("corrections"), rows=40, only=FEED) as at:
        told = Story(at)
        _live(told)
        yield told


def outcomes(outcome: Outcome) -> dict[str, str]:
    return {answer.subject: answer.outcome for answer in outcome.answers}


def test_three_fixed_one_still_wrong_and_one_tampered_are_exactly_that(story: Story) -> None:
    seen = story.seen
    assert outcomes(seen["given"]) == {
        str(seen["text"].id): "corrected", str(seen["moved"].id): "corrected", seen["sent back"]: "corrected",
        str(seen["wrong"].id): "held", str(seen["tampered"].id): "tampered", str(seen["rest"].id): "untouched",
    }  # fmt: skip
    why = next(answer for answer in seen["given"].answers if answer.outcome == "held")
    assert "必填字段为空（decision_date）" in why.zh


def test_the_same_file_again_settles_nothing_twice(story: Story) -> None:
    seen = story.seen
    assert Counter(outcomes(seen["again"]).values()) == {"settled": 3, "untouched": 2, "tampered": 1}
    assert outcomes(seen["again"])[str(seen["wrong"].id)] == "untouched", "nothing changed since it was last given"


def test_a_correction_moves_no_watermark_and_infers_no_deletion(story: Story) -> None:
    assert story.seen["watermark"] == [(1,)]
    assert story.ask("SELECT SUM(vanished) FROM load WHERE kind = 'correction'") == [(0,)]
    assert {row[0] for row in story.ask("SELECT state FROM load WHERE kind = 'correction'")} == {"closed"}


@pytest.mark.parametrize("code", RECEIVERS)
def test_the_old_row_of_the_source_overwrites_nothing_for_two_more_nights(story: Story, code: str) -> None:
    """The correction is the only version that either receiver ever took, until the source itself changed."""
    (only,) = story.seen["standing"][code]
    assert FACTS in only.line.decode()
    assert [one.revision for one in story.seen["changed"][code]] == [1, 2]
    assert LATER in story.seen["changed"][code][-1].line.decode()


def test_tickets_stay_settled_while_the_source_is_as_it_was(story: Story) -> None:
    seen = story.seen
    assert [seen["tickets"][seen[name].id] for name in ("text", "moved", "rest", "wrong", "tampered")] == [
        "corrected", "corrected", "corrected", "held", "held",
    ]  # fmt: skip
    assert seen["night 2"][0] == seen["night 3"][0] == "closed"


def test_what_got_a_key_of_its_own_goes_out_under_it_and_its_twin_under_theirs(story: Story) -> None:
    for code in RECEIVERS:
        assert [one.operation for one in story.took(9022)[code]] == ["i"]
        assert [one.operation for one in story.took(serial_of(story.seen["rest"].business_key))[code]] == ["i"]


def test_the_file_is_for_its_owner_alone_and_holds_text_alone(story: Story) -> None:
    written: Returned = story.seen["first"]
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600
    book = Workbook(written.path)
    assert {cell.data_type for row in book.sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}
    with zipfile.ZipFile(written.path) as entries:
        sheet = entries.read("xl/worksheets/sheet1.xml")
        assert not any("vba" in name.lower() or "externalLink" in name for name in entries.namelist())
    assert b"<f>" not in sheet
    assert b"<hyperlink" not in sheet
    assert book.sheet.protection.sheet
    assert book.sheet.cell(4, 1).protection.locked
    assert not book.sheet.cell(4, book.columns["wfss"]).protection.locked
    assert "个人信息" in book.sheet.cell(1, 1).value


def test_the_file_shows_the_raw_values_the_problem_and_the_remedy(story: Story) -> None:
    seen = story.seen
    book = Workbook(seen["first"].path)
    row = dict(book.rows())[book.row_of(str(seen["text"].id))]
    assert row["bz"] == FORMULA
    truth = next(r for r in story.at.world.truth(1).feeds[FEED].rows if r["id"] == seen["text"].source_ref)
    assert {name: row[name] or "" for name in truth if name != "bz"} == {
        name: value or "" for name, value in truth.items() if name != "bz"
    }
    assert "（wfss）" in str(row["问题字段 field"])
    assert "文字有字节丢失" in str(row["问题 problem"])
    assert "charset" in str(row["办法 remedy"])
    back = dict(book.rows())[book.row_of(seen["sent back"])]
    assert "province 退回 sent back: 1001" in str(back["问题 problem"])
    assert len(list(book.rows())) == seen["first"].rows == 6


def test_who_was_given_what_is_in_the_history(story: Story) -> None:
    lines = story.ask("SELECT what, person, subject, detail FROM event ORDER BY id")
    returned = next(line for line in lines if line[0] == "rows returned")
    assert returned[1:3] == ("tester", FEED)
    assert story.seen["first"].sha256 in returned[3]
    given = next(line for line in lines if line[0] == "corrections given")
    assert given[3].startswith("corrected 3, held 1, tampered 1, untouched 1; file ")


def test_the_file_that_came_back_is_kept_encrypted(story: Story) -> None:
    site = story.at.site()
    load = story.seen["given"].load_id
    kept = site.load_folder(load) / "returned.xlsx"
    assert site.vault.read(kept, site.load_scope(load)) == story.seen["path"].read_bytes()
    assert not kept.read_bytes().startswith(b"PK")


def test_unknown_doubled_and_foreign_rows_get_a_plain_sentence_each(story: Story) -> None:
    book = story.give_back("second")
    wrong, tampered = str(story.seen["wrong"].id), str(story.seen["tampered"].id)
    book.put(wrong, jdrq="2026-03-01")
    book.repeat(wrong, jdrq="2026-03-02")
    book.repeat(tampered, **{TICKET: "999999"})
    book.put(tampered, id="777")
    outcome = story.take(book.save(story.at.home / "second.xlsx"))
    assert Counter(a.outcome for a in outcome.answers) == {
        "doubled": 2, "unknown": 1, "row_key": 1, "untouched": len(outcome.answers) - 4,
    }  # fmt: skip
    assert outcome.load_id is None
    assert all(answer.zh and answer.en for answer in outcome.answers)


def test_a_business_key_that_was_not_at_fault_may_not_be_changed(story: Story) -> None:
    book = story.give_back("third")
    number = next(str(row[TICKET]) for _, row in book.rows() if str(row[TICKET]).startswith("V"))
    book.put(number, jdswh="云市监处罚〔2026〕9999号")
    outcome = story.take(book.save(story.at.home / "third.xlsx"))
    assert outcomes(outcome)[number] == "key"
    assert outcome.load_id is None


def test_a_file_that_is_no_return_file_is_refused(story: Story, tmp_path: Path) -> None:
    with pytest.raises(SourceChanged):
        story.take(Path(__file__))
    with pytest.raises(GuijiError):
        story.take(tmp_path / "nothing.xlsx")


@pytest.mark.parametrize("stage", replay.STAGES)
def test_a_replay_of_the_first_night_brings_nothing_back(story: Story, stage: str) -> None:
    """Three nights later records of it were revoked by the source, vanished, changed, and corrected."""
    site, before = story.at.site(), {code: len(story.at.receiver(code).attempts()) for code in RECEIVERS}
    earlier = Loads(site.ledger).get(1)
    splits = replay.preview(site, earlier, stage, earlier.business_date)
    rows = story.ask(
        "SELECT new_versions FROM load WHERE id = 1" if stage == "seal" else "SELECT pulled FROM load WHERE id = 1"
    )
    for one in splits:
        assert one.shares.total() == rows[0][0]
        assert one.shares["send"] == one.waiting == 0
        assert one.shares["retracted"] > 0
        assert one.shares["other"] > 0
        assert one.shares["identical"] > 0
    replay.enter(site, earlier, stage, earlier.business_date)
    assert story.ask("SELECT COUNT(*) FROM outbox") == [(0,)]
    assert {code: len(story.at.receiver(code).attempts()) for code in RECEIVERS} == before
    site.ledger.engine.dispose()


def test_a_command_killed_after_landing_is_taken_up_by_the_next_run(install: Install, ledger_url: str) -> None:
    at = install(rows=40, only=FEED, ledger=ledger_url)
    told = Story(at)
    site = at.site()
    flow.run(site, FEED, at.day)
    ticket = next(t for t in tickets(site, FEED) if not any(code == "KEY_CONFLICT" for code, _ in t.codes))
    book = told.give_back("returned")
    book.put(str(ticket.id), wfss=FACTS)
    path = book.save(at.home / "back.xlsx")
    words = ["quarantine", "correct", str(path), "--person", "t", "--date", at.day.isoformat()]
    crash = {**os.environ, **at.env(), "GUIJI_CRASH_AT": "load.landed.after_commit"}
    died = subprocess.run([sys.executable, "-m", "exchange.cli.main", *words], cwd=HOUSE, env=crash, check=False)
    assert died.returncode == -9
    assert told.ask("SELECT state FROM quarantine WHERE id = " + str(ticket.id)) == [("held",)]
    flow.run(site, FEED, at.day)
    assert told.ask("SELECT state, person FROM quarantine WHERE id = " + str(ticket.id)) == [("corrected", "t")]
    assert told.ask("SELECT kind, state FROM load ORDER BY id") == [
        ("pull", "closed"), ("correction", "closed"), ("pull", "closed"),
    ]  # fmt: skip
    for load, stage, rows in ((1, "prepare", 44), (1, "seal", 37), (2, "prepare", 1), (2, "seal", 1)):
        splits = replay.preview(site, Loads(site.ledger).get(load), stage, at.day, rejected=True)
        assert [one.shares.total() for one in splits] == [rows, rows]
    site.ledger.engine.dispose()
