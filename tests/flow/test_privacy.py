"""After nights that went wrong: no identity number and no name of a person in any byte written, however wrapped.

Only the vault's reader gives them back. What the sandbox's departments and receivers keep is theirs and lies apart.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ciphertext import MAGIC, read_header
from exchange.durable import write_file
from sandbox.generator import FEEDS
from schemas.catalog import HOUSE
from schemas.errors import GuijiError
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.persons import persons_of, quote_records
from tests.flow.search import found_in, found_under

VAULT = ("landing", "loads", "deliveries", "receipts")


@pytest.fixture
def quoting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return quote_records(monkeypatch)


def live(at: Installation, night: int) -> list[str]:
    """One night on all feeds; what the errors said, with their stacks."""
    at.world.advance_to(night)
    told = []
    for feed in FEEDS:
        try:
            at.run(feed)
        except GuijiError as error:
            told.append("".join(traceback.format_exception(error)))
    return told


def in_the_vault(at: Installation) -> Iterator[tuple[str, bytes]]:
    """Every encrypted file in the clear, by its folder."""
    vault = at.site().vault
    for path in sorted(path for name in VAULT for path in (at.home / name).rglob("*") if path.is_file()):
        if path.read_bytes().startswith(MAGIC):
            with path.open("rb") as stream:
                scope = read_header(stream, path.name).scope
            yield path.relative_to(at.home).parts[0], vault.read(path, scope)


def test_nothing_personal_in_any_byte_written(
    install: Install, quoting: list[str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level(0)
    at = install()
    (at.home / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(at.home / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    at.world.nation.faults.set("error_500_after", 100)
    told = live(at, 1)
    at.world.nation.faults.clear()
    edit(at.root / "departments/water/penalty.yaml", "max_held_share: 0.2", "max_held_share: 0.0001")
    told += live(at, 2)
    assert len(told) == len(FEEDS) + 1
    out, err = capfd.readouterr()
    write_file(at.home / "said.txt", [text.encode() for text in (*told, caplog.text, out, err)])
    secrets = persons_of(at.world)
    assert len(secrets) > 100
    assert len(quoting) > 10

    assert found_under(at.home, secrets) == {}

    names = {path.relative_to(at.home).parts[0] for path in at.home.rglob("*") if path.is_file()}
    assert {"ledger.db", "reports", "keys", "said.txt", *VAULT} <= names
    shown: dict[str, set[str]] = {name: set() for name in VAULT}
    for folder, body in in_the_vault(at):
        shown[folder] |= found_in(body, secrets)
    assert {folder: len(told) > 10 for folder, told in shown.items()} == dict.fromkeys(VAULT, True)


def test_what_a_receiver_quotes_reaches_ledger_and_report_without_the_person(
    install: Install, quoting: list[str]
) -> None:
    at = install(only="market/penalty")
    at.run("market/penalty")
    site = at.site()
    with site.ledger.read() as connection:
        said = connection.exec_driver_sql("SELECT code, text FROM delivery_member WHERE outcome = 'rejected'").all()
    site.ledger.engine.dispose()
    quoted = [row.text for row in said if row.text.startswith("记录有误：")]
    assert len(quoted) == len(quoting) > 4
    assert all("**" in text and "处罚" in text for text in quoted), "masked, and still of use"
    report = (at.home / "reports" / at.day.isoformat() / "report.json").read_text(encoding="utf-8")
    assert "记录有误：" in report
    assert found_in(json.dumps([list(row) for row in said], ensure_ascii=False).encode(), persons_of(at.world)) == set()


HARMLESS = re.compile(r"/dev/(null|tty|shm/sem\.\w+)")
PROBE = '"blat", 4'  # Python's tempfile looks whether a folder can be written


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_no_file_is_written_outside_the_home(install: Install, quoting: list[str], tmp_path: Path) -> None:
    """Temporary files too: what the libraries below us open is seen by strace, even when it is gone at once."""
    at, trace = install(only="water/*"), tmp_path / "trace"
    command = ["strace", "-f", "-y", "-qq", "-s8", "-o", str(trace)]
    command += ["-e", "trace=open,openat,openat2,creat,memfd_create,write,pwrite64,writev,pwritev"]
    command += [sys.executable, "-B", "-m", "exchange.cli.main", "run", "water/penalty", "--date", at.day.isoformat()]
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **at.env()}
    done = subprocess.run(command, cwd=HOUSE, env=env, capture_output=True, text=True, timeout=280, check=False)
    calls = [line for line in trace.read_text(errors="replace").splitlines() if " = -1 " not in line]
    opened = {line.rsplit(" = ")[-1] for line in calls if "O_WRONLY" in line or "O_RDWR" in line or "creat(" in line}
    opened = {name.partition("<")[2].rstrip(">") for name in opened}
    outside = {name for name in opened if not name.startswith(f"{at.home}/") and not HARMLESS.fullmatch(name)}
    written = [line for line in calls if any(f"<{name}>" in line for name in outside) and "write" in line]
    assert done.stdout.count("water/penalty") >= 1, done.stderr
    assert any(name.endswith(".part") for name in opened)
    assert [line for line in written if PROBE not in line] == []
    assert len(written) == len(outside), outside
    assert not any("memfd_create(" in line for line in calls)
    (at.home / "said.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert found_under(at.home, persons_of(at.world)) == {}


def test_files_with_records_are_for_the_owner_only(install: Install) -> None:
    at = install(only="market/penalty")
    at.run("market/penalty")
    homes = [at.home / name for name in (*VAULT, "keys")]
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in homes), [oct(f.stat().st_mode) for f in homes]
    files = [path for folder in homes for path in folder.rglob("*") if path.is_file()]
    ours = [path for path in files if path.read_bytes().startswith(MAGIC) or path.suffix == ".json"]
    assert len(ours) > 5
    open_ones = {path.name for path in ours if path.stat().st_mode & 0o077}
    assert open_ones <= {"manifest.json", "suite.json"}
