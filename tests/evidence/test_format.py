"""The format, as docs/evidence.md tells it: a verifier written from the page alone, and bundles made long ago.

`golden/` was made on 2026-11-25: four nights, a key exchanged in the second, Ed25519 and SM2 together in the fourth. It
is never made anew: what was given to an auditor once must be provable for good.
"""

import hashlib
import io
import json
import zipfile
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence.verify import check, holds
from tests.evidence.chain import KEYS, name

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("file", "left_out"), [("bundle.zip", 0), ("one-record.zip", 4)])
def test_old_bundles_still_verify(file, left_out):
    findings = check((GOLDEN / file).read_bytes(), (GOLDEN / "first.key").read_text().split())
    assert holds(findings)
    assert sum(finding.holds is None for finding in findings) == left_out
    assert "Ed25519 + SM2" in findings[8].chinese
    assert "handed over" in findings[10].english


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def tree(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, by its definition."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1", tree(leaves[:half]), tree(leaves[half:]))


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root by the path, from the definition in 2.1.3.1."""
    if size == 1:
        assert path == []
        return leaf
    half = 1
    while half * 2 < size:
        half *= 2
    if index < half:
        return sha256(b"\1", climb(leaf, index, half, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], climb(leaf, index - half, size - half, path[:-1]))


def second_opinion(raw: bytes, trusted: str) -> None:
    """Raises unless request, receipt, members, proof and the trusted key's signature fit together (SHA-256 only)."""
    files = {n: zipfile.ZipFile(io.BytesIO(raw)).read(n) for n in zipfile.ZipFile(io.BytesIO(raw)).namelist()}
    said = json.loads(files["statement.json"])
    assert sha256(files["request.bin"]).hex() == said["request"]["sha256"]
    for number, receipt in enumerate(said["receipts"], 1):
        assert sha256(files[f"receipts/{number:03d}.bin"]).hex() == receipt["sha256"]
    leaves = []
    for row, line in zip(
        map(json.loads, files["members.jsonl"].splitlines()), files["request.bin"].splitlines(), strict=True
    ):
        text = json.dumps(row["member"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        leaves.append(sha256(b"\0", bytes.fromhex(row["salt"]), text, b"\n", line))
    assert tree(leaves).hex() == said["members"]["sha256"]
    text, signatures = files["log/checkpoint.note"].split(b"\n\n")
    size, root = int(text.split(b"\n")[1]), b64decode(text.split(b"\n")[2])
    proof = json.loads(files["log/proof.json"])
    path = [bytes.fromhex(value) for value in proof["inclusion"]["sha256"]]
    assert climb(sha256(b"\0", files["statement.json"]), proof["index"], size, path) == root
    origin, identity, material = trusted.split("+", 2)
    assert f"\nkey {trusted}\n".encode() in text + b"\n"
    for line in signatures.decode().splitlines():
        signature = b64decode(line.split(" ")[2])
        if line.split(" ")[1] == origin and signature[:4].hex() == identity:
            Ed25519PublicKey.from_public_bytes(b64decode(material)[1:]).verify(signature[4:], text + b"\n")
            return
    raise AssertionError("not signed by the trusted key")


def test_a_verifier_written_from_the_page_agrees(chain):
    for number in range(1, 9):
        second_opinion(chain.bundle(name(number)), chain.trust[0])


def test_and_it_disagrees_with_forgeries(chain, bundle):
    """The test of the test: the second opinion is not a yes to everything."""
    for old, new in ((b"accepted", b"rejected"), ("某人".encode(), "别人".encode()), (b'"index":4', b'"index":3')):
        assert old in bundle
        with pytest.raises((AssertionError, zipfile.BadZipFile)):
            second_opinion(bundle.replace(old, new), chain.trust[0])
    with pytest.raises((AssertionError, InvalidSignature)):
        second_opinion(bundle, (GOLDEN / "first.key").read_text().strip())
    assert KEYS[0].encode() in bundle
