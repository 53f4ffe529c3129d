"""Evidence of a real night: the nation was down at first, so that its deliveries came into a second checkpoint."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from evidence.single import one_file
from evidence.verify import check, holds
from exchange import flow, tasks
from exchange.evidence import Evidence
from exchange.site import Site
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError, ReceiverUnreachable, Unfinished
from tests.evidence.sm2_device import public
from tests.flow.conftest import installed
from tests.flow.installation import Installation

FEED = "market/penalty"
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8  # GB/T 32918.5-2017, annex A


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("night"), 60, batch=30, only=FEED) as made:
        made.world.nation.stop()
        with suppress(ReceiverUnreachable):
            made.run(FEED)
        assert Evidence(made.site()).checkpoint()
        made.world.nation.start()
        made.run(FEED)
        assert Evidence(made.site()).checkpoint()
        yield made


@pytest.fixture
def site(night, tmp_path) -> Iterator[Site]:
    """A copy of the night's home, to spoil."""
    shutil.copytree(night.home, tmp_path / "var")
    made = Site(tmp_path / "var", f"sqlite:///{tmp_path / 'var' / 'ledger.db'}", Catalog(night.root))
    yield made
    made.ledger.engine.dispose()


@pytest.fixture
def evidence(site) -> Evidence:
    return Evidence(site)


def keys(site: Site, receiver: str = "%") -> list[str]:
    query = text("SELECT key FROM delivery WHERE state = 'acked' AND receiver LIKE :receiver ORDER BY id")
    with site.ledger.read() as connection:
        return [row[0] for row in connection.execute(query, {"receiver": receiver})]


def trust(evidence: Evidence) -> list[str]:
    assert evidence.log.last
    return list(evidence.log.last.keys)


def members(site: Site, key: str) -> list[str]:
    query = text("SELECT v.business_key FROM delivery d JOIN delivery_member m ON m.delivery = d.id "
                 "JOIN record_version v ON v.id = m.version WHERE d.key = :key ORDER BY m.position")  # fmt: skip
    with site.ledger.read() as connection:
        return [row[0] for row in connection.execute(query, {"key": key})]


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


def test_a_verdict_changed_in_the_ledger_afterwards(site, evidence):
    with site.ledger.write("test") as connection:
        connection.execute(text("UPDATE delivery_member SET outcome = 'rejected' WHERE position = 0"))
    with pytest.raises(ConfigurationError, match="not what the checkpoint holds"):
        evidence.bundle(keys(site)[0])


def test_records_destroyed(site, evidence):
    """The load's key is gone: no salt can be had again, no record shown; what was sent and answered still stands."""
    key = keys(site)[0]
    for scope in [scope for scope in site.vault.keys.scopes() if scope.startswith("load-")]:
        assert site.vault.keys.destroy(scope, "2026-03-03T00:00:00+00:00")
    raw = evidence.bundle(key)[1]
    shown = [finding.holds for finding in check(raw, trust(evidence))]
    assert shown == [True, True, None, None, None, None, None, True, True, True, True]
    assert not any(member.encode() in raw for member in members(site, key))
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


def test_the_key_is_exchanged(site, evidence):
    old, before = trust(evidence), evidence.bundle(keys(site)[0])[1]
    (pem,) = evidence.keys.glob("*.pem")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    evidence.rotate()
    assert not pem.exists()
    with site.ledger.write("test") as connection:
        columns = "delivery_key, attempt, number, status, file_digest, verdict, filed_at"
        again = f"INSERT INTO receipt ({columns}) SELECT {columns} FROM receipt WHERE delivery_key = :key"
        connection.execute(text(again), {"key": keys(site)[0]})
    note = evidence.checkpoint()
    assert note
    assert len(note.keys) == 1
    assert note.keys != tuple(old)
    raw = evidence.bundle(keys(site)[0])[1]
    assert holds(check(before, old))
    assert holds(check(raw, old))  # by the checkpoint that both keys signed
    assert holds(check(raw, note.keys))
    assert "2 receipts" in check(raw, old)[4].english
    assert len(list((evidence.log.folder / "keys").glob("*.key"))) == 2


def test_a_signing_key_that_is_gone_is_not_made_anew_in_silence(site, evidence):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    next(evidence.keys.glob("*.pem")).unlink()
    with pytest.raises(ConfigurationError) as caught:
        evidence.checkpoint()
    assert "--new-key" in str(caught.value)
    old = trust(evidence)
    evidence.rotate()
    assert evidence.checkpoint()
    raw = evidence.bundle(keys(site, "nation")[0])[1]
    assert not holds(check(raw, old))
    assert holds(check(raw, trust(evidence)))


