"""SM2 signatures (GB/T 32918.2), verification only: no library in the lock has them.

A verifier handles nothing but public values, so plain integers will do. Signing is left to a device or program
(signers.py). Part of the verifier: see evidence/single.py.
"""

from evidence.proofs import digest

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None


def add(p: Point, q: Point) -> Point:
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    slope = (3 * p[0] ** 2 + A) * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(factor: int, point: Point) -> Point:
    total: Point = None
    for bit in bin(factor)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def sm2_digest(key: bytes, message: bytes) -> int:
    """e = SM3(Z ‖ message), Z over the user id 1234567812345678, the curve and the key (GB/T 32918.2, 5.5)."""
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    return int.from_bytes(digest("sm3", digest("sm3", b"\x00\x80" + b"1234567812345678" + curve + key[1:]) + message))


def sm2_holds(key: bytes, message: bytes, signature: bytes) -> bool:
    """SM2 (GB/T 32918.2, section 7): key 04 ‖ x ‖ y, signature r ‖ s. Only public values, so plain integers will do."""
    x, y = int.from_bytes(key[1:33]), int.from_bytes(key[33:])
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if len(key) != 65 or key[0] != 4 or max(x, y) >= P or (y * y - x**3 - A * x - B) % P or len(signature) != 64:
        return False
    t = (r + s) % N
    point = add(times(s, G), times(t, (x, y))) if 0 < r < N and 0 < s < N and t else None
    return point is not None and (sm2_digest(key, message) + point[0]) % N == r
