"""`guiji keys`: what a person types about keys, from a new installation to a lost one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exchange.keyring import Keyring
from exchange.vault import Vault
from tests.exchange.cli.conftest import REASON, Guiji

SECRET = "张三 110101199003077758"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One encrypted file under a master key that lies elsewhere."""
    keys = Keyring(tmp_path / "home/keys", tmp_path / "volume/master.json")
    keys.make_master()
    Vault(keys).write(tmp_path / "home/deliveries/ab/abc.ndjson", [SECRET.encode()], "load-00000001")
    return tmp_path / "home"


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return {"GUIJI_HOME": str(home), "GUIJI_MASTER_KEY_FILE": str(home.parent / "volume/master.json")}


def events(home: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(home / "ledger.db")) as ledger:
        return ledger.execute("SELECT what, subject, person FROM event ORDER BY id").fetchall()


def test_keys_of_a_new_installation_are_made_where_they_are_named(guiji: Guiji, tmp_path: Path) -> None:
    env = {"GUIJI_HOME": str(tmp_path), "GUIJI_MASTER_KEY_FILE": str(tmp_path / "volume/m.json")}
    made = guiji("keys", "make", env=env)
    assert (made.status, (tmp_path / "volume/m.json").is_file()) == (0, True)
    again = guiji("keys", "make", env=env)
    assert again.status == 1
    assert "stands there already → guiji keys rotate" in again.err


def test_show_opens_every_key_and_rotate_changes_the_master(guiji: Guiji, env: dict[str, str], home: Path) -> None:
    shown = guiji("keys", "show", env=env)
    assert shown.status == 0
    assert "1 个可用 all open · 0 个已销毁 destroyed" in shown.out
    before = (home.parent / "volume/master.json").read_text()
    assert guiji("keys", "rotate", *REASON, env=env).status == 0
    assert (home.parent / "volume/master.json").read_text() != before
    assert guiji("keys", "show", env=env).status == 0
    assert events(home) == [("master key rotated", "1 data keys", "tester")]


def test_a_file_is_read_in_the_clear_by_who_gives_a_name_and_a_reason(
    guiji: Guiji, env: dict[str, str], home: Path
) -> None:
    file = str(home / "deliveries/ab/abc.ndjson")
    assert guiji("keys", "read", file, env=env).status == 2
    got = guiji("keys", "read", file, *REASON, env=env)
    assert (got.status, got.out) == (0, SECRET)
    assert events(home) == [("file read", "load-00000001 abc.ndjson", "tester")]


def test_a_lost_master_key_is_told_with_file_and_remedy(guiji: Guiji, env: dict[str, str], home: Path) -> None:
    (home.parent / "volume/master.json").unlink()
    for words in (("keys", "show"), ("keys", "read", str(home / "deliveries/ab/abc.ndjson"), *REASON)):
        told = guiji(*words, env=env)
        assert told.status == 1
        assert "volume/master.json: the master key is not there → restore it" in told.err
        assert SECRET not in told.out + told.err


def test_what_is_no_encrypted_file_is_not_read(guiji: Guiji, env: dict[str, str], home: Path) -> None:
    (home / "plain").write_text(SECRET)
    told = guiji("keys", "read", str(home / "plain"), *REASON, env=env)
    assert (told.status, told.out) == (1, "")
    assert "is not an encrypted file of ours" in told.err
