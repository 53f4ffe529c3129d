"""The vault (保险库): every file that holds record content is written and read here, and lies encrypted on the disk.

A scope is what can be destroyed at once: a landed batch, or a load with its canonical file, deliveries and receipts.
What identifies a file elsewhere (batch, idempotency key, digests in the ledger) is the digest of its plain bytes.
"""

import io
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from exchange.ciphertext import CHUNK, DecryptingReader, EncryptingWriter, Encryptor, read_header
from exchange.durable import place_file
from exchange.keyring import Keyring
from schemas.errors import FileDamaged


class Vault:
    """Reads and writes encrypted files."""

    def __init__(self, keys: Keyring) -> None:
        self.keys = keys

    def write(self, path: Path, chunks: Iterable[bytes], scope: str) -> tuple[str, int]:
        """As durable.write_file: whole or absent. Returns (sha-256 hex of the plain bytes, how many)."""
        digest, size = sha256(), 0
        encryptor = self._encryptor(scope, path.name)

        def sealed() -> Iterator[bytes]:
            nonlocal size
            yield bytes(encryptor.header)
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield from encryptor.feed(chunk)
            yield encryptor.finish()

        place_file(path, sealed(), 0o600)
        return digest.hexdigest(), size

    def create(self, partial: Path, name: str, scope: str) -> BinaryIO:
        """A file object to write into; when it is closed and renamed, it is read under `name`."""
        out = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return cast(BinaryIO, EncryptingWriter(os.fdopen(out, "wb"), self._encryptor(scope, name)))

    def open(self, path: Path, scope: str) -> io.BufferedReader:
        """The plain bytes, seekable. Raises FileNotFoundError, FileDamaged, KeyMissing, KeyDestroyed."""
        return io.BufferedReader(self.reader(path, scope), CHUNK)

    def reader(self, path: Path, scope: str) -> DecryptingReader:
        """The same without a buffer, for those who read large pieces from many places (Parquet)."""
        _, key = self.keys.key(scope)  # first: of what was destroyed there is no file either
        stream = path.open("rb")
        try:
            header = read_header(stream, path.name)
            if header.scope != scope:
                raise FileDamaged(
                    f"belongs to {header.scope}, not to {scope}",
                    where=path.name,
                    remedy="restore the file from the backup",
                )
            return DecryptingReader(stream, header, key, path.name)
        except BaseException:
            stream.close()
            raise

    def read(self, path: Path, scope: str) -> bytes:
        """All of a small file."""
        with self.open(path, scope) as stream:
            return stream.read()

    def _encryptor(self, scope: str, name: str) -> Encryptor:
        suite, key = self.keys.make(scope)
        return Encryptor(suite, key, scope, name)