def test_sm2_beside_ed25519(site, evidence, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    command = [sys.executable, "-m", "tests.evidence.sm2_device", f"{PRIVATE:x}", "der"]
    told = {"algorithm": "sm2", "public": public(PRIVATE).hex(), "command": command}
    (evidence.keys / "signer.yaml").write_text(json.dumps(told))
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    old = trust(evidence)
    assert evidence.checkpoint()
    raw = evidence.bundle(keys(site, "nation")[0])[1]
    assert "Ed25519 + SM2" in check(raw, old)[8].chinese
    assert holds(check(raw, old))
    assert holds(check(raw, trust(evidence)[1:]))


@pytest.mark.parametrize("told", ["", "[]", "algorithm: rsa", "{", 'algorithm: sm2\npublic: "04"\ncommand: [x]'])
def test_a_signer_that_is_none(site, evidence, told):
    (evidence.keys / "signer.yaml").write_text(told)
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    with pytest.raises(ConfigurationError) as caught:
        evidence.checkpoint()
    assert caught.value.where == "keys/signing/signer.yaml"


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


def test_many_at_once(site, evidence, guiji):
    """Processes that sign at the same moment: one chain, every delivery in it once."""
    shutil.rmtree(evidence.log.folder)
    with ThreadPoolExecutor(4) as several:
        said = list(several.map(lambda _: guiji("checkpoint").returncode, range(4)))
    assert set(said) <= {0, 75}
    assert 0 in said
    assert sorted(entry.delivery for entry in evidence.log.entries) == sorted(keys(site))
    assert not list(evidence.log.folder.rglob("*.part"))


def test_airflows_task(site, evidence, monkeypatch):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    for name, value in (("GUIJI_HOME", site.home), ("GUIJI_LEDGER", site.ledger_url)):
        monkeypatch.setenv(name, str(value))
    tasks.checkpoint()
    tasks.checkpoint()
    assert len(evidence.log.checkpoints) == 2


def test_on_postgresql(night, tmp_path, postgres_url):
    shutil.copytree(night.home / "keys", tmp_path / "keys")
    site = Site(tmp_path, postgres_url, Catalog(night.root))
    flow.run(site, FEED, night.day)
    evidence = Evidence(site)
    assert evidence.checkpoint()
    for key in keys(site):
        assert holds(check(evidence.bundle(key)[1], trust(evidence)))
    site.ledger.engine.dispose()


@pytest.fixture
def guiji(site, tmp_path):
    """The command, in a folder of its own."""

    def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        known = {"GUIJI_HOME": str(site.home), "GUIJI_LEDGER": site.ledger_url, "GUIJI_CATALOG": str(site.catalog.root),
                 "PYTHONPATH": str(Path(__file__).parents[2])}  # fmt: skip
        command = [sys.executable, "-m", "exchange.cli.main", *words]
        return subprocess.run(command, cwd=tmp_path, env=known | env, capture_output=True, text=True)

    return run


def test_the_commands(site, guiji, tmp_path):
    said = guiji("checkpoint")
    assert (said.returncode, said.stderr) == (0, "")
    assert "✓ 无新内容 nothing new" in said.stdout
    digest = said.stdout.split("sha256 ")[1].split()[0]
    key = keys(site, "nation")[0]
    said = guiji("evidence", key[:12], "--person", "李工")
    assert said.returncode == 0
    assert "含个人信息" in said.stdout
    path = tmp_path / f"evidence-{key[:12]}.zip"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = guiji("verify", path.name, "--published", digest, GUIJI_LEDGER="postgresql://nowhere.invalid/none")
    assert said.returncode == 0, said.stdout
    assert "✓ 证据成立 · the evidence holds" in said.stdout
    assert "agrees with the published checkpoint 2" in said.stdout
    with site.ledger.read() as connection:
        row = connection.execute(text("SELECT person, subject, detail FROM event WHERE what = 'evidence'")).one()
    assert tuple(row) == ("李工", key, "records shown: all")


def test_verify_says_no(site, guiji, tmp_path):
    guiji("evidence", keys(site)[0], "--out", "bundle.zip")
    data = (tmp_path / "bundle.zip").read_bytes()
    (tmp_path / "forged.zip").write_bytes(data.replace(b'"status":"accepted"', b'"status":"rejected"', 1))
    assert (tmp_path / "forged.zip").read_bytes() != data
    said = guiji("verify", "forged.zip")
    assert said.returncode == 1
    assert "✗ 回执" in said.stdout
    assert "✗ 不能证明" in said.stdout


def test_without_records(site, guiji, tmp_path):
    key = keys(site)[0]
    first, *others = members(site, key)
    for words, shown in (
        (("--without-records",), 0),
        (("--show", first), 1),
        (("--without-records", "--show", first), 1),
    ):
        said = guiji("evidence", key, "--out", "bundle.zip", *words)
        assert said.returncode == 0
        assert ("含个人信息" in said.stdout) == bool(shown)
        raw = (tmp_path / "bundle.zip").read_bytes()
        assert not any(other.encode() in raw for other in others)
        assert (first.encode() in raw) == bool(shown)
        assert holds(check(raw, trust(Evidence(site))))
    assert guiji("evidence", key, "--show", "nobody").returncode == 1


def test_the_program_for_others(guiji, tmp_path, site):
    assert guiji("verify").returncode == 2
    said = guiji("verify", "--program", "verify.py")
    assert said.returncode == 0
    assert (tmp_path / "verify.py").read_text(encoding="utf-8") == one_file()
    guiji("evidence", keys(site)[0], "--out", "bundle.zip")
    command = [sys.executable, "-I", "verify.py", "bundle.zip", "--trust", "var/evidence/keys"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "✓ 证据成立" in done.stdout
