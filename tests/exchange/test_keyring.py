"""Keys: made once, wrapped, rotated, destroyed; what is lost or wrong is told with file and remedy."""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from exchange.keyring import Keyring
from schemas.errors import ConfigurationError, KeyDestroyed, KeyMissing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_key_is_made_once_and_found_again(folder: Path) -> None:
    made = Keyring(folder).make("load-1")
    assert Keyring(folder).make("load-1") == Keyring(folder).key("load-1") == made
    assert Keyring(folder).make("load-2") != made
    assert len(made[1]) == made[0].key_bytes == 32


def test_keys_are_for_the_owner_only_and_none_lies_bare(folder: Path) -> None:
    key = Keyring(folder).make("load-1")[1]
    files = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*.json")}
    assert files == {"master.json": 0o600, "load-1.json": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert key.hex() not in (folder / "data/load-1.json").read_text()


def test_the_cipher_stays_that_of_the_day_the_key_was_made(folder: Path) -> None:
    made = Keyring(folder, suite="sm4-gcm").make("load-1")
    assert (made[0].name, len(made[1])) == ("sm4-gcm", 16)
    assert Keyring(folder, suite="aes-256-gcm").make("load-1") == made


def test_a_cipher_that_does_not_exist_is_told(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GUIJI_CIPHER: there is no cipher sm4.*sm4-gcm"):
        Keyring(folder, suite="sm4")


def test_a_key_nobody_made_is_missing(folder: Path) -> None:
    with pytest.raises(KeyMissing, match=r"keys/data/load-9\.json: the key of load-9 is not there → restore"):
        Keyring(folder).key("load-9")


def test_a_lost_master_key_is_told_and_never_replaced(folder: Path) -> None:
    Keyring(folder).make("load-1")
    (folder / "master.json").unlink()
    with pytest.raises(KeyMissing, match=r"master\.json: the master key is not there → restore"):
        Keyring(folder).key("load-1")
    for attempt in (lambda: Keyring(folder).make("load-2"), lambda: Keyring(folder).make_master()):
        with pytest.raises(KeyMissing, match="there are data keys, but their master key is gone"):
            attempt()
    assert not (folder / "master.json").exists()


def test_another_installations_master_key_opens_nothing(folder: Path, tmp_path: Path) -> None:
    Keyring(folder).make("load-1")
    Keyring(tmp_path / "other").make("load-1")
    (tmp_path / "other/master.json").replace(folder / "master.json")
    with pytest.raises(KeyMissing, match=r"wrapped by another master key → put master key [0-9a-f]{8}… back"):
        Keyring(folder).key("load-1")


def test_a_key_file_under_another_name_or_changed_is_refused(folder: Path) -> None:
    keys = Keyring(folder)
    keys.make("load-1")
    keys.make("load-2")
    (folder / "data/load-1.json").replace(folder / "data/load-2.json")
    with pytest.raises(KeyMissing, match="the key of load-2 is damaged or another's"):
        Keyring(folder).key("load-2")
    (folder / "data/load-2.json").write_text("{")
    with pytest.raises(KeyMissing, match="is no key file"):
        Keyring(folder).key("load-2")


def test_a_master_key_that_everybody_may_read_is_refused(folder: Path) -> None:
    Keyring(folder).make("load-1")
    (folder / "master.json").chmod(0o644)
    with pytest.raises(ConfigurationError, match="everybody may read the master key → chmod 600"):
        Keyring(folder).key("load-1")


def test_a_named_master_key_must_be_there(folder: Path, tmp_path: Path) -> None:
    """A volume that is not mounted must not look like a new installation."""
    named = tmp_path / "volume" / "master.json"
    with pytest.raises(KeyMissing, match=r"GUIJI_MASTER_KEY_FILE.*guiji keys make"):
        Keyring(folder, named).make("load-1")
    Keyring(folder, named).make_master()
    made = Keyring(folder, named).make("load-1")
    assert Keyring(folder, named).key("load-1") == made
    assert not (folder / "master.json").exists()
    with pytest.raises(ConfigurationError, match="stands there already"):
        Keyring(folder, named).make_master()


def test_the_environment_names_master_key_and_cipher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIJI_MASTER_KEY_FILE", str(tmp_path / "m.json"))
    monkeypatch.setenv("GUIJI_CIPHER", "sm4-gcm")
    keys = Keyring.of(tmp_path)
    assert (keys.master, keys.suite.name, keys.folder) == (tmp_path / "m.json", "sm4-gcm", tmp_path / "keys")


def test_rotation_wraps_every_key_anew_and_forgets_the_old_master(folder: Path) -> None:
    running = Keyring(folder)
    before = {scope: running.make(scope) for scope in ("load-1", "load-2")}
    running.make("load-3")
    running.destroy("load-3", "2026-03-02T00:00:00+00:00")
    old = (folder / "master.json").read_text()
    wrapped = (folder / "data/load-1.json").read_text()

    assert Keyring(folder).rotate() == 2

    assert {scope: Keyring(folder).key(scope) for scope in before} == before
    assert running.make("load-4") == Keyring(folder).key("load-4"), "a process from before the rotation goes on"
    fresh = json.loads((folder / "master.json").read_text())
    assert list(fresh["keys"]) == [fresh["current"]]
    assert json.loads(old)["current"] not in fresh["keys"]
    assert (folder / "data/load-1.json").read_text() != wrapped
    (folder / "master.json").write_text(old)
    with pytest.raises(KeyMissing, match="another master key"):
        Keyring(folder).key("load-1")


def test_a_rotation_stopped_halfway_leaves_everything_readable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keyring(folder)
    before = {scope: keys.make(scope) for scope in ("load-1", "load-2", "load-3")}
    passed: list[str] = []

    def stop(name: str) -> None:
        passed.append(name)
        if name == "file.after_rename" and passed.count(name) == 3:  # the master, load-1, load-2
            raise KeyboardInterrupt

    monkeypatch.setattr("exchange.durable.crash_point", stop)
    with pytest.raises(KeyboardInterrupt):
        Keyring(folder).rotate()
    monkeypatch.undo()
    assert {scope: Keyring(folder).key(scope) for scope in before} == before
    assert len(json.loads((folder / "master.json").read_text())["keys"]) == 2

    assert Keyring(folder).rotate() == 3
    assert {scope: Keyring(folder).key(scope) for scope in before} == before
    assert len(json.loads((folder / "master.json").read_text())["keys"]) == 1


def test_a_destroyed_key_stays_destroyed(folder: Path) -> None:
    keys = Keyring(folder)
    keys.make("load-1")
    wrapped = json.loads((folder / "data/load-1.json").read_text())["key"]

    assert keys.destroy("load-1", "2026-03-02T00:00:00+00:00")

    assert not keys.destroy("load-1", "2026-03-03T00:00:00+00:00")
    assert not any(wrapped in path.read_text() for path in folder.rglob("*.json"))
    for attempt in (keys.key, keys.make, Keyring(folder).key, Keyring(folder).make):
        with pytest.raises(KeyDestroyed, match="the key of load-1 was destroyed on 2026-03-02"):
            attempt("load-1")
    assert keys.scopes() == {"load-1": False}


@pytest.mark.parametrize("how", ["rotate", "destroy"])
def test_what_a_killed_process_left_is_swept_with_the_key_it_may_hold(folder: Path, how: str) -> None:
    keys = Keyring(folder)
    keys.make("load-1")
    for left in (folder / ".master.json.99.part", folder / "data/.load-1.json.99.part"):
        left.write_text("an old key")
    if how == "rotate":
        keys.rotate()
    else:
        keys.destroy("load-1", "2026-03-02")
    assert sorted(path.name for path in folder.rglob("*.*")) == ["load-1.json", "master.json"]


def _make(folder: Path, turn: int) -> bytes:
    keys = Keyring(folder)
    if turn % 4 == 3:
        keys.rotate()
    return keys.make("load-1")[1]


def test_many_at_once_agree_on_one_master_and_one_key(folder: Path) -> None:
    _make(folder, 0)
    (folder / "data/load-1.json").unlink()
    (folder / "master.json").unlink()
    with ProcessPoolExecutor(4, multiprocessing.get_context("forkserver")) as pool:
        first = list(pool.map(_make, [folder] * 12, [0] * 12))
        later = list(pool.map(_make, [folder] * 12, range(12)))
    assert len(set(first + later)) == 1
    assert [path.name for path in (folder / "data").iterdir()] == ["load-1.json"]


def test_a_master_key_in_a_folder_that_cannot_be_written_is_not_rotated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Keyring(folder).make("load-1")
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder)  # tests may run as root, whom no mode stops
    with pytest.raises(ConfigurationError, match="cannot be replaced here"):
        Keyring(folder).rotate()
