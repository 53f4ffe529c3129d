"""Files and folders are whole or absent; crash points kill only when they are told to."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange import durable
from exchange.durable import finish_file, finish_folder, write_file
from schemas.catalog import HOUSE


def test_what_is_written_is_named_by_digest_and_size(tmp_path: Path) -> None:
    body = [b"first ", "第二".encode(), b""]

    digest, size = write_file(tmp_path / "deep" / "file", iter(body))

    assert (tmp_path / "deep" / "file").read_bytes() == b"".join(body)
    assert (digest, size) == (hashlib.sha256(b"".join(body)).hexdigest(), 12)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]


def test_a_stream_that_breaks_off_leaves_the_old_file_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "file", [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"new, and then"
        raise ConnectionError("as planned")

    with pytest.raises(ConnectionError):
        write_file(tmp_path / "file", broken())
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(b"new")
    (tmp_path / "file").write_bytes(b"old")

    finish_file(tmp_path / "file.part", tmp_path / "file")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_folder_that_stands_already_is_kept(tmp_path: Path) -> None:
    for name, text in (("one", b"first"), ("two", b"second")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(text)

    finish_folder(tmp_path / "one", tmp_path / "deep" / "final")
    finish_folder(tmp_path / "two", tmp_path / "deep" / "final")

    assert (tmp_path / "deep" / "final" / "file").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


@pytest.mark.parametrize(
    ("told", "status", "written"),
    [
        ("", 0, ["a", "b"]),
        ("another.point", 0, ["a", "b"]),
        ("file.before_rename", -signal.SIGKILL, []),
        ("file.after_rename", -signal.SIGKILL, ["a"]),
        ("file.before_rename:2", -signal.SIGKILL, ["a"]),
    ],
)
def test_a_crash_point_kills_at_the_passing_it_was_told(
    told: str, status: int, written: list[str], tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from exchange.durable import write_file\n"
        "for name in 'ab': write_file(Path(sys.argv[1]) / name, [b'x'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=HOUSE, env={"GUIJI_CRASH_AT": told}, check=False
    )

    assert done.returncode == status
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".part") == written


def test_a_new_folder_is_synced_into_the_one_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(durable, "sync_folder", synced.append)
    durable.make_folder(tmp_path / "deliveries" / "ab", 0o700)
    durable.make_folder(tmp_path / "deliveries" / "ab", 0o700)
    assert synced == [tmp_path, tmp_path / "deliveries"]
    assert (tmp_path / "deliveries" / "ab").stat().st_mode & 0o777 == 0o700
