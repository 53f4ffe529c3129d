"""Drop-folder files out of order: none puts an older row over a newer one, whenever and with whatever it comes."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sqlalchemy import text

from exchange import flow
from exchange.canonical import CanonicalFile
from exchange.cli.looking import print_status
from exchange.ledger.balance import LoadBalance, load_balance
from exchange.ledger.loads import Loads
from exchange.ledger.newer import FOUND, RULE
from exchange.replay import preview
from exchange.site import Site
from schemas.errors import BatchHeld
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation

FEED = "transport/penalty"
NOW = """
SELECT c.source_ref, v.load_id, v.ordinal, c.operation FROM record_current c JOIN record_version v ON v.feed = c.feed
AND v.business_key = c.business_key AND v.revision = c.revision
"""


@dataclass
class Folder:
    """The department's folder; a row is called by its number at the source and told apart by its remark."""

    at: Installation
    rows: dict[str, dict[str, str]]
    site: Site = field(init=False)
    nights: int = 0

    def __post_init__(self) -> None:
        self.site = self.at.site()

    @property
    def path(self) -> Path:
        return self.at.world.transport.folder

    def put(self, name: str, rows: Mapping[str, str | dict[str, str]]) -> None:
        """A file with these rows: number → remark, or what else is changed in it."""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(next(iter(self.rows.values()))), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        for number, changed in rows.items():
            writer.writerow({**self.rows[number], **({"备注": changed} if isinstance(changed, str) else changed)})
        (self.path / f"xzcf_{name}.csv").write_bytes(out.getvalue().encode("gb18030"))

    def night(self) -> LoadBalance:
        """Pull and register what is in the folder."""
        self.nights += 1
        load = flow.pull_and_land(self.site, FEED, self.at.day + timedelta(self.nights))
        flow.normalize_and_validate(self.site, FEED)
        return self.balance(load)

    def balance(self, load: int) -> LoadBalance:
        found = load_balance(self.site.ledger, load, RECEIVERS)
        found.check()
        return found

    def remarks(self, *numbers: str) -> list[str | None]:
        """What the newest versions say; None for a record that is not there."""
        found = dict[str, str | None]()
        with self.site.ledger.read() as connection:
            for number, load, ordinal, operation in connection.execute(text(NOW)).all():
                if number in numbers and operation == "upsert":
                    rows = next(iter(CanonicalFile(self.site, load).take(np.array([ordinal]))))[1]
                    found[number] = rows["remarks"][0].as_py()
        return [found.get(number) for number in numbers]

    def late(self, load: int) -> int:
        query = text("SELECT COUNT(*) FROM finding WHERE load_id = :load AND code = :code")
        with self.site.ledger.read() as connection:
            return int(connection.scalar(query, {"load": load, "code": FOUND}) or 0)

    def status(self) -> str:
        out = io.StringIO()
        print_status(self.site, [FEED], Console(file=out, width=200))
        return out.getvalue()

    def tickets(self) -> list[str]:
        with self.site.ledger.read() as connection:
            return [row[0] for row in connection.execute(text("SELECT state FROM quarantine ORDER BY id"))]


@pytest.fixture
def folder(install: Install, ledger_url: str) -> Iterator[Folder]:
    """After a first night; `rows` are its sound ones. Nothing is sent: what goes out is what was registered."""
    at = install(only=FEED, ledger=ledger_url)
    path = next(at.world.transport.folder.glob("xzcf_*.csv"))
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"), newline=""))
    planted = {row["流水号"]: row for row in rows}
    made = Folder(at, planted)
    made.night()
    with made.site.ledger.read() as connection:
        sound = {row[0] for row in connection.execute(text("SELECT source_ref FROM record_current"))}
    made.rows = {number: row for number, row in planted.items() if number in sound and row["操作类型"] != "撤销"}
    yield made
    made.site.ledger.engine.dispose()


