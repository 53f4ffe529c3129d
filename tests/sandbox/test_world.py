"""The whole neighbourhood: nights pass, a restart shows the same, the command serves until it is told to stop."""

import hashlib
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from sandbox import signatures
from sandbox.receivers import ReceiverLog
from sandbox.world import World


def _market(state: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(state / "market.sqlite")) as db:
        return db.execute("SELECT * FROM xzcf ORDER BY id").fetchall()


def test_a_second_start_shows_the_same_night_at_the_same_addresses(tmp_path: Path) -> None:
    with World(tmp_path, seed=5, rows=100) as world:
        world.advance_to(2)
        environment, rows = world.env(), _market(tmp_path)
        assert world.business_date() == date(2026, 3, 3)
    with World(tmp_path) as world:
        assert (world.night, world.seed, world.rows) == (2, 5, 100)
        assert set(world.env()) == set(environment)
        assert _market(tmp_path) == rows
        assert sorted(path.name for path in (tmp_path / "transport").iterdir()) == [
            "xzcf_20260302.csv",
            "xzcf_20260303.csv",
            "xzxk_20260302.xlsx",
            "xzxk_20260303.xlsx",
        ]
        with pytest.raises(ValueError, match="cannot go back"):
            world.advance_to(1)


def test_the_hard_deletion_is_really_gone(tmp_path: Path) -> None:
    with World(tmp_path, rows=100) as world:
        before = {row[-1] for row in _market(tmp_path)}
        world.advance_to(2)
        gone = before - {row[-1] for row in _market(tmp_path)}
        assert gone == set(world.truth().feeds["market/penalty"].deleted)
        assert len(gone) == 1


def test_what_was_applied_survives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.serve", "--state", str(tmp_path), "--rows", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        environment = _environment(process)
        body = b'{"cd_id":"a1","cd_operation":"i","cd_source":"530000","cd_batch":"2026030200001","cd_revision":1}\n'
        headers = signatures.signed_headers(
            environment["GUIJI_NATION_SECRET"], "guiji-delivery", environment["GUIJI_NATION_RID"]
        ) | {
            "Idempotency-Key": "k1",
            "Content-Digest": f"sha-256={hashlib.sha256(body).hexdigest()}",
            "X-Record-Type": "penalty",
            "X-Record-Count": "1",
        }
        request = urllib.request.Request(environment["GUIJI_NATION_URL"] + "/deliveries", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            first = answer.read()
        process.kill()
        process.wait(20)
    log = ReceiverLog(tmp_path / "receiver_nation.sqlite")
    assert [(one.cd_id, one.line) for one in log.applied()] == [("a1", body.strip())]
    assert log.answer("k1") == (f"penalty:{hashlib.sha256(body).hexdigest()}", first)
    log.close()


def _environment(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    lines = [line.rstrip("\n").partition("=") for line in iter(process.stdout.readline, "\n")]
    return {name: shlex.split(value)[0] for name, _, value in lines}


def test_the_command_prints_its_environment_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.serve", "--state", str(tmp_path), "--night", "2", "--rows", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        environment = _environment(process)
        assert all(re.fullmatch(r"GUIJI_[A-Z_]+", name) for name in environment)
        assert len(environment) == 11
        with urllib.request.urlopen(environment["GUIJI_PROVINCE_URL"] + "/health", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
