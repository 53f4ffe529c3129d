"""Who signs this installation's checkpoints.

keys/signing/0001.pem       an Ed25519 key, made at the first checkpoint
keys/signing/signer.yaml    a program that signs by SM2, beside it or in its place
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evidence.files import EvidenceError
from evidence.signers import CommandKey, Signer, file_keys, new_file_key

KEYS = {"algorithm", "public", "command", "encoding"}


def open_signers(folder: Path, first: bool) -> list[Signer]:
    """Everyone who signs. The first key is made here, for the first checkpoint; later ones only by a rotation.

    Raises EvidenceError when there is none, or one that cannot be used.
    """
    signers: list[Signer] = [*file_keys(folder), *programs(folder)]
    if not signers and first:
        signers = [new_file_key(folder)]
    if not signers:
        raise EvidenceError("the signing key is gone", "keys/signing", "restore it, or guiji checkpoint --new-key")
    return signers


def programs(folder: Path) -> list[CommandKey]:
    """The program that signer.yaml names, if there is one."""
    path = folder / "signer.yaml"
    if not path.is_file():
        return []
    try:
        return [_program(yaml.safe_load(path.read_text(encoding="utf-8")))]
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        raise EvidenceError(
            "is not {algorithm: sm2, public: 04…, command: […], encoding: der or raw}",
            "keys/signing/signer.yaml",
            "see docs/evidence.md",
        ) from None


def _program(told: Mapping[str, Any]) -> CommandKey:
    public, encoding, command = bytes.fromhex(told["public"]), told.get("encoding", "der"), told["command"]
    fits = told["algorithm"] == "sm2" and len(public) == 65 and public[0] == 4 and encoding in ("der", "raw")
    if not fits or not isinstance(command, list) or set(told) - KEYS:
        raise ValueError
    return CommandKey(public, [str(word) for word in command], encoding)
