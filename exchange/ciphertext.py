"""The form of an encrypted file: a header, then chunks of 256 KiB, each sealed on its own (AES-256-GCM or SM4-GCM).

    magic 8 | suite 1 | 2^n chunk 1 | length of scope 2 | salt 16 | scope | chunk 0, tag 16 | … | last chunk, tag 16

Every file has a key of its own: HKDF of the scope's data key and the file's salt. A chunk's nonce is its number and
whether it is the last (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár 2015). Every chunk vouches for the
header and the file's name too: one that is changed, missing, doubled, moved or from another file is refused.
"""

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.errors import FileDamaged

MAGIC = b"GUIJI\0v1"
CHUNK_BITS = 18
CHUNK = 1 << CHUNK_BITS
TAG = 16
HEAD = struct.Struct(">8sBBH16s")


class Aead(Protocol):
    """Encrypts and vouches; `decrypt` raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class Sm4Gcm:
    """SM4-GCM (GB/T 32907 with RFC 8998's parameters), in the form of the library's AESGCM."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes) -> bytes:
        sealing = Cipher(self._key, modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(associated_data)
        return sealing.update(data) + sealing.finalize() + sealing.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        opening = Cipher(self._key, modes.GCM(nonce, bytes(data[-TAG:]))).decryptor()
        opening.authenticate_additional_data(associated_data)
        return opening.update(data[:-TAG]) + opening.finalize()


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher and the hash its keys are derived with. `number` stands in the header and never changes its meaning."""

    number: int
    name: str
    key_bytes: int
    hash: type[hashes.HashAlgorithm]
    cipher: type[AESGCM] | type[Sm4Gcm]

    def derive(self, key: bytes, salt: bytes, purpose: bytes) -> Aead:
        """The cipher under a key made of `key` for one salt and one purpose."""
        return self.cipher(HKDF(self.hash(), self.key_bytes, salt, purpose).derive(key))


SUITES = {
    suite.name: suite
    for suite in (Suite(1, "aes-256-gcm", 32, hashes.SHA256, AESGCM), Suite(2, "sm4-gcm", 16, hashes.SM3, Sm4Gcm))
}


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the chunks, in the clear: no word of it tells what is in the file."""

    suite: Suite
    chunk: int
    salt: bytes
    scope: str

    def __bytes__(self) -> bytes:
        scope = self.scope.encode()
        return HEAD.pack(MAGIC, self.suite.number, self.chunk.bit_length() - 1, len(scope), self.salt) + scope


def read_header(stream: BinaryIO, where: str) -> Header:
    """Raises FileDamaged when the stream does not begin as one of ours."""
    head = stream.read(HEAD.size)
    if len(head) == HEAD.size:
        magic, number, bits, length, salt = HEAD.unpack(head)
        suites = [suite for suite in SUITES.values() if suite.number == number]
        scope = stream.read(length).decode("ascii", "replace")
        if magic == MAGIC and suites and 12 <= bits <= 24 and len(scope) == length:
            return Header(suites[0], 1 << bits, salt, scope)
    raise FileDamaged(
        "is not an encrypted file of ours", where=where, remedy="restore it from the backup; plain files are not read"
    )


class _Sealing:
    """What writer and reader of one file share."""

    def __init__(self, header: Header, key: bytes, label: str) -> None:
        self._aead = header.suite.derive(key, header.salt, b"guiji file")
        self._bound = bytes(header) + b"\0" + label.encode()

    def seal(self, number: int, last: bool, data: bytes | memoryview) -> bytes:
        return self._aead.encrypt(number.to_bytes(11, "big") + bytes([last]), data, self._bound)

    def open(self, number: int, last: bool, data: bytes) -> bytes:
        return self._aead.decrypt(number.to_bytes(11, "big") + bytes([last]), data, self._bound)


class Encryptor:
    """Bytes in, the file's bytes out. `label`: the file's name, which it can then only be read under."""

    def __init__(self, suite: Suite, key: bytes, scope: str, label: str) -> None:
        self.header = Header(suite, CHUNK, os.urandom(16), scope)
        self._sealing = _Sealing(self.header, key, label)
        self._waiting = b""
        self._number = 0

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """Every chunk of which it is certain that another follows; to be iterated to the end."""
        view = memoryview(data)
        while len(self._waiting) + len(view) > CHUNK:
            room = CHUNK - len(self._waiting)
            whole = self._waiting + view[:room] if self._waiting else view[:room]
            yield self._sealing.seal(self._number, False, whole)
            self._waiting, view, self._number = b"", view[room:], self._number + 1
        self._waiting += view

    def finish(self) -> bytes:
        """The last chunk; there is always one, if only an empty one."""
        return self._sealing.seal(self._number, True, self._waiting)


class EncryptingWriter(io.RawIOBase):
    """A file object for those who want to write into one (Parquet). Closing ends the file; it does not sync it."""

    def __init__(self, out: BinaryIO, encryptor: Encryptor) -> None:
        self._out, self._encryptor, self._size = out, encryptor, 0
        out.write(bytes(encryptor.header))

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whatever has a buffer
        piece = memoryview(data).cast("B")
        self._out.writelines(self._encryptor.feed(piece))
        self._size += piece.nbytes
        return piece.nbytes

    def tell(self) -> int:
        return self._size

    def close(self) -> None:
        if not self.closed:
            self._out.write(self._encryptor.finish())
            self._out.close()
        super().close()


class DecryptingReader(io.RawIOBase):
    """The plain bytes, from any place, chunk by chunk. FileDamaged before a byte that nothing vouches for."""

    def __init__(self, stream: BinaryIO, header: Header, key: bytes, label: str) -> None:
        self._stream, self._where, self._chunk = stream, label, header.chunk
        self._sealing = _Sealing(header, key, label)
        self._start = stream.tell()
        sealed = stream.seek(0, os.SEEK_END) - self._start
        self._last = max(-(-sealed // (self._chunk + TAG)) - 1, 0)
        self._size = sealed - (self._last + 1) * TAG
        self._at, self._held, self._number = 0, b"", -1
        self._fetch(self._last)  # a file that was cut short has no last chunk: say so before anything is read

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence], 0)
        return self._at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # whatever has a buffer
        """Fills `target` whole unless the end has come: Arrow takes a short read for a broken file."""
        view = memoryview(target).cast("B")
        done, want = 0, min(len(view), max(self._size - self._at, 0))
        while done < want:
            number, offset = divmod(self._at, self._chunk)
            piece = self._fetch(number)[offset : offset + want - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _fetch(self, number: int) -> bytes:
        if number != self._number:
            self._stream.seek(self._start + number * (self._chunk + TAG))
            try:
                self._held = self._sealing.open(number, number == self._last, self._stream.read(self._chunk + TAG))
            except (InvalidTag, ValueError):
                raise FileDamaged(
                    f"chunk {number} of {self._last + 1} was changed, cut off, or is another file's",
                    where=self._where,
                    remedy="restore the file from the backup",
                ) from None
            self._number = number
        return self._held

    def close(self) -> None:
        self._stream.close()
        super().close()
