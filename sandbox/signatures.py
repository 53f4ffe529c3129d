"""Owns the signed headers of the national exchange platform, as the server checks them."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HEADER_RID, HEADER_SID = "gjgxjhpt_rid", "gjgxjhpt_sid"
HEADER_TIME, HEADER_SIGN = "gjgxjhpt_rtime", "gjgxjhpt_sign"
TOLERANCE_MS = 10 * 60 * 1000


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def sign(key: str, sid: str, rid: str, rtime: str) -> str:
    """Base64 of HMAC-SHA256 over sid + rid + rtime."""
    digest = hmac.new(key.encode(), (sid + rid + rtime).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signed_headers(key: str, sid: str, rid: str) -> dict[str, str]:
    """What a well-behaved client sends; for tests and trials by hand."""
    rtime = str(now_ms())
    return {HEADER_RID: rid, HEADER_SID: sid, HEADER_TIME: rtime, HEADER_SIGN: sign(key, sid, rid, rtime)}


def refusal(headers: Mapping[str, str], key: str, sid: str, rid: str) -> str | None:
    """Why these headers are not accepted, or None when they are."""
    rtime = headers.get(HEADER_TIME) or ""
    if headers.get(HEADER_RID) != rid or headers.get(HEADER_SID) != sid:
        return "请求者或服务标识不正确"
    if not rtime.isdigit() or abs(now_ms() - int(rtime)) > TOLERANCE_MS:
        return "请求时间超出允许范围"
    if not hmac.compare_digest(sign(key, sid, rid, rtime).encode(), (headers.get(HEADER_SIGN) or "").encode()):
        return "签名不正确"
    return None


def encrypted_secret(secret: str, app_key: str) -> str:
    """The secret as the platform hands it out: AES/ECB/PKCS5 under SHA1(SHA1(app key))[:16], Base64."""
    key = hashlib.sha1(hashlib.sha1(app_key.encode()).digest()).digest()[:16]  # noqa: S324 - the platform's own scheme
    padder = padding.PKCS7(128).padder()
    block = padder.update(secret.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the platform's own scheme
    return base64.b64encode(encryptor.update(block) + encryptor.finalize()).decode()
