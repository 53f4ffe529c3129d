"""Whatever a receiver loses, changes, adds or leaves behind after its receipt is found, record by record."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from typer.testing import CliRunner

from connectors.registry import open_target
from exchange import holdings, tasks
from exchange.cli.main import app
from exchange.digests import FEW, Comparison, Difference, comparable
from schemas.catalog import expand
from schemas.errors import ConfigurationError, ReceiptMismatch, Unfinished
from tests.flow.conftest import Install, installed
from tests.flow.installation import Installation
from tests.flow.processes import FEED

pytestmark = pytest.mark.xdist_group("digests")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two nights of one feed, in batches that are bisected."""
    with installed(tmp_path_factory.mktemp("digests"), rows=150, batch=4 * FEW, only=FEED) as made:
        made.run(FEED)
        made.world.advance_to(2)
        made.run(FEED)
        yield made


def compare(at: Installation, code: str = "nation") -> list[Difference]:
    site = at.site()
    to = site.catalog.receiver(code)
    target = comparable(to.promise, open_target(expand(to.access, to.where), to.where), to.where)
    done = Comparison(site, site.catalog.feed(FEED), code, target).run()
    site.ledger.engine.dispose()
    return done.differences


@pytest.fixture
def spoil(at: Installation) -> Iterator[Callable[..., None]]:
    """Does something to what the nation holds, behind everybody's back; put back afterwards."""
    path = at.world.nation.log_path
    with closing(sqlite3.connect(path)) as log:
        before = log.execute("SELECT * FROM standing").fetchall()

        def do(statement: str, *values: object) -> None:
            log.execute(statement, values)
            log.commit()

        yield do
        log.execute("DELETE FROM standing")
        log.executemany("INSERT INTO standing VALUES (?,?,?,?,?)", before)
        log.commit()


def some(at: Installation, place: int, revision: int = 1) -> tuple[str, bytes]:
    """A record that the nation holds."""
    held = sorted((cd_id, line) for cd_id, (found, line) in at.world.nation.current().items() if found == revision)
    return held[place]


@pytest.mark.parametrize("code", ["province", "nation"])
def test_nothing_differs_after_two_nights(at: Installation, code: str) -> None:
    assert compare(at, code) == []
    assert len(at.receiver(code).current("penalty")) > 2 * FEW


def test_a_comparison_is_a_line_of_the_history_and_stands_on_the_page(
    at: Installation, spoil: Callable[..., None]
) -> None:
    site = at.site()
    assert {one.feed for one in holdings.compare(site, "nation")} == {FEED}
    agreed = holdings.last(site, FEED, "nation")
    assert agreed is not None
    assert (agreed.records, agreed.differences) == (len(at.world.nation.current()), 0)
    cd_id, _ = some(at, 3)
    spoil("DELETE FROM standing WHERE cd_id = ?", cd_id)
    with pytest.raises(Unfinished, match="guiji reconcile nation"):
        tasks.compare("nation")
    day = site.home / "reports" / at.world.business_date(2).isoformat()
    (feed,) = json.loads((day / "report.json").read_text(encoding="utf-8"))["feeds"]
    nation = next(one for one in feed["receivers"] if one["code"] == "nation")
    assert nation["compared"]["differences"] == 1
    assert nation["compared"]["records"] == agreed.records
    page = (day / "index.html").read_text(encoding="utf-8")
    assert f"guiji reconcile nation --feed {FEED}" in page
    assert cd_id.rpartition(":")[2] not in page
    site.ledger.engine.dispose()


@pytest.mark.parametrize("place", [0, 17, -1])
def test_a_lost_record_is_found(at: Installation, spoil: Callable[..., None], place: int) -> None:
    cd_id, _ = some(at, place)
    spoil("DELETE FROM standing WHERE cd_id = ?", cd_id)
    assert compare(at) == [Difference("lost", cd_id, 1, None)]


@pytest.mark.parametrize("place", [0, 17, -1])
def test_an_altered_record_is_found(at: Installation, spoil: Callable[..., None], place: int) -> None:
    cd_id, line = some(at, place)
    spoil("UPDATE standing SET line = ? WHERE cd_id = ?", line.replace(b'"party_name":"', b'"party_name":"X'), cd_id)
    assert compare(at) == [Difference("altered", cd_id, 1, 1)]


@pytest.mark.parametrize("batch", ["of_ours", "2020010100001"])
def test_an_extra_record_is_found(at: Installation, spoil: Callable[..., None], batch: str) -> None:
    cd_id, line = some(at, 5)
    record = json.loads(line) | ({} if batch == "of_ours" else {"cd_batch": batch})
    spoil("INSERT INTO standing VALUES ('penalty', ?, 1, 1, ?)", f"{cd_id}X", json.dumps(record).encode())
    assert compare(at) == [Difference("extra", f"{cd_id}X", None, 1)]


