"""Keys: made for nobody else's eyes, exchanged with a handover; SM2 through a program that is checked each time."""

import os
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence.container import unpack
from evidence.files import EvidenceError
from evidence.signers import CommandKey, FileKey, file_keys, forget, new_file_key
from evidence.verify import check, holds
from tests.evidence.chain import Chain, name
from tests.evidence.sm2_device import public

PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8  # GB/T 32918.5-2017, annex A
OTHER = generate_private_key(SECP256R1())
ROOT = Path(__file__).parents[2]


def device(encoding: str, *more: str, said: str | None = None) -> CommandKey:
    program = [sys.executable, "-m", "tests.evidence.sm2_device", f"{PRIVATE:x}", encoding, *more]
    return CommandKey(public(PRIVATE), program, said or encoding)


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """The device is started as a module of this checkout."""
    monkeypatch.chdir(ROOT)


def test_a_new_key_is_only_its_owners(tmp_path):
    first, second = new_file_key(tmp_path / "keys"), new_file_key(tmp_path / "keys")
    assert [path.name for path in sorted((tmp_path / "keys").iterdir())] == ["0001.pem", "0002.pem"]
    assert {stat.S_IMODE(key.path.stat().st_mode) for key in (first, second)} == {0o600}
    assert [key.material for key in file_keys(tmp_path / "keys")] == [first.material, second.material]
    forget(first)
    assert [key.material for key in file_keys(tmp_path / "keys")] == [second.material]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    os.chmod(new_file_key(tmp_path).path, mode)
    with pytest.raises(EvidenceError, match="others may read"):
        file_keys(tmp_path)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no key",
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
)
def test_what_is_no_key_is_refused(tmp_path, pem):
    path = tmp_path / "0001.pem"
    path.write_bytes(pem)
    path.chmod(0o600)
    with pytest.raises(EvidenceError, match="no Ed25519"):
        FileKey.load(path)


@pytest.mark.parametrize("encoding", ["der", "raw"])
def test_a_chain_signed_by_sm2_alone(tmp_path, encoding):
    made = Chain(tmp_path, [device(encoding)])
    made.night(name(1))
    made.night(name(2))
    findings = check(made.bundle(name(2)), made.trust)
    assert holds(findings)
    assert "SM2" in findings[8].chinese


def test_both_algorithms_sign_one_checkpoint(tmp_path):
    """Either key alone is enough to trust it; a signature taken away is noticed."""
    ours, theirs = new_file_key(tmp_path / "keys"), device("der")
    made = Chain(tmp_path, [ours, theirs])
    made.night(name(1))
    raw = made.bundle(name(1))
    assert "Ed25519 + SM2" in check(raw, made.trust)[8].chinese
    for key in made.trust:
        assert holds(check(raw, [key]))
    note = unpack(raw).files["log/checkpoint.note"]
    assert note.count("— ".encode()) == 2


def test_sm2_takes_over_from_ed25519(tmp_path):
    """Migration: both sign one night, SM2 alone from then on; who knew only the old key goes on trusting."""
    old, new = new_file_key(tmp_path / "keys"), device("der")
    made = Chain(tmp_path, [old])
    made.night(name(1))
    made.night(name(2), signers=[new, old])
    made.night(name(3), signers=[new])
    first = made.log.checkpoints[0].note.keys
    assert made.log.checkpoints[1].note.keys[0] == first[0]  # the one that was known vouches, so it stands first
    assert holds(check(made.bundle(name(3)), first))


@pytest.mark.parametrize(
    ("signer", "words"),
    [
        (device("raw", said="der"), "does not hold"),
        (device("der", said="raw"), "does not hold"),
        (device("der", "ALICE123@YAHOO.COM"), "does not hold"),
        (CommandKey(public(PRIVATE + 1), device("der").command), "does not hold"),
        (CommandKey(public(PRIVATE), ["false"]), "ended with status 1"),
        (CommandKey(public(PRIVATE), ["true"]), "does not hold"),
        (CommandKey(public(PRIVATE), ["no-such-program-here"]), "cannot be run"),
    ],
)
def test_a_device_that_signs_otherwise_is_refused(signer, words):
    with pytest.raises(EvidenceError, match=words):
        signer.sign(b"text")
