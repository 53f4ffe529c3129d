"""Owns the search for a person in bytes: under every form text can take, through every wrapping we or Airflow use."""

import base64
import gzip
import html
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

SHORTEST = 6  # bytes: a shorter form turns up by chance in what is encrypted
DEEPEST = 4


@cache
def forms(secret: str) -> frozenset[bytes]:
    """The bytes by which a secret may lie somewhere."""
    escaped = json.dumps(secret)[1:-1]
    numeric = "".join(f"&#{ord(letter)};" for letter in secret)
    hexed = "".join(f"&#x{ord(letter):x};" for letter in secret)
    texts = {secret, escaped, escaped.upper().replace("\\U", "\\u"), numeric, hexed, html.escape(secret), quote(secret)}
    texts |= {secret.encode().hex(), secret.encode().hex().upper()}
    found = {text.encode() for text in texts} | {
        secret.encode(name, "replace") for name in ("gb18030", "utf-16-le", "utf-16-be")
    }
    found |= {piece for form in (secret.encode(), secret.encode("gb18030")) for piece in _base64(form)}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _base64(form: bytes) -> Iterator[bytes]:
    """As it looks wherever in a longer text it begins."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + form)
        first, last = -(-before * 8 // 6), (before + len(form)) * 8 // 6
        yield whole[first:last]


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes themselves, and what is packed in them: gzip, zlib, zstd, zip (xlsx), Parquet, SQLite."""
    yield data
    if depth < DEEPEST:
        for inner in _inner(data):
            yield from unpacked(inner, depth + 1)


def _inner(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith((b"\x78\x01", b"\x78\x9c", b"\x78\xda")):
        yield zlib.decompress(data)
    elif data.startswith(b"\x28\xb5\x2f\xfd"):
        with pa.CompressedInputStream(io.BytesIO(data), "zstd") as stream:
            yield stream.read()
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode() + b"\n" + packed.read(name)
    elif data.startswith(b"PAR1"):
        for column in pq.read_table(io.BytesIO(data)).columns:
            yield "\n".join(str(value) for value in column.to_pylist()).encode("utf-8", "replace")
    elif data.startswith(b"SQLite format 3\0"):
        yield from _cells(data)


def _cells(data: bytes) -> Iterator[bytes]:
    """Every text and blob of a database: a long one lies in pieces in the file."""
    with closing(sqlite3.connect(":memory:")) as copy:
        copy.deserialize(data[:18] + b"\1\1" + data[20:])  # a copy without its journal
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in copy.execute(f'SELECT * FROM "{name}"'):
                for cell in row:
                    if isinstance(cell, str | bytes):
                        yield cell.encode() if isinstance(cell, str) else cell


def found_in(data: bytes, secrets: Iterable[str]) -> set[str]:
    """Which of the secrets the bytes hold in any form."""
    return _found([list(unpacked(data))], secrets)[0]


def _found(files: list[list[bytes]], secrets: Iterable[str]) -> list[set[str]]:
    """For each file's pieces, what they tell. All forms are looked for at once; only where one is, one by one."""
    every = {one: forms(one) for one in secrets}
    wanted = [form.decode("latin-1") for each in every.values() for form in each]
    pieces = pl.Series([piece.decode("latin-1") for file in files for piece in file], dtype=pl.String)
    hit = iter(pieces.str.contains_any(wanted).to_list())
    told = [b"\0\n\0".join([piece for piece in file if next(hit)]) for file in files]
    return [
        {one for one, each in every.items() if any(form in data for form in each)} if data else set() for data in told
    ]


def found_under(folder: Path, secrets: Iterable[str]) -> dict[str, set[str]]:
    """Every file below a folder, and every name, that tells a secret: path → what it tells."""
    paths = sorted(folder.rglob("*"))
    names = [path.relative_to(folder).as_posix() for path in paths]
    real = [path.is_file() and not path.is_symlink() for path in paths]
    files = [
        [name.encode(), *(unpacked(path.read_bytes()) if is_real else ())]
        for name, path, is_real in zip(names, paths, real, strict=True)
    ]
    return {name: told for name, told in zip(names, _found(files, secrets), strict=True) if told}
