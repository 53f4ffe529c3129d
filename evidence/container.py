"""The container: one zip for one content, its files by name, and what a member's leaf is made of.

Part of the verifier (evidence/single.py); the writer (bundle.py) uses it too.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evidence.notes import Note
from evidence.proofs import Broken, canonical, demand

FORMAT = "guiji-evidence/1"
MADE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle by name; `raw` is the zip as it was read."""

    raw: bytes
    files: dict[str, bytes]

    @cached_property
    def statement(self) -> Any:
        return json.loads(self.file("statement.json"))

    @cached_property
    def members(self) -> list[Any]:
        return [json.loads(line) for line in self.file("members.jsonl").splitlines()]

    @cached_property
    def proof(self) -> Any:
        return json.loads(self.file("log/proof.json"))

    @cached_property
    def checkpoint(self) -> Note:
        return Note(self.file("log/checkpoint.note"))

    @property
    def handovers(self) -> list[Note]:
        """Earlier checkpoints at which the keys changed, oldest first."""
        return [Note(self.files[name]) for name in sorted(self.files) if name.startswith("log/handovers/")]

    @property
    def receipts(self) -> list[bytes]:
        return [self.files[name] for name in sorted(self.files) if name.startswith("receipts/")]

    def file(self, name: str) -> bytes:
        demand(name in self.files, f"缺少 {name}", f"{name} is missing")
        return self.files[name]


def pack(files: dict[str, bytes]) -> bytes:
    """One zip for one content: names in order, nothing compressed, no times. The writer uses it too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, MADE)
            entry.create_system, entry.external_attr = 3, 0o100600 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def unpack(raw: bytes) -> Bundle:
    """Raises Broken when it is no zip of stored, differently named files."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            demand(all(e.compress_type == zipfile.ZIP_STORED for e in entries), "含压缩文件", "a file is compressed")
            files = {entry.filename: _stored(raw, entry) for entry in entries}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        raise Broken("不是存证包，或已损坏", "this is no evidence bundle, or it is damaged") from None
    demand(len(files) == len(entries), "文件重名", "two files have one name")
    return Bundle(raw, files)


def _stored(raw: bytes, entry: zipfile.ZipInfo) -> bytes:
    """A file's bytes as they lie there. Not by the zip's own CRC: a change is to be named by the check it breaks."""
    at = entry.header_offset
    at += 30 + int.from_bytes(raw[at + 26 : at + 28], "little") + int.from_bytes(raw[at + 28 : at + 30], "little")
    return raw[at : at + entry.file_size]


def leaf_data(member: Mapping[str, Any], salt: bytes, line: bytes) -> bytes:
    """What a member's leaf is the hash of, after the byte 0: salt ‖ member ‖ line feed ‖ its line of the request."""
    return salt + canonical(member) + b"\n" + line


def unhex(texts: Sequence[str]) -> list[bytes]:
    """Bytes from texts in the one form in which we write them."""
    data = [bytes.fromhex(text) for text in texts]
    demand([item.hex() for item in data] == list(texts), "十六进制不规范", "hexadecimal is not in its one form")
    return data
