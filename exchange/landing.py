"""The landing store (落地区): raw bytes exactly as they came, immutable, named by their digest.

`<feed>/<batch>/part-00001.<format>`, encrypted, and `manifest.json`, written last and in the clear: digests, sizes, the
source's labels. From then on the source is not asked again.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from exchange.durable import finish_folder, write_file
from exchange.incoming import incoming
from exchange.vault import Vault
from schemas.errors import FileDamaged, GuijiError
from schemas.exchange import Part


@dataclass(frozen=True, slots=True)
class LandedPart:
    """One raw file of a batch. `name` is the source's label, `file` ours; `child` as in Part."""

    file: str
    name: str
    format: str
    sha256: str
    size: int
    child: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one pull gave. `id`: sha-256 over the digests of its parts' plain bytes, in order. `scope`: their key."""

    id: str
    feed: str
    parts: tuple[LandedPart, ...]
    scope: str

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


class LandingStore:
    """A folder of batches."""

    def __init__(self, root: Path, vault: Vault) -> None:
        self.root, self.vault = root, vault

    def land(self, feed: str, parts: Iterable[Part]) -> Batch:
        """Stream the parts to disk; the batch appears whole or not at all."""
        with incoming(self.root / ".incoming", self.vault.keys) as (folder, scope):
            landed = tuple(self._write(folder, number, part, scope) for number, part in enumerate(parts, 1))
            batch = Batch(_batch_id(feed, landed), feed, landed, scope)
            manifest = json.dumps(asdict(batch), ensure_ascii=False, sort_keys=True, indent=1).encode()
            write_file(folder / "manifest.json", [manifest])
            if finish_folder(folder, self.folder(feed, batch.id)):
                return batch
        self.vault.keys.forget(scope)
        return self.batch(feed, batch.id)

    def batch(self, feed: str, batch_id: str) -> Batch:
        """Read a manifest back. Raises GuijiError when there is none, FileDamaged when it is another batch's."""
        path = self.folder(feed, batch_id) / "manifest.json"
        if not path.is_file():
            raise GuijiError(
                "this batch is not in the landing store", where=f"{feed} {batch_id[:12]}",
                remedy="a person destroyed it, or landing/ has to be restored from the backup",
            )  # fmt: skip
        data = json.loads(path.read_bytes())
        parts = tuple(LandedPart(**part) for part in data["parts"])
        if _batch_id(feed, parts) != batch_id:
            raise FileDamaged("is another batch's", where="manifest.json", remedy="restore it from the backup")
        return Batch(batch_id, feed, parts, data["scope"])

    def open(self, batch: Batch, part: LandedPart) -> BinaryIO:
        """One part's raw bytes. Raises FileDamaged, KeyMissing, KeyDestroyed."""
        return self.vault.open(self.folder(batch.feed, batch.id) / part.file, batch.scope)

    def folder(self, feed: str, batch_id: str) -> Path:
        """Where a batch lies."""
        return self.root / feed.replace("/", os.sep) / batch_id

    def _write(self, folder: Path, number: int, part: Part, scope: str) -> LandedPart:
        name = f"part-{number:05d}.{part.format}"
        digest, size = self.vault.write(folder / name, part.chunks, scope)
        return LandedPart(name, part.name, part.format, digest, size, part.child)


def _batch_id(feed: str, parts: tuple[LandedPart, ...]) -> str:
    digest = sha256(b"batch1\0" + feed.encode())
    for part in parts:
        digest.update(f"\0{part.format}\0{part.sha256}{part.child and chr(0)}{part.child}".encode())
    return digest.hexdigest()
