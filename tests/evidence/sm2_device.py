"""Stands for a UKey or cipher machine: signs what comes in by SM2. A program of its own, as a real one would be.

python sm2_device.py PRIVATE-KEY-HEX der|raw [USER-ID]      text on standard input, signature on standard output
"""

import secrets
import sys

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from evidence import sm2
from evidence.proofs import digest


def public(private: int) -> bytes:
    point = sm2.times(private, sm2.G)
    assert point is not None
    return b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def sign(private: int, text: bytes, user: bytes = b"1234567812345678") -> bytes:
    """GB/T 32918.2, section 6: r ‖ s."""
    curve = b"".join(number.to_bytes(32, "big") for number in (sm2.A, sm2.B, *sm2.G))
    z = digest("sm3", (8 * len(user)).to_bytes(2, "big") + user + curve + public(private)[1:])
    e = int.from_bytes(digest("sm3", z + text), "big")
    k = secrets.randbelow(sm2.N - 1) + 1
    point = sm2.times(k, sm2.G)
    assert point is not None
    r = (e + point[0]) % sm2.N
    s = pow(1 + private, -1, sm2.N) * (k - r * private) % sm2.N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


if __name__ == "__main__":
    raw = sign(int(sys.argv[1], 16), sys.stdin.buffer.read(), *(word.encode() for word in sys.argv[3:]))
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    sys.stdout.buffer.write(raw if sys.argv[2] == "raw" else encode_dss_signature(r, s))
