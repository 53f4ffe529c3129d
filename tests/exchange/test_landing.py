"""The landing store: what comes in goes out byte for byte, a batch is whole or absent, the same bytes are one batch."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.keyring import Keyring
from exchange.landing import LandingStore
from exchange.vault import Vault
from schemas.errors import FileDamaged, GuijiError
from schemas.exchange import Part

Pieces = list[tuple[str, list[bytes]]]
PIECES = st.lists(st.tuples(st.sampled_from(["csv", "json"]), st.lists(st.binary(max_size=50), max_size=4)), max_size=4)


@pytest.fixture
def store(tmp_path: Path) -> LandingStore:
    return LandingStore(tmp_path / "landing", Vault(Keyring(tmp_path / "keys")))


def _parts(pieces: Pieces, name: str = "../第1页") -> Iterator[Part]:
    return (Part(name, kind, iter(chunks)) for kind, chunks in pieces)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=PIECES)
def test_every_byte_comes_back_in_order(pieces: Pieces, store: LandingStore) -> None:
    landed = store.land("d/penalty", _parts(pieces))
    batch = store.batch("d/penalty", landed.id)

    assert batch == landed
    read = []
    for part in batch.parts:
        with store.open(batch, part) as body:
            read.append(body.read())
    whole = [b"".join(chunks) for _, chunks in pieces]
    assert read == whole
    assert [part.sha256 for part in batch.parts] == [sha256(body).hexdigest() for body in whole]
    assert batch.size == sum(len(body) for body in whole)


def test_the_same_bytes_are_one_batch_and_the_first_is_kept(store: LandingStore) -> None:
    first = store.land("d/penalty", _parts([("csv", [b"ab", b"c"])]))
    manifest = store.root / "d" / "penalty" / first.id / "manifest.json"
    before = manifest.stat().st_ino
    second = store.land("d/penalty", _parts([("csv", [b"a", b"bc"])]))

    assert second.id == first.id
    assert manifest.stat().st_ino == before
    assert list((store.root / ".incoming").iterdir()) == []
    assert second == first
    assert list(store.vault.keys.scopes()) == [first.scope], "the key of the copy that was not kept"


@pytest.mark.parametrize(
    ("feed", "pieces"),
    [
        ("d/licence", [("csv", [b"ab"]), ("csv", [b"c"])]),
        ("d/penalty", [("json", [b"ab"]), ("csv", [b"c"])]),
        ("d/penalty", [("csv", [b"c"]), ("csv", [b"ab"])]),
        ("d/penalty", [("csv", [b"abc"])]),
        ("d/penalty", [("csv", [b"ab"]), ("csv", [b"c"]), ("csv", [b""])]),
    ],
)
def test_another_feed_format_order_or_cut_is_another_batch(feed: str, pieces: Pieces, store: LandingStore) -> None:
    first = store.land("d/penalty", _parts([("csv", [b"ab"]), ("csv", [b"c"])]))

    assert store.land(feed, _parts(pieces)).id != first.id


def test_a_pull_that_breaks_off_leaves_no_batch(store: LandingStore) -> None:
    def broken() -> Iterator[Part]:
        yield Part("1", "csv", iter([b"whole"]))
        raise ConnectionError("as planned")

    with pytest.raises(ConnectionError):
        store.land("d/penalty", broken())
    assert not (store.root / "d").exists()
    assert list((store.root / ".incoming").iterdir()) == []
    assert list(store.vault.keys.scopes()) == []


def _left(store: LandingStore, name: str, hours: float) -> Path:
    """What a killed pull leaves: a folder, a part in it, its lock's file, its key."""
    folder = store.root / ".incoming" / name
    store.vault.write(folder / "part-00001.csv", [b"half"], f"batch-{name}")
    lock = folder.with_name(f"{name}.lock")
    lock.touch()
    then = time.time() - hours * 3600
    for path in (folder / "part-00001.csv", folder, lock):
        os.utime(path, (then, then))
    return folder


def test_what_killed_pulls_left_is_cleared_and_nothing_that_may_be_alive(store: LandingStore) -> None:
    dead, young, living = _left(store, "dead", 25), _left(store, "young", 23), _left(store, "living", 25)
    pull = subprocess.Popen(["flock", "--no-fork", living.with_name("living.lock"), "sleep", "60"])
    try:
        _wait_for(lambda: subprocess.run(["flock", "-n", living.with_name("living.lock"), "true"]).returncode == 1)
        batch = store.land("d/penalty", _parts([("csv", [b"x"])]))
    finally:
        pull.kill()
        pull.wait()
    assert (dead.exists(), young.exists(), living.exists()) == (False, True, True)
    assert set(store.vault.keys.scopes()) == {batch.scope, "batch-young", "batch-living"}


def _wait_for(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_sources_label_never_becomes_a_path(store: LandingStore) -> None:
    batch = store.land("d/penalty", _parts([("csv", [b"x"])], name="../../outside"))

    assert [part.name for part in batch.parts] == ["../../outside"]
    assert {path.name for path in (store.root / "d" / "penalty" / batch.id).iterdir()} == {
        "part-00001.csv",
        "manifest.json",
    }


def test_a_batch_that_is_not_there_is_told(store: LandingStore) -> None:
    with pytest.raises(GuijiError, match="d/penalty 000000000000: this batch is not in the landing store"):
        store.batch("d/penalty", "0" * 64)


def test_nothing_of_a_part_lies_on_the_disk_in_the_clear(store: LandingStore) -> None:
    batch = store.land("d/penalty", _parts([("csv", ["张三,110101199003077758".encode()])]))

    body = (store.folder("d/penalty", batch.id) / "part-00001.csv").read_bytes()
    assert b"110101" not in body
    assert "张三".encode() not in body


def test_a_batch_put_in_another_ones_place_is_refused(store: LandingStore) -> None:
    first = store.land("d/penalty", _parts([("csv", [b"first"])]))
    second = store.land("d/penalty", _parts([("csv", [b"second"])]))
    one, other = store.folder("d/penalty", first.id), store.folder("d/penalty", second.id)

    (other / "part-00001.csv").replace(one / "part-00001.csv")
    with pytest.raises(FileDamaged, match="belongs to batch-"):
        store.open(first, first.parts[0])
    (other / "manifest.json").replace(one / "manifest.json")
    with pytest.raises(FileDamaged, match="another batch's"):
        store.batch("d/penalty", first.id)
