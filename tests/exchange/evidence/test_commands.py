"""guiji checkpoint, evidence, verify: as a person types them."""

import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from evidence.single import one_file
from evidence.verify import check, holds
from exchange.evidence import Evidence
from tests.exchange.evidence.asked import keys, members, trust


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


def test_many_at_once(site, evidence, guiji):
    """Processes that sign at the same moment: one chain, every delivery in it once."""
    shutil.rmtree(evidence.log.folder)
    with ThreadPoolExecutor(4) as several:
        said = list(several.map(lambda _: guiji("checkpoint").returncode, range(4)))
    assert set(said) <= {0, 75}
    assert 0 in said
    assert sorted(entry.delivery for entry in evidence.log.entries) == sorted(keys(site))
    assert not list(evidence.log.folder.rglob("*.part"))
