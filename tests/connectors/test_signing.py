"""Signatures against answers computed by the openssl program, and the life of a fetched secret."""

import subprocess
from typing import Any

import pytest

from connectors import signing
from connectors.signing import Signer, decrypt_secret, platform_headers
from schemas.errors import SourceRefused


def openssl(script: str) -> str:
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def encrypted(secret: str, app_key: str) -> str:
    key = openssl(f"printf %s '{app_key}' | openssl sha1 -binary | openssl sha1 -r | cut -c1-32")
    return openssl(f"printf %s '{secret}' | openssl enc -aes-128-ecb -K {key} | base64 -w0")


def test_the_national_signature_is_openssls() -> None:
    expected = openssl("printf %s 'sidrid1700000000000' | openssl dgst -sha256 -hmac 'k e y' -binary | base64 -w0")
    assert platform_headers("k e y", "rid", "sid", 1_700_000_000_000) == {
        "gjgxjhpt_rid": "rid", "gjgxjhpt_sid": "sid", "gjgxjhpt_rtime": "1700000000000", "gjgxjhpt_sign": expected,
    }  # fmt: skip


def test_the_secret_opens_with_the_app_key_only() -> None:
    assert decrypt_secret(encrypted("the secret", "app-key"), "app-key") == "the secret"
    for wrong in (encrypted("the secret", "other"), "no base64!", "", "YWJj"):
        with pytest.raises(SourceRefused):
            decrypt_secret(wrong, "app-key")


def test_shandong_and_the_city_sign_as_openssl_does() -> None:
    sd = Signer({"scheme": "sd", "client_id": "c1", "secret": "s"}).headers("")
    message = sd["X-Client-Id"] + sd["X-Timestamp"] + sd["X-Nonce"]
    assert sd["X-Signature"] == openssl(f"printf %s '{message}' | openssl dgst -sha256 -hmac s -binary | base64 -w0")
    city = Signer({"scheme": "sha1", "app_key": "a", "secret": "s"}).headers("")
    assert city["signature"] == openssl(f"printf %s 'as{city['timestamp']}' | openssl sha1 -r | cut -d' ' -f1")


def test_a_fetched_secret_is_kept_until_three_minutes_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000]
    monkeypatch.setattr(signing, "now_ms", lambda: now[0])
    fetched: list[str] = []

    def fetch(path: str, headers: dict[str, str]) -> dict[str, Any]:
        fetched.append(path)
        assert headers == platform_headers("app", "rid", "ssid", now[0])
        return {"secret": encrypted(f"secret{len(fetched)}", "app"), "secretEndTime": now[0] + 600_000}

    options = {
        "scheme": "gjgxjhpt",
        "requester": "rid",
        "app_key": "app",
        "secret_path": "/s",
        "secret_service": "ssid",
    }
    signer = Signer(options, fetch)
    for later, secret in ((0, "secret1"), (420_000, "secret1"), (1, "secret2")):
        now[0] += later
        assert signer.headers("sid") == platform_headers(secret, "rid", "sid", now[0])
    assert fetched == ["/s", "/s"]
    assert signer.forget()
    assert not signer.forget()