def test_no_late_file_puts_an_older_row_over_a_newer_one(folder: Folder) -> None:
    """One story, for an installation is dear: each paragraph is a case."""
    a, b, c, d, e, *_ = folder.rows
    unseen = "19990001"
    folder.rows[unseen] = {**folder.rows[a], "流水号": unseen, "处罚决定书文号": "云交罚〔2026〕99991号"}

    # a newer one first; then the late one: known keys, one that only an older file has, one nobody ever saw
    folder.put("20360305", {a: "5", b: "5"})
    folder.night()
    folder.put("20360303", {a: "3", c: "3", unseen: "3"})
    found = folder.night()
    assert folder.remarks(a, b, c, unseen) == ["5", "5", "3", "3"]
    assert (found.exclusions, found.new, folder.late(found.load_id)) == ({RULE: 1}, 2, 3)
    assert "3 行，其中 1 行未采用" in folder.status()

    # one that is later still, two nights on; what it says of `c` is older than 03, newer than nothing
    folder.put("20360302", {b: "2", c: "2", d: "2"})
    found = folder.night()
    assert folder.remarks(b, c, d) == ["5", "3", "2"]
    assert (found.exclusions, found.new) == ({RULE: 2}, 1)

    # late and new ones in one pull
    folder.put("20360304", {a: "4", d: "4", e: "4"})
    folder.put("20360306", {b: "6"})
    found = folder.night()
    assert folder.remarks(a, b, d, e) == ["5", "6", "4", "4"]
    assert (found.exclusions, found.new, folder.late(found.load_id)) == ({RULE: 1}, 3, 3)

    # a row that changed nothing in the newer file was there all the same
    folder.put("20360308", {e: "4"})
    assert folder.night().unchanged == 1
    folder.put("20360307", {e: "7"})
    assert folder.night().exclusions == {RULE: 1}
    assert folder.remarks(e) == ["4"]

    # a whole file, late: nothing is revoked, nothing older wins; what is the same is no more than unchanged
    folder.put("20360301", {**dict.fromkeys([a, b, c, d], "1"), e: "4"})
    found = folder.night()
    assert (found.vanished, found.exclusions, found.unchanged) == (0, {RULE: 4}, 1)
    assert folder.remarks(a, b, c, d, e) == ["5", "6", "3", "4", "4"]

    # the same in a replay, of a late file and of one that others overtook since
    for batch in (found.batch_id, _batch_of(folder, "xzcf_20360304.csv")):
        assert batch
        shares = preview(folder.site, Loads(folder.site.ledger).of_batch(batch), "prepare", folder.at.day)[0].shares
        assert shares["settled"] == 0, "no ticket was settled: newer files have the records"
        flow.replay(folder.site, Loads(folder.site.ledger).of_batch(batch), folder.at.day)
        flow.normalize_and_validate(folder.site, FEED)
    assert folder.remarks(a, b, c, d, e) == ["5", "6", "3", "4", "4"]


def _batch_of(folder: Folder, name: str) -> str | None:
    loads = Loads(folder.site.ledger).of_feed(FEED)
    return next(one.batch_id for one in loads if one.position and name in one.position["taken"])


def test_a_newer_row_that_is_held_stops_no_late_sound_row_and_is_settled_by_none(folder: Folder) -> None:
    a, b, *_ = folder.rows
    before = len(folder.tickets())
    folder.put("20360305", {a: {"处罚决定日期": "不详"}, b: "5"})
    assert folder.night().quarantined == 1
    folder.put("20360303", {a: "3", b: {"处罚决定日期": "不详"}})
    found = folder.night()
    assert (found.new, found.exclusions, folder.remarks(a, b)) == (1, {RULE: 1}, ["3", "5"])
    assert folder.tickets()[before:] == ["held"], "of the newer row; the obsolete one has none"
    folder.put("20360306", {a: "6"})
    folder.night()
    assert folder.tickets()[before:] == ["corrected"]


def test_an_empty_file_is_said_every_night_until_it_is_replaced_or_let_through(folder: Folder) -> None:
    a, *_ = folder.rows
    folder.put("20360305", {a: "5"})
    (folder.path / "xzcf_20360306.csv").touch()
    for _ in range(2):
        with pytest.raises(BatchHeld, match=r"0 字节.*xzcf_20360306\.csv"):
            folder.night()
    assert folder.remarks(a) != ["5"]
    folder.put("20360306", {a: "6"})
    folder.night()
    assert folder.remarks(a) == ["6"]

    (folder.path / "xzcf_20360307.csv").touch()
    with pytest.raises(BatchHeld):
        folder.night()
    load = Loads(folder.site.ledger).newest(FEED)
    assert load
    Loads(folder.site.ledger).accept(load.id, "无新增", "tester", folder.site.ledger.take(FEED))
    flow.normalize_and_validate(folder.site, FEED)
    (folder.path / "xzcf_20360308.csv").touch()
    with pytest.raises(BatchHeld, match=r"1 .*xzcf_20360308"):
        folder.night()


def test_a_file_with_a_header_alone_says_that_there_is_nothing(folder: Folder) -> None:
    folder.put("20360305", {})
    found = folder.night()
    assert (found.state, found.pulled, found.vanished) == ("registered", 0, 0)
