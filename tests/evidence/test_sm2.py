"""SM2 signatures: the standard's example, OpenSSL's, and forgeries."""

import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from evidence.notes import SM2_TYPE, key_id, signed
from evidence.sm2 import N, sm2_digest, sm2_holds

# GB/T 32918.5-2017, annex A (the same as GM/T 0003.5-2012): user id 1234567812345678.
KEY = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
E = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
TEXT = b"message digest"
# of OpenSSL 3.0.19
PUBLIC = (
    "046c7f2a69d582b0ea88251e805a97fa749f6315bb68d78a97c28fbe8ea288632ddaabf94f6c2190a424acb6934f92cecf9a"
    "4e9c43372ea13444a47b35b3070702"
)
SIGNATURE = (
    "3045022006cd2cc9cdd6fe4b666abcef490ec45819d5b563b3110c28ea51811b844f4fcc0221009c87c5d6b3f49a329d1514"
    "0b147d06a0adb23a200039aa6de04faf2c109dc3dd"
)


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_the_standards_example():
    assert sm2_digest(KEY, TEXT) == E
    assert sm2_holds(KEY, TEXT, raw(R, S))


@pytest.mark.parametrize(
    "signature",
    [raw(R ^ 1, S), raw(R, S ^ 1), raw(0, S), raw(R, 0), raw(R, N - R), raw(R, N), raw(N, S), raw(S, R), raw(R, S)[:63],
     raw(R, S) + b"\0", b""],
)  # fmt: skip
def test_a_forged_signature(signature):
    assert not sm2_holds(KEY, TEXT, signature)


@pytest.mark.parametrize("key", [KEY[:-1], KEY[:-1] + b"\x14", b"\2" + KEY[1:], b"\4" + b"\xff" * 64, b""])
def test_no_key_of_the_curve(key):
    assert not sm2_holds(key, TEXT, raw(R, S))


def test_another_text():
    assert not sm2_holds(KEY, TEXT + b".", raw(R, S))


def test_a_signature_of_openssl(tmp_path):
    """Made by OpenSSL 3.0.19 (dgst -sm3 -sign, distid 1234567812345678) once; made anew where it is at hand."""
    text = "归集检查点\n".encode()
    fixed = bytes.fromhex(PUBLIC), bytes.fromhex(SIGNATURE)
    for public, der in [fixed, *([openssl(tmp_path, text)] if shutil.which("openssl") else [])]:
        assert sm2_holds(public, text, raw(*decode_dss_signature(der)))
        assert not sm2_holds(public, text[1:], raw(*decode_dss_signature(der)))


def openssl(folder, text: bytes) -> tuple[bytes, bytes]:
    (folder / "text").write_bytes(text)
    key, user = str(folder / "key.pem"), ["-sigopt", "distid:1234567812345678"]

    def run(*words: str) -> bytes:
        return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout

    run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", key)
    public = run("pkey", "-in", key, "-pubout", "-outform", "DER")[-65:]
    return public, run("dgst", "-sm3", "-sign", key, *user, str(folder / "text"))


def test_a_published_signed_note():
    """The example of Go's sumdb/note package: id and signature are reckoned as others reckon them."""
    import base64

    material = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert key_id("PeterNeumann", material).hex() == "c74f20a3"
    assert signature[:4].hex() == "c74f20a3"
    assert signed(material, text, signature[4:])
    assert not signed(material, text + b"\n", signature[4:])
    assert not signed(SM2_TYPE + material[1:], text, signature[4:])
    assert not signed(b"\2" + material[1:], text, signature[4:])
