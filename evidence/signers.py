"""Who signs the checkpoints: Ed25519 keys in files, and whatever signs SM2 (a device's or a cipher machine's program).

A key is written as C2SP's signed notes write it: `<name>+<id>+<base64 of type and key>`; type 1 is Ed25519, ours for
SM2 is 0xff "sm2-sm3" and the point 04 ‖ x ‖ y. Private keys are files of mode 0600 and never leave their folder.
"""

import base64
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from evidence.files import EvidenceError, sync_folder, write_new
from evidence.notes import SM2_TYPE, key_id
from evidence.sm2 import sm2_holds


class Signer(Protocol):
    """`material`: the type and the public key; `sign`: the signature in the form the notes keep."""

    @property
    def material(self) -> bytes: ...

    def sign(self, text: bytes) -> bytes: ...


@dataclass(frozen=True)
class FileKey:
    """An Ed25519 key in a PEM file."""

    path: Path
    private: Ed25519PrivateKey

    @classmethod
    def load(cls, path: Path) -> "FileKey":
        """Raises EvidenceError when the file is no Ed25519 key, or others may read it."""
        if path.stat().st_mode & 0o077:
            raise EvidenceError("others may read this private key", path.name, f"chmod 600 {path.name}")
        try:
            private = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError):
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            raise EvidenceError("is no Ed25519 private key without a password", path.name, "restore it from the backup")
        return cls(path, private)

    @property
    def material(self) -> bytes:
        return b"\1" + self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


@dataclass(frozen=True)
class CommandKey:
    """An SM2 key behind a program: the text on its standard input, the signature on its standard output.

    `public`: 04 ‖ x ‖ y. `encoding`: "der" or "raw" (r ‖ s). The user id is GM/T 0009's 1234567812345678.
    """

    public: bytes
    command: Sequence[str]
    encoding: str = "der"

    @property
    def material(self) -> bytes:
        return SM2_TYPE + self.public

    def sign(self, text: bytes) -> bytes:
        """Raises EvidenceError when the program fails, or signs otherwise than it should: it is checked each time."""
        where = "keys/signer.yaml: command"
        try:
            done = subprocess.run(self.command, input=text, capture_output=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EvidenceError(f"cannot be run ({type(error).__name__})", where, "try it by hand") from None
        if done.returncode:
            raise EvidenceError(f"ended with status {done.returncode}", where, "try it by hand")
        try:
            raw = done.stdout if self.encoding == "raw" else _raw(done.stdout)
        except (ValueError, OverflowError):
            raw = b""
        if not sm2_holds(self.public, text, raw):
            remedy = "compare public key, encoding and user id (1234567812345678) with the device's"
            raise EvidenceError("its signature does not hold", where, remedy)
        return raw


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def file_keys(folder: Path) -> list[FileKey]:
    """Every Ed25519 key of a folder, the oldest first."""
    return [FileKey.load(path) for path in sorted(folder.glob("*.pem"))]


def new_file_key(folder: Path) -> FileKey:
    """Make a key, under the next free number, that only its owner may read."""
    taken = [int(path.stem) for path in folder.glob("*.pem") if path.stem.isdigit()]
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{max(taken, default=0) + 1:04d}.pem"
    write_new(path, pem, 0o600)
    return FileKey.load(path)


def forget(key: FileKey) -> None:
    """Destroy a private key that has handed over."""
    key.path.unlink()
    sync_folder(key.path.parent)


def public_text(name: str, material: bytes) -> str:
    """A public key as it is published and trusted."""
    return f"{name}+{key_id(name, material).hex()}+{base64.b64encode(material).decode()}"