def test_a_record_left_in_its_old_version_is_found(at: Installation, spoil: Callable[..., None]) -> None:
    cd_id, _ = some(at, 0, revision=2)
    old = next(one.line for one in at.world.nation.applied() if (one.cd_id, one.revision) == (cd_id, 1))
    spoil("UPDATE standing SET revision = 1, line = ? WHERE cd_id = ?", old, cd_id)
    assert compare(at) == [Difference("version", cd_id, 2, 1)]


def test_a_revoked_record_that_is_still_there_is_found(at: Installation, spoil: Callable[..., None]) -> None:
    gone = next(one.cd_id for one in at.world.nation.applied() if one.operation == "d")
    old = next(one.line for one in at.world.nation.applied() if one.cd_id == gone)
    spoil("UPDATE standing SET present = 1, revision = 1, line = ? WHERE cd_id = ?", old, gone)
    assert compare(at) == [Difference("extra", gone, None, 1)]


def test_the_command_prints_names_and_revisions_and_no_other_word_of_a_record(
    at: Installation, spoil: Callable[..., None]
) -> None:
    good = CliRunner().invoke(app, ["reconcile", "nation", "--feed", FEED])
    assert (good.exit_code, good.output[0], "0 处差异" in good.output) == (0, "✓", True)
    cd_id, line = some(at, 7)
    spoil("DELETE FROM standing WHERE cd_id = ?", cd_id)
    bad = CliRunner().invoke(app, ["reconcile", "nation"])
    assert bad.exit_code == 1
    assert f"缺失 lost there: {cd_id}  我方版本 ours 1 · 对方版本 theirs —" in bad.output
    assert json.loads(line)["party_name"] not in bad.output


def test_the_bytes_that_were_sent_come_out_as_they_went(at: Installation) -> None:
    cd_id, line = some(at, 7)
    today = at.site().today.isoformat()
    said = CliRunner().invoke(app, ["asof", "nation", today, cd_id])
    assert (said.exit_code, "revision 1" in said.output) == (0, True)
    assert json.loads(line)["party_name"] not in said.output
    assert CliRunner().invoke(app, ["asof", "nation", today, cd_id, "--bytes"]).stdout_bytes == line + b"\n"


def test_two_errors_that_cancel_in_the_count_do_not_cancel_in_the_digest(
    at: Installation, spoil: Callable[..., None]
) -> None:
    (lost, line), (swapped, _) = some(at, 3), some(at, 4)
    spoil("DELETE FROM standing WHERE cd_id = ?", lost)
    spoil("INSERT INTO standing VALUES ('penalty', ?, 1, 1, ?)", f"{swapped}X", line)
    assert {(one.kind, one.cd_id) for one in compare(at)} == {("lost", lost), ("extra", f"{swapped}X")}


def test_a_late_copy_of_revision_1_does_not_overwrite_revision_2(at: Installation) -> None:
    """The receiver of our own makes keeps the newer one; it would show here as another version."""
    cd_id, _ = some(at, 0, revision=2)
    first = next(one for one in at.world.nation.applied() if (one.cd_id, one.revision) == (cd_id, 1))
    body = first.line + b"\n"
    site = at.site()
    to = site.catalog.receiver("nation")
    target = open_target(expand(to.access, to.where), to.where)
    headers = {
        "Idempotency-Key": "late", "Content-Type": "application/x-ndjson", "X-Record-Type": "penalty",
        "X-Record-Count": "1", "Content-Digest": f"sha-256={hashlib.sha256(body).hexdigest()}",
    }  # fmt: skip
    answer = target._request("POST", "/deliveries", headers, body)  # type: ignore[attr-defined]
    assert json.loads(answer.body)["results"][0]["code"] == "2001"
    assert at.world.nation.current()[cd_id][0] == 2
    assert compare(at) == []


def test_who_offers_no_digests_is_not_asked(at: Installation) -> None:
    with pytest.raises(ConfigurationError, match="offers no digests"):
        comparable({}, object(), "receivers/hlwjg/receiver.yaml")


@pytest.mark.parametrize(
    "answer", [{}, {"count": "1", "digest": "0" * 64}, {"count": 1, "digest": "xyz"}, {"count": -1, "digest": "0" * 64}]
)
def test_an_answer_that_cannot_be_read_proves_nothing(at: Installation, answer: dict[str, object]) -> None:
    class Odd:
        def holdings(self, _: object) -> dict[str, object]:
            return answer

    site = at.site()
    with pytest.raises(ReceiptMismatch):
        Comparison(site, site.catalog.feed(FEED), "nation", Odd()).run()
    site.ledger.engine.dispose()


def test_where_our_bytes_are_destroyed_names_and_revisions_are_compared(install: Install) -> None:
    made = install(rows=40, only=FEED)
    made.run(FEED)
    site = made.site()
    site.vault.keys.destroy(site.load_scope(1), site.ledger.now)
    site.ledger.engine.dispose()
    cd_id, _ = some(made, 2)
    assert compare(made) == []
    with closing(sqlite3.connect(made.world.nation.log_path)) as log:
        log.execute("DELETE FROM standing WHERE cd_id = ?", (cd_id,))
        log.commit()
    assert compare(made) == [Difference("lost", cd_id, 1, None)]
