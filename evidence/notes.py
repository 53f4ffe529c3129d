"""Signed checkpoints: C2SP signed notes (signed-note, tlog-checkpoint) with our lines after the root.

Part of the verifier: see evidence/single.py.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence.proofs import HASHES, demand, digest
from evidence.sm2 import sm2_holds

NOTE = re.compile(
    r"(?P<origin>guiji/[0-9a-f]{16})\n(?P<size>0|[1-9]\d{0,15})\n(?P<sha256>[\w+/]{43}=)\nsm3 (?P<sm3>[\w+/]{43}=)\n"
    r"number (?P<number>[1-9]\d{0,9})\nprevious (?P<previous>none|[0-9a-f]{64} [0-9a-f]{64})\n"
    r"(?:history (?P<history>[1-9]\d{0,15} [0-9a-f]{64})\n)?time (?P<time>[\d:.T+-]+)\n"
    r"(?P<keys>(?:key \S+\n)+)\n(?P<signatures>(?:— \S+ \S+\n)+)",
    re.ASCII,
)
SM2_TYPE = b"\xffsm2-sm3"


def key_id(name: str, material: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]


@dataclass(frozen=True)
class Note:
    """A signed checkpoint. Raises Broken unless it reads, byte for byte, as we write notes."""

    raw: bytes

    @cached_property
    def parts(self) -> dict[str, str]:
        match = NOTE.fullmatch(self.raw.decode("utf-8", "replace"))
        demand(match, "检查点格式不对", "the checkpoint is not in its form")
        assert match is not None
        return match.groupdict()

    @property
    def number(self) -> int:
        return int(self.parts["number"])

    @property
    def size(self) -> int:
        return int(self.parts["size"])

    @property
    def digests(self) -> str:
        """What `previous` of the next checkpoint says of this one."""
        return " ".join(digest(name, self.raw).hex() for name in HASHES)

    def root(self, name: str) -> bytes:
        return unbase64(self.parts[name])

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys that must have signed, named in the signed text itself."""
        return tuple(line[4:] for line in self.parts["keys"].splitlines())

    @property
    def algorithms(self) -> list[str]:
        return ["SM2" if unbase64(key.split("+", 2)[2]).startswith(SM2_TYPE) else "Ed25519" for key in self.keys]

    def check_signatures(self) -> None:
        """Every named key signed, in the order named, and nobody else."""
        text = self.raw[: self.raw.index(b"\n\n") + 1]
        lines = self.parts["signatures"].splitlines()
        demand(
            len(lines) == len(self.keys) == len(set(self.keys)), "签名数目不对", "a signature is missing or too many"
        )
        for line, key in zip(lines, self.keys, strict=True):
            name, identity, encoded = key.split("+", 2)
            material, signature = unbase64(encoded), unbase64(line.split(" ")[2])
            known = key_id(name, material)
            named = identity == known.hex() and line.startswith(f"— {name} ") and name == self.parts["origin"]
            demand(
                named and signature[:4] == known, "签名与所列公钥不符", "a signature is not of the key that is named"
            )
            demand(signed(material, text, signature[4:]), "签名无效", "a signature does not hold")


def signed(material: bytes, text: bytes, signature: bytes) -> bool:
    if material.startswith(SM2_TYPE):
        return sm2_holds(material[len(SM2_TYPE) :], text, signature)
    if material[:1] != b"\1" or len(material) != 33:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(material[1:]).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    demand(base64.b64encode(data).decode() == text, "Base64 不规范", "Base64 is not in its one form")
    return data
