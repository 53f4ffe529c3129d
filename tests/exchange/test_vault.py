"""The vault: whole or absent, plain digests, readable by Parquet, closed to the wrong scope, name or key."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exchange.ciphertext import CHUNK
from exchange.keyring import Keyring
from exchange.vault import Vault
from schemas.errors import FileDamaged, KeyDestroyed, KeyMissing

SECRET = "张三 110101199003077758"


@pytest.fixture(params=["aes-256-gcm", "sm4-gcm"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    return Vault(Keyring(tmp_path / "keys", suite=request.param))


def test_digest_and_size_are_those_of_the_plain_bytes(vault: Vault, tmp_path: Path) -> None:
    body = [SECRET.encode(), b"", b"x" * (CHUNK + 3)]
    path = tmp_path / "deep" / "file"

    assert vault.write(path, iter(body), "load-1") == (sha256(b"".join(body)).hexdigest(), len(b"".join(body)))

    assert vault.read(path, "load-1") == b"".join(body)
    assert SECRET.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_stream_that_breaks_off_leaves_the_old_file_alone(vault: Vault, tmp_path: Path) -> None:
    vault.write(tmp_path / "file", [b"old"], "load-1")

    def broken() -> Iterator[bytes]:
        yield b"new, and then"
        raise ConnectionError("as planned")

    with pytest.raises(ConnectionError):
        vault.write(tmp_path / "file", broken(), "load-1")
    assert vault.read(tmp_path / "file", "load-1") == b"old"


def test_parquet_is_written_into_it_and_read_out_of_it_by_row_group(vault: Vault, tmp_path: Path) -> None:
    table = pa.table({"name": [f"{SECRET} {n}" for n in range(30_000)], "n": list(range(30_000))})
    partial, path = tmp_path / ".part", tmp_path / "canonical.parquet"
    with vault.create(partial, path.name, "load-1") as sink, pq.ParquetWriter(sink, table.schema) as writer:
        for first in range(0, 30_000, 10_000):
            writer.write_table(table.slice(first, 10_000))
    partial.replace(path)

    with vault.open(path, "load-1") as stream:
        file = pq.ParquetFile(stream)
        assert file.num_row_groups == 3
        assert file.read_row_group(2, columns=["n"])["n"].to_pylist() == list(range(20_000, 30_000))
        assert file.read() == table
    assert partial.exists() is False
    assert b"PAR1" not in path.read_bytes()


def test_parquet_meets_the_typed_error_not_garbage(vault: Vault, tmp_path: Path) -> None:
    table = pa.table({"n": list(range(200_000))})
    with vault.create(tmp_path / "f", "f", "load-1") as sink:
        pq.write_table(table, sink)
    data = bytearray((tmp_path / "f").read_bytes())
    data[CHUNK // 2] ^= 1
    (tmp_path / "f").write_bytes(data)
    with vault.open(tmp_path / "f", "load-1") as stream, pytest.raises(FileDamaged, match="chunk 0"):
        pq.ParquetFile(stream).read()


def test_files_cannot_change_places(vault: Vault, tmp_path: Path) -> None:
    for name in ("one", "two"):
        vault.write(tmp_path / name, [name.encode()], "load-1")
    (tmp_path / "one").replace(tmp_path / "two")
    with pytest.raises(FileDamaged, match="two: chunk 0 of 1"):
        vault.open(tmp_path / "two", "load-1")
    vault.write(tmp_path / "one", [b"one"], "load-2")
    with pytest.raises(FileDamaged, match="one: belongs to load-2, not to load-1"):
        vault.open(tmp_path / "one", "load-1")


def test_a_file_in_the_clear_is_not_taken(vault: Vault, tmp_path: Path) -> None:
    vault.keys.make("load-1")
    (tmp_path / "file").write_bytes(b'{"cd_id": "slipped in"}')
    with pytest.raises(FileDamaged, match="file: is not an encrypted file of ours"):
        vault.open(tmp_path / "file", "load-1")


def test_without_its_key_a_file_says_which_key_it_wants(vault: Vault, tmp_path: Path) -> None:
    vault.write(tmp_path / "file", [b"x"], "load-1")
    vault.write(tmp_path / "other", [b"y"], "load-2")
    again = Vault(Keyring(tmp_path / "keys"))
    (tmp_path / "keys/data/load-1.json").unlink()
    with pytest.raises(KeyMissing, match="the key of load-1 is not there"):
        again.open(tmp_path / "file", "load-1")
    again.keys.destroy("load-2", "2026-03-02")
    with pytest.raises(KeyDestroyed):
        again.read(tmp_path / "other", "load-2")
    with pytest.raises(KeyDestroyed):
        again.write(tmp_path / "third", [b"z"], "load-2")
    assert not (tmp_path / "third").exists()


def test_a_file_that_is_not_there_is_told(vault: Vault, tmp_path: Path) -> None:
    vault.keys.make("load-1")
    with pytest.raises(FileNotFoundError):
        vault.open(tmp_path / "file", "load-1")
    vault.keys.destroy("load-1", "2026-03-02")
    with pytest.raises(KeyDestroyed):
        vault.open(tmp_path / "file", "load-1")
