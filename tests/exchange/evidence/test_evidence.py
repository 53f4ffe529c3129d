"""Evidence of a real night: every delivery proved, whatever happens to files, keys and processes meanwhile."""

import json
import os
import shutil
from itertools import count

import pytest
from sqlalchemy import text

from evidence.verify import check, holds
from exchange import flow, tasks
from exchange.evidence import Evidence
from exchange.quarantine import rejections, resend
from exchange.shred import shred
from exchange.site import Site
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError, FileDamaged, Unfinished
from tests.exchange.evidence.asked import FEED, keys, members, trust
from tests.flow.conftest import installed


def test_every_delivery_is_proved(site, evidence):
    proved = keys(site)
    assert len(proved) >= 4
    for key in proved:
        found, raw = evidence.bundle(key[:12])
        assert found == key
        assert [finding.holds for finding in check(raw, trust(evidence))] == [True] * 11
        assert evidence.bundle(key)[1] == raw


def test_checkpoints_follow_each_other(site, evidence):
    first, second = evidence.log.checkpoints
    assert {entry.delivery for entry in first.entries} == set(keys(site, "province"))
    assert {entry.delivery for entry in second.entries} == set(keys(site, "nation"))
    assert evidence.checkpoint() is None
    assert len(evidence.log.checkpoints) == 2


def test_what_is_not_in_a_checkpoint_yet(site, evidence):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    with pytest.raises(Unfinished) as caught:
        evidence.bundle(keys(site, "nation")[0])
    assert "guiji checkpoint" in str(caught.value)
    assert evidence.checkpoint()
    assert holds(check(evidence.bundle(keys(site, "nation")[0])[1], trust(evidence)))


@pytest.mark.parametrize("start", ["", "zz", "%", "_"])
def test_no_such_delivery(evidence, start):
    with pytest.raises(Unfinished, match=r"no such delivery|several"):
        evidence.bundle(start)


def test_a_file_that_is_gone_stops_no_other(site, evidence):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    gone, *others = keys(site, "nation")
    kept = site.delivery_file(gone).rename(site.home / "kept")
    with pytest.raises(Unfinished, match="1 deliveries could not be read"):
        evidence.checkpoint()
    assert {entry.delivery for entry in evidence.log.checkpoints[1].entries} == set(others)
    kept.rename(site.delivery_file(gone))
    assert evidence.checkpoint()
    assert holds(check(evidence.bundle(gone)[1], trust(evidence)))


@pytest.mark.parametrize("what", ["request", "receipt"])
def test_bytes_that_are_not_what_the_ledger_says(site, evidence, what):
    """Written anew with the right key: the encryption does not notice, the digests do."""
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    key = keys(site, "nation")[0]
    (receipt,) = (site.home / "receipts" / key[:2]).glob(f"{key}*")
    path = site.delivery_file(key) if what == "request" else receipt
    with site.ledger.read() as connection:
        load = connection.execute(text("SELECT load_id FROM delivery WHERE key = :key"), {"key": key}).scalar_one()
    scope = site.load_scope(load)
    site.vault.write(path, [site.vault.read(path, scope).replace(b"accepted", b"rejected") + b"\n"], scope)
    with pytest.raises(Unfinished, match="1 deliveries could not be read"):
        evidence.checkpoint()
    assert key not in {entry.delivery for entry in evidence.log.entries}


def test_a_file_lost_after_its_checkpoint(site, evidence):
    key = keys(site)[0]
    site.delivery_file(key).unlink()
    with pytest.raises(FileDamaged, match="is gone"):
        evidence.bundle(key)
    assert holds(check(evidence.bundle(keys(site)[1])[1], trust(evidence)))


def test_a_verdict_changed_in_the_ledger_afterwards(site, evidence):
    with site.ledger.write("test") as connection:
        connection.execute(text("UPDATE delivery_member SET outcome = 'rejected' WHERE position = 0"))
    with pytest.raises(ConfigurationError, match="not what the checkpoint holds"):
        evidence.bundle(keys(site)[0])


def test_records_destroyed(site, evidence):
    """Shredded before the morning: what was sent and answered is signed first, then no record can be had again."""
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    key = keys(site, "nation")[0]
    every = members(site, key)
    with site.ledger.read() as connection:
        load = connection.execute(text("SELECT load_id FROM delivery WHERE key = :key"), {"key": key}).scalar_one()
    with site.ledger.write("test") as connection:  # nobody waits any more for what was held
        connection.execute(text("UPDATE quarantine SET state = 'dropped'"))
    assert shred(site, load, "retention over", "tester")
    assert not site.delivery_file(key).exists()
    raw = evidence.bundle(key)[1]
    shown = [finding.holds for finding in check(raw, trust(evidence))]
    assert shown == [True, True, None, None, None, None, None, True, True, True, True]
    assert not any(member.encode() in raw for member in every)
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    assert evidence.checkpoint() is None  # what nobody can read any more cannot be stated, and stops nobody


