"""The landing store (落地区): raw bytes exactly as they came, immutable, named by their digest.

`<feed>/<batch>/part-00001.<format>` and `manifest.json`, written last. From then on the source is not asked again.
"""

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from exchange.durable import finish_folder, write_file
from schemas.exchange import Part


@dataclass(frozen=True, slots=True)
class LandedPart:
    """One raw file of a batch. `name` is the source's label, `file` ours."""

    file: str
    name: str
    format: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one pull gave. `id`: sha-256 over the digests of its parts, in order."""

    id: str
    feed: str
    parts: tuple[LandedPart, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


class LandingStore:
    """A folder of batches."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def land(self, feed: str, parts: Iterable[Part]) -> Batch:
        """Stream the parts to disk; the batch appears whole or not at all."""
        incoming = self.root / ".incoming" / uuid.uuid4().hex
        incoming.mkdir(parents=True)
        landed = tuple(self._write(incoming, number, part) for number, part in enumerate(parts, 1))
        batch = Batch(_batch_id(feed, landed), feed, landed)
        manifest = json.dumps(asdict(batch), ensure_ascii=False, sort_keys=True, indent=1).encode()
        write_file(incoming / "manifest.json", [manifest])
        finish_folder(incoming, self._folder(feed, batch.id))
        return batch

    def batch(self, feed: str, batch_id: str) -> Batch:
        """Read a manifest back. Raises FileNotFoundError."""
        data = json.loads((self._folder(feed, batch_id) / "manifest.json").read_bytes())
        return Batch(data["id"], data["feed"], tuple(LandedPart(**part) for part in data["parts"]))

    def open(self, batch: Batch, part: LandedPart) -> BinaryIO:
        """One part's raw bytes."""
        return (self._folder(batch.feed, batch.id) / part.file).open("rb")

    def _folder(self, feed: str, batch_id: str) -> Path:
        return self.root / feed.replace("/", os.sep) / batch_id

    def _write(self, incoming: Path, number: int, part: Part) -> LandedPart:
        name = f"part-{number:05d}.{part.format}"
        digest, size = write_file(incoming / name, part.chunks)
        return LandedPart(name, part.name, part.format, digest, size)


def _batch_id(feed: str, parts: tuple[LandedPart, ...]) -> str:
    digest = sha256(b"batch1\0" + feed.encode())
    for part in parts:
        digest.update(f"\0{part.format}\0{part.sha256}".encode())
    return digest.hexdigest()
