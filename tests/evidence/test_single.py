"""The verifier as one file, in a place where nothing of ours can be imported, with no network and no database."""

import subprocess
import sys

import pytest

from evidence.single import one_file
from tests.evidence.chain import KEYS, name

# Runs the program and dies at the first socket, process, database, or file that is written.
WATCHED = """
import runpy, sys
FORBIDDEN = ("socket.", "sqlite3.", "subprocess.", "os.system", "os.exec", "urllib.", "http.", "ftplib.")
def watch(event, args):
    written = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if event.startswith(FORBIDDEN) or written:
        print("FORBIDDEN", event); sys.stdout.flush()
        import os; os._exit(99)
sys.addaudithook(watch)
program = sys.argv[1]
sys.argv = sys.argv[1:]
try:
    runpy.run_path(program, run_name="__main__")
finally:
    ours = {"evidence", "exchange", "schemas", "connectors", "transforms", "expectations", "sqlalchemy", "yaml"}
    assert not ours & {name.partition(".")[0] for name in sys.modules}
"""


@pytest.fixture
def place(tmp_path, chain):
    folder = tmp_path / "auditor"
    folder.mkdir()
    (folder / "verify.py").write_text(one_file(), encoding="utf-8")
    (folder / "watched.py").write_text(WATCHED, encoding="utf-8")
    (folder / "bundle.zip").write_bytes(chain.bundle(name(5)))
    (folder / "one.zip").write_bytes(chain.bundle(name(5), show=[KEYS[1]]))
    (folder / "office.key").write_text(chain.trust[0] + "\n")
    return folder


def run(place, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-X", "utf8", "-W", "error", "watched.py", "verify.py", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True)


@pytest.mark.parametrize(("bundle", "verdict"), [("bundle.zip", "✓ 证据成立"), ("one.zip", "✓ 所示部分成立")])
def test_it_says_yes(place, bundle, verdict):
    done = run(place, bundle, "--trust", "office.key")
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith(verdict)


def test_it_says_no_and_why(place):
    data = bytearray((place / "bundle.zip").read_bytes())
    at = data.index("某人".encode())
    data[at : at + 6] = "别人".encode()
    (place / "forged.zip").write_bytes(data)
    done = run(place, "forged.zip", "--trust", "office.key")
    assert done.returncode == 1
    assert "✗ 请求原文被改动：sha256 不符 · the request was changed: sha256 differs" in done.stdout
    assert "✓ 1 份回执原文未变 · 1 receipts are verbatim" in done.stdout
    assert "✗ 不能证明：11 项中 4 项不成立" in done.stdout  # the container, the key and the records' tree, too


def test_without_a_key_to_compare_it_says_no(place):
    done = run(place, "bundle.zip")
    assert done.returncode == 1
    assert "the key was not compared with the published one" in done.stdout


def test_it_takes_what_our_command_takes(place):
    assert run(place, "--help").returncode == 0
    assert run(place).returncode == 2


def test_the_watch_bites(place):
    """The test of the test: a program that opens a socket is caught."""
    (place / "verify.py").write_text("import socket\nsocket.create_connection(('127.0.0.1', 9))\n")
    assert run(place, "bundle.zip").returncode == 99