def test_one_record_alone(site, evidence):
    key = keys(site)[0]
    first, *others = members(site, key)
    raw = evidence.bundle(key, [first])[1]
    findings = check(raw, trust(evidence))
    assert holds(findings)
    assert findings[6].english.endswith("1 shown")
    assert first.encode() in raw
    assert not any(other.encode() in raw for other in others)


def test_no_record_lies_in_the_log(site, evidence):
    kept = b"".join(path.read_bytes() for path in evidence.log.folder.rglob("*") if path.is_file())
    every = {member for key in keys(site) for member in members(site, key)}
    assert len(every) > 20
    assert not any(member.encode() in kept or json.dumps(member)[1:-1].encode() in kept for member in every)


@pytest.mark.parametrize("what", ["changed", "cut off"])
def test_a_history_that_is_not_what_was_signed(site, evidence, what):
    """The last line's hash is in the checkpoint: lines cut off at the end are found out, too."""
    for line in range(3):
        with site.ledger.write("test") as connection:
            site.ledger.note(connection, "test", f"line {line}")
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    assert evidence.checkpoint()
    assert evidence.checkpoint() is None
    statement = {"changed": "UPDATE event SET person = 'nobody' WHERE subject = 'line 1'",
                 "cut off": "DELETE FROM event WHERE subject = 'line 2'"}[what]  # fmt: skip
    with site.ledger.write("test") as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(statement))
        connection.execute(text("DELETE FROM receipt WHERE delivery_key = :key"), {"key": keys(site)[0]})
    with pytest.raises(Unfinished, match="the history is not what checkpoint 2 signed"):
        evidence.checkpoint()


def test_killed_at_every_file(site, evidence, monkeypatch):
    """Before and after each file appears: what the next checkpoint finds is whole, and holds every delivery once."""
    wanted, link = sorted(keys(site)), os.link
    for at in range(100):
        shutil.rmtree(evidence.log.folder)
        monkeypatch.setattr("os.link", dying(link, at))
        try:
            evidence.checkpoint()
            break
        except KeyboardInterrupt:
            monkeypatch.setattr("os.link", link)
            evidence.checkpoint()
        assert sorted(entry.delivery for entry in evidence.log.entries) == wanted
        assert holds(check(evidence.bundle(wanted[0])[1], trust(evidence)))
    assert at == 2 * (len(wanted) + 2)  # each statement, the public key, the checkpoint


def dying(link, at: int):
    """os.link that dies before (even `at`) or after (odd) the file of number `at` // 2 appears."""
    files = count()

    def dies(source, target):
        number = 2 * next(files)
        if number == at:
            raise KeyboardInterrupt
        link(source, target)
        if number + 1 == at:
            raise KeyboardInterrupt

    return dies


def test_airflows_task(site, evidence, monkeypatch):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    for name, value in (("GUIJI_HOME", site.home), ("GUIJI_LEDGER", site.ledger_url)):
        monkeypatch.setenv(name, str(value))
    tasks.checkpoint()
    tasks.checkpoint()
    assert len(evidence.log.checkpoints) == 2


def test_on_postgresql(tmp_path, postgres_url):
    with installed(tmp_path, 30, only=FEED) as made:
        site = Site(tmp_path / "home", postgres_url, Catalog(made.root))
        flow.run(site, FEED, made.day)
    evidence = Evidence(site)
    assert evidence.checkpoint()
    assert evidence.checkpoint() is None
    for key in keys(site):
        assert holds(check(evidence.bundle(key)[1], trust(evidence)))
    site.ledger.engine.dispose()


def test_what_was_sent_back_and_queued_again_is_proved_as_sent_back(tmp_path):
    with installed(tmp_path, 40, batch=20, only=FEED) as made:
        made.world.nation.faults.set("partial_accept", 1)
        made.run(FEED)
        site = made.site()
        evidence, (away, *_) = Evidence(site), [one for one in rejections(site) if one.code == "9001"]
        assert evidence.checkpoint()
        resend(site, away.delivery, away.position, "系统恢复", "tester")
        _, raw = evidence.bundle(away.delivery)
        assert [finding.holds for finding in check(raw, trust(evidence))] == [True] * 11
        site.ledger.engine.dispose()
