"""The search that the privacy tests rest on finds what is hidden, however it is wrapped."""

import base64
import gzip
import io
import json
import os
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.flow.search import found_in, found_under

NAME, NUMBER = "欧阳晓燕", "53010219800101001X"
TEXT = f"当事人{NAME}，证件号码{NUMBER}。"


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/b.txt", data)
    return out.getvalue()


def _parquet(data: bytes) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"x": ["none", data.decode()]}), out, compression="zstd")
    return out.getvalue()


def _sqlite(data: bytes) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE t (x TEXT, y BLOB)")
        made.execute("INSERT INTO t VALUES (?, ?)", ("long " * 3000 + data.decode(), gzip.compress(data)))
        made.commit()
        return made.serialize()


def _zstd(data: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(data)
    packed: bytes = out.getvalue().to_pybytes()
    return packed


WAYS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda t: t.encode(),
    "gb18030": lambda t: t.encode("gb18030"),
    "utf-16-le": lambda t: t.encode("utf-16-le"),
    "utf-16-be": lambda t: t.encode("utf-16-be"),
    "JSON escapes": lambda t: json.dumps({"x": t}).encode(),
    "base64": lambda t: base64.b64encode(t.encode()),
    "base64, one on": lambda t: base64.b64encode(b"x" + t.encode()),
    "base64, two on": lambda t: base64.b64encode(b"xy" + t.encode()),
    "base64 of gbk": lambda t: base64.b64encode(t.encode("gbk")),
    "hex": lambda t: t.encode().hex().encode(),
    "percent": lambda t: quote(t).encode(),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t).encode(),
    "gzip": lambda t: gzip.compress(t.encode()),
    "zlib": lambda t: zlib.compress(t.encode()),
    "zstd": lambda t: _zstd(t.encode()),
    "zip in gzip": lambda t: gzip.compress(_zip(t.encode("gbk"))),
    "parquet": lambda t: _parquet(t.encode()),
    "parquet in zip": lambda t: _zip(_parquet(t.encode())),
    "sqlite": lambda t: _sqlite(t.encode()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_and_a_number_are_found(way: str) -> None:
    assert found_in(WAYS[way](TEXT), [NAME, NUMBER, "司马相如"]) == {NAME, NUMBER}


def test_random_bytes_tell_nothing() -> None:
    assert found_in(os.urandom(1 << 20), [NAME, NUMBER, "张三", "李四五"]) == set()


def test_names_of_files_and_folders_are_searched_too(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "x.txt").write_text("nothing")
    (tmp_path / "y.txt").write_text(NUMBER)
    assert found_under(tmp_path, [NAME, NUMBER]) == {NAME: {NAME}, f"{NAME}/x.txt": {NAME}, "y.txt": {NUMBER}}
