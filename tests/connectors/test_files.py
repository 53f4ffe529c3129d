"""Drop folders: bytes untouched, content landed once, unfinished files left alone, nothing read outside the folder."""

import os
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import open_source
from schemas.errors import ConfigurationError, SourceRefused, SourceUnreachable
from schemas.exchange import Window

FIRST = Window(None, False)


def read(folder: Path, window: Window = FIRST) -> tuple[dict[str, bytes], dict[str, Any]]:
    options = {"pattern": "xzcf_*", "format": "csv"}
    opened = open_source({"method": "files", "folder": str(folder)}, options, "departments/x/penalty.yaml")
    with opened.pull(window) as pull:
        parts = {part.name: b"".join(part.chunks) for part in pull.parts()}
        assert not pull.complete
        return parts, pull.position


def test_gbk_bytes_come_untouched_in_the_order_of_names(tmp_path: Path) -> None:
    gbk = "文号,当事人\r\n".encode("gb18030")
    (tmp_path / "xzcf_2.csv").write_bytes(gbk)
    (tmp_path / "xzcf_1.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "other.csv").write_bytes(b"x")
    parts, _ = read(tmp_path)
    assert list(parts.items()) == [("xzcf_1.csv", b"\xff\xfe\x00"), ("xzcf_2.csv", gbk)]


def test_only_new_content_comes_again_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "xzcf_1.csv").write_bytes(b"one")
    _, position = read(tmp_path)
    (tmp_path / "xzcf_copy.csv").write_bytes(b"one")
    (tmp_path / "xzcf_1.csv").write_bytes(b"one, corrected")
    parts, position = read(tmp_path, Window(position, False))
    assert parts == {"xzcf_1.csv": b"one, corrected"}
    assert len(position["files"]) == 2
    assert position["taken"] == ["xzcf_1.csv"]
    assert read(tmp_path, Window(position, False)) == ({}, {**position, "taken": []})


def test_a_file_that_says_again_what_it_said_before_is_read_again(tmp_path: Path) -> None:
    """A, then B, then A: whoever skips the third keeps B for the truth."""
    position: dict[str, Any] = {}
    for content in (b"A", b"B", b"A"):
        (tmp_path / "xzcf_all.csv").write_bytes(content)
        parts, position = read(tmp_path, Window(position or None, False))
        assert parts == {"xzcf_all.csv": content}
    assert read(tmp_path, Window(position, False))[0] == {}


def test_the_same_bytes_under_a_later_date_are_read_and_copies_are_not(tmp_path: Path) -> None:
    for name, content in (("20260301", b"A"), ("20260302", b"B"), ("20260303", b"A"), ("20260303_2", b"A")):
        (tmp_path / f"xzcf_{name}.csv").write_bytes(content)
    parts, position = read(tmp_path)
    assert list(parts) == ["xzcf_20260301.csv", "xzcf_20260302.csv", "xzcf_20260303.csv"]
    (tmp_path / "xzcf_20260228.csv").write_bytes(b"A")
    assert read(tmp_path, Window(position, False))[0] == {}


def test_every_empty_file_is_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "xzcf_1.csv").write_bytes(b"")
    parts, position = read(tmp_path)
    assert parts == {"xzcf_1.csv": b""}
    (tmp_path / "xzcf_2.csv").write_bytes(b"")
    assert read(tmp_path, Window(position, False))[0] == {"xzcf_2.csv": b""}


def test_unfinished_files_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "xzcf_1.csv.part").write_bytes(b"half")
    growing = tmp_path / "xzcf_2.csv"
    growing.write_bytes(b"half")

    def grow(seconds: float) -> None:
        growing.write_bytes(b"half and more")

    monkeypatch.setattr("connectors.files.time.sleep", grow)
    assert read(tmp_path) == ({}, {"files": {}, "taken": []})


def test_a_file_that_changes_under_our_hands_breaks_the_pull_off(tmp_path: Path) -> None:
    path = tmp_path / "xzcf_1.csv"
    path.write_bytes(b"one")
    options = {"pattern": "xzcf_*", "format": "csv"}
    opened = open_source({"method": "files", "folder": str(tmp_path)}, options, "x")
    with opened.pull(FIRST) as pull:
        part = next(pull.parts())
        path.write_bytes(b"two")
        with pytest.raises(SourceUnreachable, match="changed while"):
            list(part.chunks)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    inside = tmp_path / "in"
    inside.mkdir()
    os.symlink(tmp_path / "secret", inside / "xzcf_1.csv")
    with pytest.raises(SourceRefused, match="leaves the folder"):
        read(inside)


def test_no_folder_is_told_and_no_file_is_fine(tmp_path: Path) -> None:
    assert read(tmp_path) == ({}, {"files": {}, "taken": []})
    with pytest.raises(SourceUnreachable, match="not there"):
        read(tmp_path / "none")


def test_a_pattern_stays_in_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="leaves the folder"):
        open_source({"method": "files", "folder": str(tmp_path)}, {"pattern": "../*", "format": "csv"}, "x")
