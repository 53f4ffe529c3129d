"""Signing schemes of exchange platforms (交换平台签名), pluggable by name.

gjgxjhpt  national data-sharing platform: four headers, Base64(HMAC-SHA256(secret, sid + rid + rtime)); the secret
          is fetched with a request signed by the app key and comes AES/ECB/PKCS5 encrypted under
          SHA1(SHA1(app_key))[:16] (what Java's SHA1PRNG makes of the app key), or is given directly
sd        data.sd.gov.cn: X-Client-Id, X-Timestamp, X-Nonce, X-Signature = Base64(HmacSHA256(id + ts + nonce))
sha1      a city's reporting API: signature = sha1(appKey + appSecret + timestamp)
none      no signature
"""

import base64
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from schemas.errors import ConfigurationError, SourceRefused
from schemas.nearest import nearest

RENEW_EARLY_MS = 180_000
KEYS = {
    "gjgxjhpt": {"scheme", "requester", "app_key", "secret", "secret_path", "secret_service"},
    "sd": {"scheme", "client_id", "secret"},
    "sha1": {"scheme", "app_key", "secret"},
    "none": {"scheme"},
}


def now_ms() -> int:
    """Milliseconds since 1970, as the platforms want it."""
    return time.time_ns() // 1_000_000


def platform_headers(secret: str, requester: str, service: str, at_ms: int) -> dict[str, str]:
    """The four headers of the national platform."""
    message = f"{service}{requester}{at_ms}".encode()
    sign = base64.b64encode(hmac.new(secret.encode(), message, sha256).digest()).decode()
    return {
        "gjgxjhpt_rid": requester,
        "gjgxjhpt_sid": service,
        "gjgxjhpt_rtime": str(at_ms),
        "gjgxjhpt_sign": sign,
    }


def decrypt_secret(encrypted: str, app_key: str) -> str:
    """The platform's secret in clear. Raises SourceRefused when the app key does not open it."""
    key = sha1(sha1(app_key.encode()).digest()).digest()[:16]  # noqa: S324 - the platform's own scheme
    try:
        cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305 - likewise
        padded = cipher.update(base64.b64decode(encrypted, validate=True)) + cipher.finalize()
        unpadder = PKCS7(128).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")
    except ValueError:
        raise SourceRefused("the platform's secret cannot be opened", remedy="check the app key") from None


@dataclass
class Signer:
    """Makes the headers of one request. `fetch` gets the secret's answer: (path, headers) → JSON object."""

    options: Mapping[str, Any]
    fetch: Callable[[str, dict[str, str]], dict[str, Any]] | None = None
    _secret: str = ""
    _until_ms: int = 0
    _schemes: dict[str, Callable[[str], dict[str, str]]] = field(init=False)

    def __post_init__(self) -> None:
        self._schemes = {"gjgxjhpt": self._platform, "sd": self._sd, "sha1": self._sha1, "none": lambda _: {}}

    def headers(self, service: str) -> dict[str, str]:
        """Fresh for every attempt."""
        return self._schemes[str(self.options["scheme"])](service)

    def _platform(self, service: str) -> dict[str, str]:
        secret = self.options.get("secret") or self._current_secret()
        return platform_headers(str(secret), str(self.options["requester"]), service, now_ms())

    def _current_secret(self) -> str:
        if now_ms() > self._until_ms - RENEW_EARLY_MS:
            assert self.fetch is not None
            key, requester = str(self.options["app_key"]), str(self.options["requester"])
            asked = platform_headers(key, requester, str(self.options.get("secret_service", "secret")), now_ms())
            answer = self.fetch(str(self.options["secret_path"]), asked)
            self._secret = decrypt_secret(str(answer.get("secret", "")), key)
            until = str(answer.get("secretEndTime", ""))
            self._until_ms = int(until) if until.isdecimal() else 0
        return self._secret

    def forget(self) -> bool:
        """Drop a fetched secret before its end. False when there was none: asking again would change nothing."""
        had, self._secret, self._until_ms = bool(self._secret), "", 0
        return had

    def _sd(self, _: str) -> dict[str, str]:
        client, at, nonce = str(self.options["client_id"]), str(now_ms()), uuid.uuid4().hex
        mac = hmac.new(str(self.options["secret"]).encode(), f"{client}{at}{nonce}".encode(), sha256)
        sign = base64.b64encode(mac.digest()).decode()
        return {"X-Client-Id": client, "X-Timestamp": at, "X-Nonce": nonce, "X-Signature": sign}

    def _sha1(self, _: str) -> dict[str, str]:
        key, at = str(self.options["app_key"]), str(now_ms())
        sign = sha1(f"{key}{self.options['secret']}{at}".encode()).hexdigest()  # noqa: S324 - the platform's own scheme
        return {"appKey": key, "timestamp": at, "signature": sign}


def check_signing(options: Any, where: str) -> None:
    """Raises ConfigurationError naming key and remedy."""
    if not isinstance(options, Mapping):
        raise ConfigurationError(
            "is no list of keys", where=f"{where}: signing", remedy=f"write scheme: {' | '.join(KEYS)}"
        )
    scheme = str(options.get("scheme", ""))
    if scheme not in KEYS:
        raise ConfigurationError(
            f"signing scheme {scheme or '(none given)'} does not exist",
            where=f"{where}: signing.scheme",
            remedy=nearest(scheme, list(KEYS)),
        )
    for key in options:
        if key not in KEYS[scheme]:
            raise ConfigurationError(
                f"{key} is no key of {scheme}", where=f"{where}: signing", remedy=nearest(key, sorted(KEYS[scheme]))
            )
    fetched = scheme == "gjgxjhpt" and "secret" not in options
    needed = {"gjgxjhpt": {"requester", "secret"}, "sd": {"client_id", "secret"}, "sha1": {"app_key", "secret"}}
    if fetched:
        needed["gjgxjhpt"] = {"requester", "app_key", "secret_path"}
    for key in sorted(needed.get(scheme, set()) - set(options)):
        raise ConfigurationError(
            f"{key} is missing",
            where=f"{where}: signing",
            remedy="give the secret, or app_key and secret_path to fetch it",
        )
