"""Hashes, Merkle trees and proofs as the verifier reckons them: RFC 9162, section 2.1, under SHA-256 and SM3.

Part of the verifier: nothing here imports anything of ours (evidence/single.py makes one file of it).
"""

import hashlib
import json
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes

HASHES = ("sha256", "sm3")


class Broken(Exception):
    """Something does not hold; the arguments say what, in Chinese and in English."""


class NotShown(Exception):
    """The bundle leaves this part out on purpose."""


def demand(holds: object, chinese: str, english: str) -> None:
    if not holds:
        raise Broken(chinese, english)


def digest(name: str, data: bytes) -> bytes:
    """SHA-256 or SM3 (GB/T 32905); not every OpenSSL brings SM3 to hashlib."""
    try:
        return hashlib.new(name, data).digest()
    except ValueError:
        if name != "sm3":
            raise
        state = hashes.Hash(hashes.SM3())
        state.update(data)
        return state.finalize()


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: object) -> bytes:
    """JSON as RFC 8785 writes it, for values made of texts and whole numbers under ASCII names."""
    return _ENCODER.encode(value).encode()


def node(name: str, left: bytes, right: bytes) -> bytes:
    return digest(name, b"\1" + left + right)


def root(name: str, leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes. An odd one out moves up a level, which gives RFC 9162's tree."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [node(name, a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0] if level else digest(name, b"")


def inclusion_root(name: str, index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that a path from a leaf leads to (2.1.3.2); None when the path has the wrong length."""
    low, high, value = index, size - 1, leaf
    for sibling in path:
        if high <= 0:
            return None
        if low & 1 or low == high:
            value = node(name, sibling, value)
            while low and not low & 1:
                low, high = low >> 1, high >> 1
        else:
            value = node(name, value, sibling)
        low, high = low >> 1, high >> 1
    return value if high == 0 <= index < size else None


def consistent(name: str, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the newer tree continues the older one (2.1.4.2)."""
    if old == new or old == 0:
        return not proof and (old == 0 or old_root == new_root) and old <= new
    if old > new or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    low, high = old - 1, new - 1
    while low & 1:
        low, high = low >> 1, high >> 1
    before = after = path[0]
    for value in path[1:]:
        if high == 0:
            return False
        if low & 1 or low == high:
            before, after = node(name, value, before), node(name, value, after)
            while low and not low & 1:
                low, high = low >> 1, high >> 1
        else:
            after = node(name, after, value)
        low, high = low >> 1, high >> 1
    return before == old_root and after == new_root and high == 0
